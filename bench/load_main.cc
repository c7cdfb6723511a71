// bench-load: drives one system for some seconds and prints what it saw as one line of JSON.
//
//   bench-load broker --endpoint E --window W   closed loop: W tasks of each producer under way
//   bench-load broker --endpoint E --rate R     open loop: R puts a second in all, latencies;
//                                               --beat: what is due goes out so often
//   bench-load relay --endpoint IN --out OUT --window W
//   bench-load echo --endpoint E --rate R
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/load/broker_driver.h"
#include "bench/load/relay_driver.h"
#include "bench/load/run.h"

namespace cohort::bench {
namespace {

struct Arguments {
  std::string system, endpoint, out;
  size_t producers = 8, consumers = 8;
  size_t per_thread = 4;
  size_t bytes = 4096;
  uint64_t window = 64;
  uint64_t unanswered = 0;
  bool singly = false;
  bool bare = false;
  double rate = 0, beat = 0;
  RunPlan run;
};

double RateOf(const Arguments& a, Share share) {
  return a.rate * static_cast<double>(share.count) / static_cast<double>(a.producers);
}
int64_t Nanoseconds(double seconds) { return static_cast<int64_t>(seconds * 1e9); }

Work BrokerProducers(const Arguments& a, Board& board, Share share, Tally& tally) {
  return [&a, &board, share, &tally](zmq::context_t& context) {
    BrokerDriver driver({.endpoint = a.endpoint,
                         .name = "producer-" + std::to_string(share.first),
                         .body_bytes = a.bytes,
                         .bare = a.bare,
                         .rate = RateOf(a, share),
                         .beat = Nanoseconds(a.beat)},
                        context, board, tally);
    for (size_t i = 0; i < share.count; ++i) {
      ProducerPlan plan;
      plan.queue = "bench";
      plan.index = share.first + i;
      plan.unanswered = a.unanswered;
      plan.singly = a.singly;
      plan.window = a.rate > 0 || a.unanswered > 0 ? 0 : a.window;
      driver.Add(plan);
    }
    return driver.Run();
  };
}

Work BrokerConsumers(const Arguments& a, Board& board, Share share, Tally& tally) {
  return [&a, &board, share, &tally](zmq::context_t& context) {
    BrokerDriver driver(
        {.endpoint = a.endpoint, .name = "consumer-" + std::to_string(share.first), .bare = a.bare},
        context, board, tally);
    ConsumerPlan plan;
    plan.queue = "bench";
    plan.grant_tasks = 2 * a.window;
    plan.grant_bytes = 2 * a.window * a.bytes;
    for (size_t i = 0; i < share.count; ++i) driver.Add(plan, Role::kRewardWorker);
    return driver.Run();
  };
}

Work Producers(const Arguments& a, Board& board, Share share, Tally& tally) {
  if (a.system == "broker") return BrokerProducers(a, board, share, tally);
  if (a.system == "relay") {
    return [&a, &board, share, &tally](zmq::context_t& context) {
      return ProduceForRelay(context, a.endpoint, share.first, share.count, a.window, a.bytes,
                             board, tally);
    };
  }
  return [&a, &board, share, &tally](zmq::context_t& context) {
    const EchoLoad load{.count = share.count,
                        .rate = RateOf(a, share),
                        .beat = Nanoseconds(a.beat),
                        .bytes = a.bytes};
    return Echo(context, a.endpoint, load, board, tally);
  };
}

Work Consumers(const Arguments& a, Board& board, Share share, Tally& tally) {
  if (a.system == "broker") return BrokerConsumers(a, board, share, tally);
  return [&a, &board, share, &tally](zmq::context_t& context) {
    return ConsumeFromRelay(context, a.out, share.count, board, tally);
  };
}

int Main(int argc, char** argv) {
  Arguments a;
  CLI::App app{"Drives one system and prints what it saw."};
  app.add_option("system", a.system)->required()->check(CLI::IsMember({"broker", "relay", "echo"}));
  app.add_option("--endpoint", a.endpoint)->required();
  app.add_option("--out", a.out);
  app.add_option("--producers", a.producers);
  app.add_option("--consumers", a.consumers);
  app.add_option("--per-thread", a.per_thread, "producers, or consumers, that one thread drives")
      ->check(CLI::PositiveNumber);
  app.add_option("--bytes", a.bytes);
  app.add_option("--window", a.window);
  CLI::Option* unanswered =
      app.add_option("--unanswered", a.unanswered,
                     "puts of each producer without an answer, in place of --window");
  app.add_flag("--singly", a.singly, "each put in a message of its own");
  app.add_flag("--bare", a.bare, "the broker's clients have plain sockets in place of ZeroMQ's");
  CLI::Option* rate = app.add_option("--rate", a.rate, "puts a second in all: an open loop")
                          ->check(CLI::PositiveNumber)
                          ->excludes(unanswered);
  app.add_option("--beat", a.beat, "seconds: what is due goes out so often, together; 0: at once")
      ->check(CLI::NonNegativeNumber)
      ->needs(rate);
  app.add_option("--processes", a.run.processes);
  app.add_option("--warm-up", a.run.warm_up_seconds);
  app.add_option("--seconds", a.run.seconds);
  app.add_flag_callback(
      "--may-stay", [&a] { a.run.must_finish = false; }, "do not wait for what was sent");
  app.add_option("--server", a.run.server, "process whose time and memory are shown");
  CLI11_PARSE(app, argc, argv);
  if (a.system == "echo" && a.rate <= 0) {
    std::fprintf(stderr, "bench-load: echo needs --rate\n");
    return 2;
  }

  Board* board = Board::Make();
  std::vector<Work> work;
  for (const Share& share : Shares(a.producers, a.per_thread)) {
    work.push_back(Producers(a, *board, share, board->tallies[work.size()]));
  }
  if (a.system == "echo") a.consumers = 0;
  for (const Share& share : Shares(a.consumers, a.per_thread)) {
    work.push_back(Consumers(a, *board, share, board->tallies[work.size()]));
  }
  a.run.sessions = a.producers + a.consumers;
  if (!a.run.must_finish) a.run.drain_seconds = 0;
  return RunLoad(*board, a.run, std::move(work));
}

}  // namespace
}  // namespace cohort::bench

int main(int argc, char** argv) { return cohort::bench::Main(argc, argv); }
