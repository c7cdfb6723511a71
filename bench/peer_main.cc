// bench-peer: drives Redis Streams or beanstalkd as bench-load drives the broker, or measures the
// disk by itself.
//
//   bench-peer redis|beanstalkd --socket PATH --window W
//     32 producers with W unanswered puts each, 32 consumers
//   bench-peer disk --file PATH --records N
//     writes N records' bytes (body, two headers) and syncs, again and again
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/beanstalk_driver.h"
#include "bench/load/redis_driver.h"
#include "bench/load/run.h"

namespace cohort::bench {
namespace {

// What the broker's journal writes for a task beside its body: the put's record and the settle's.
constexpr size_t kPutBytes = 288;
constexpr size_t kSettleBytes = 192;
constexpr off_t kFileBytes = off_t{128} << 20;

struct Arguments {
  std::string system, socket, file;
  size_t producers = 32, consumers = 32;
  size_t per_thread = 1;
  size_t bytes = 4096;
  size_t records = 32;
  uint64_t window = 1;
  RunPlan run;
};

// The bare loop: one write and one sync for `records` puts and settles, into space that is
// reserved, as a journal's is.
int MeasureDisk(const Arguments& a) {
  const int file = open(a.file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0 || posix_fallocate(file, 0, kFileBytes) != 0 || fsync(file) != 0) {
    std::fprintf(stderr, "bench-peer: %s: %s\n", a.file.c_str(), std::strerror(errno));
    return 1;
  }
  const std::string batch(a.records * (a.bytes + kPutBytes + kSettleBytes), 'x');
  off_t at = 0;
  uint64_t syncs = 0;
  int64_t start = NowNanoseconds();
  const int64_t warm = start + static_cast<int64_t>(a.run.warm_up_seconds * 1e9);
  const auto limit = warm + static_cast<int64_t>(a.run.seconds * 1e9);
  for (int64_t now = start; now < limit; now = NowNanoseconds()) {
    if (start < warm && now >= warm) {
      start = now;
      syncs = 0;
    }
    if (at + static_cast<off_t>(batch.size()) > kFileBytes) at = 0;
    size_t written = 0;
    while (written < batch.size()) {
      const ssize_t count = pwrite(file, batch.data() + written, batch.size() - written, at);
      if (count <= 0) return 1;
      written += static_cast<size_t>(count);
      at += count;
    }
    if (fdatasync(file) != 0) return 1;
    syncs += 1;
  }
  const double seconds = static_cast<double>(NowNanoseconds() - start) / 1e9;
  std::printf("{\"rate\": %.1f, \"sync_ms\": %.3f}\n",
              static_cast<double>(syncs * a.records) / seconds,
              1e3 * seconds / static_cast<double>(syncs));
  close(file);
  unlink(a.file.c_str());
  return 0;
}

int Main(int argc, char** argv) {
  Arguments a;
  CLI::App app{"Drives a peer of the broker, or the disk."};
  app.add_option("system", a.system)
      ->required()
      ->check(CLI::IsMember({"redis", "beanstalkd", "disk"}));
  app.add_option("--socket", a.socket);
  app.add_option("--file", a.file);
  app.add_option("--producers", a.producers);
  app.add_option("--consumers", a.consumers);
  app.add_option("--per-thread", a.per_thread, "connections that one thread drives (Redis)")
      ->check(CLI::PositiveNumber);
  app.add_option("--bytes", a.bytes);
  app.add_option("--records", a.records);
  app.add_option("--window", a.window);
  app.add_option("--processes", a.run.processes);
  app.add_option("--warm-up", a.run.warm_up_seconds);
  app.add_option("--seconds", a.run.seconds);
  app.add_option("--drain", a.run.drain_seconds);
  app.add_option("--server", a.run.server);
  CLI11_PARSE(app, argc, argv);
  if (a.system == "disk") return MeasureDisk(a);

  a.run.must_finish = false;
  const bool redis = a.system == "redis";
  if (!redis && a.per_thread != 1) {
    std::fprintf(stderr, "bench-peer: a thread drives one connection of beanstalkd\n");
    return 2;
  }
  if (redis) {
    const Status status = MakeRedisGroup(a.socket);
    if (!status.ok()) {
      std::fprintf(stderr, "bench-peer: %s\n", status.ToString().c_str());
      return 1;
    }
  }
  Board* board = Board::Make();
  std::vector<Work> work;
  for (const Share& share : Shares(a.producers, a.per_thread)) {
    work.push_back(
        [&a, board, redis, share, &tally = board->tallies[work.size()]](zmq::context_t&) {
          return redis ? ProduceForRedis(a.socket, share.count, a.window, a.bytes, *board, tally)
                       : ProduceForBeanstalk(a.socket, a.window, a.bytes, *board, tally);
        });
  }
  for (const Share& share : Shares(a.consumers, a.per_thread)) {
    work.push_back([&a, board, redis, share,
                    &tally = board->tallies[work.size()]](zmq::context_t&) {
      return redis
                 ? ConsumeFromRedis(a.socket, share.first, share.count, /*batch=*/64, *board, tally)
                 : ConsumeFromBeanstalk(a.socket, *board, tally);
    });
  }
  return RunLoad(*board, a.run, std::move(work));
}

}  // namespace
}  // namespace cohort::bench

int main(int argc, char** argv) { return cohort::bench::Main(argc, argv); }
