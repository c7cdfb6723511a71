// bench-flow: what bad neighbours do to good ones, printed as one line of JSON.
//
//   bench-flow --alone A --alone-server PID --endpoint E --server PID --rate R --queue-bytes B
// Producers and consumers pass tasks through one queue at a fixed rate, in turns through broker A,
// where they are alone, and through broker E beside: a consumer of the same queue that grants
// credit and stops reading, one that grants a byte, a producer that puts ten times as much as its
// queue may hold, and tasks that are held. The turns are short, so that a machine that becomes
// slower does so for both. In the end everything is read: each task that was put must have been
// settled, once.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/broker_driver.h"
#include "bench/load/run.h"

namespace cohort::bench {
namespace {

// Of a turn, in seconds: the load begins, is measured, comes to rest.
constexpr double kBegin = 0.15, kSlice = 0.25, kRest = 0.05;
constexpr size_t kHeldBytes = 300;
constexpr size_t kPerThread = 4;  // producers, or consumers

struct Arguments {
  std::string alone, endpoint;
  size_t producers = 8, consumers = 8;
  size_t bytes = 4096;
  double rate = 10'000;
  size_t turns = 16;
  size_t big_body = 256 * 1024;
  uint64_t queue_bytes = uint64_t{1} << 30;
  size_t held = 20'000;
  pid_t alone_server = 0, server = 0;
};

// Threads by what they do; tallies in the same order.
enum : size_t {
  kGoodProducers = 0,
  kGoodConsumers = 8,
  kBad = 16,
  kBigProducer,
  kBigConsumer,
  kHolders,
  kThreads
};

BrokerDriver::Options Named(const Arguments& a, const std::string& name, size_t bytes) {
  BrokerDriver::Options options;
  options.endpoint = a.endpoint;
  options.name = name;
  options.body_bytes = bytes;
  return options;
}

// Of one thread: `kPerThread` from `first` on.
Work Producers(const Arguments& a, const std::string& endpoint, Board& board, size_t first) {
  return [&a, &endpoint, &board, first](zmq::context_t& context) {
    BrokerDriver::Options options = Named(a, "good-producer-" + std::to_string(first), a.bytes);
    options.endpoint = endpoint;
    options.rate = a.rate * kPerThread / static_cast<double>(a.producers);
    BrokerDriver driver(options, context, board, board.tallies[kGoodProducers + first]);
    ProducerPlan plan;
    plan.queue = "good";
    plan.singly = true;
    for (plan.index = first; plan.index < first + kPerThread; ++plan.index) driver.Add(plan);
    return driver.Run();
  };
}

Work Consumers(const Arguments& a, const std::string& endpoint, Board& board, size_t first) {
  return [&a, &endpoint, &board, first](zmq::context_t& context) {
    BrokerDriver::Options options = Named(a, "good-consumer-" + std::to_string(first), 0);
    options.endpoint = endpoint;
    BrokerDriver driver(options, context, board, board.tallies[kGoodConsumers + first]);
    ConsumerPlan plan;
    plan.queue = "good";
    for (size_t i = 0; i < kPerThread; ++i) driver.Add(plan, Role::kRewardWorker);
    return driver.Run();
  };
}

Work BadConsumers(const Arguments& a, Board& board) {
  return [&a, &board](zmq::context_t& context) {
    BrokerDriver driver(Named(a, "bad-consumer", 0), context, board, board.tallies[kBad]);
    ConsumerPlan stalls;
    stalls.queue = "good";
    stalls.stalls = true;
    stalls.measures = false;
    stalls.grant_tasks = 512;
    driver.Add(stalls, Role::kRewardWorker);
    ConsumerPlan byte;
    byte.queue = "good";
    byte.grant_bytes = 1;
    byte.measures = false;
    driver.Add(byte, Role::kRewardWorker);
    return driver.Run();
  };
}

Work BigProducer(const Arguments& a, Board& board) {
  return [&a, &board](zmq::context_t& context) {
    BrokerDriver driver(Named(a, "big-producer", a.big_body), context, board,
                        board.tallies[kBigProducer]);
    ProducerPlan plan;
    plan.queue = "big";
    plan.index = kMostProducers - 1;
    plan.unanswered = 64;
    plan.bytes = 10 * a.queue_bytes;
    driver.Add(plan);
    return driver.Run();
  };
}

Work BigConsumer(const Arguments& a, Board& board) {
  return [&a, &board](zmq::context_t& context) {
    BrokerDriver driver(Named(a, "big-consumer", 0), context, board, board.tallies[kBigConsumer]);
    ConsumerPlan plan;
    plan.queue = "big";
    plan.grant_bytes = 32 << 20;
    plan.measures = false;
    driver.Add(plan, Role::kRewardWorker);
    return driver.Run();
  };
}

Work Holders(const Arguments& a, Board& board) {
  return [&a, &board](zmq::context_t& context) {
    BrokerDriver driver(Named(a, "holder", kHeldBytes), context, board, board.tallies[kHolders]);
    ProducerPlan puts;
    puts.queue = "held";
    puts.index = kMostProducers - 2;
    puts.unanswered = 1024;
    puts.bytes = a.held * kHeldBytes;
    driver.Add(puts);
    ConsumerPlan holds;
    holds.queue = "held";
    holds.accepts = true;
    holds.measures = false;
    holds.grant_tasks = 1024;
    driver.Add(holds, Role::kLearner);
    return driver.Run();
  };
}

std::vector<Work> Good(const Arguments& a, const std::string& endpoint, Board& board) {
  std::vector<Work> good;
  for (size_t i = 0; i < a.producers; i += kPerThread)
    good.push_back(Producers(a, endpoint, board, i));
  for (size_t i = 0; i < a.consumers; i += kPerThread)
    good.push_back(Consumers(a, endpoint, board, i));
  return good;
}

// What the good ones saw in their turns.
struct Seen {
  std::vector<double> rates, p50, p99;
};

double Middle(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}
double Largest(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}

void MeasureTurn(Board& board, const LoadProcesses& load, Seen& seen) {
  board.paused = false;
  load.Sleep(kBegin);
  for (Tally& tally : board.tallies) tally.latencies.Clear();
  const Totals before = Sum(board, kGoodProducers, kBad + 1);
  const int64_t start = NowNanoseconds();
  board.measuring = true;
  load.Sleep(kSlice);
  board.measuring = false;
  const double took = static_cast<double>(NowNanoseconds() - start) / 1e9;
  const Totals after = Sum(board, kGoodProducers, kBad + 1);
  board.paused = true;
  load.Sleep(kRest);
  seen.rates.push_back(static_cast<double>(after.done - before.done) / took);
  seen.p50.push_back(QuantileMs(board, .5));
  seen.p99.push_back(QuantileMs(board, .99));
}

// One measurement, step by step.
class Flow {
 public:
  explicit Flow(const Arguments& a)
      : a_(a),
        quiet_(*Board::Make()),
        board_(*Board::Make()),
        lone_(Resting(quiet_), /*processes=*/4, Good(a, a.alone, quiet_)),
        load_(Resting(board_), /*processes=*/4, Good(a, a.endpoint, board_)) {}

  void WarmUp();
  // Those of the second broker. False when they do not come to do what they are there for.
  bool AddNeighbours();
  void MeasureInTurns();
  // Everything is read.
  void Finish();
  void Print() const;
  bool Healthy();

 private:
  static Board& Resting(Board& board) {
    board.paused = true;
    return board;
  }
  bool Complain(const char* what) const {
    std::fprintf(stderr, "bench-flow: %s\n", what);
    return false;
  }
  // In the other's turns each side is stopped: it would take up to a tenth of a core. Both are, so
  // that a turn begins alike for both.
  void SignalTheLone(int signal) const;
  void SignalThoseBeside(int signal) const;

  const Arguments& a_;
  Board& quiet_;
  Board& board_;
  LoadProcesses lone_, load_;
  std::optional<LoadProcesses> holders_, bad_, drain_;
  Seen alone_, beside_, filling_;
  double resident_alone_ = 0, resident_held_ = 0, resident_ = 0, most_resident_ = 0;
  Totals all_;
};

void Flow::WarmUp() {
  Seen unused;
  for (int turn = 0; turn < 2; ++turn) {
    MeasureTurn(quiet_, lone_, unused);
    MeasureTurn(board_, load_, unused);
  }
  resident_alone_ = ResidentMiB(a_.server);
}

bool Flow::AddNeighbours() {
  holders_.emplace(board_, 1, std::vector<Work>{Holders(a_, board_)});
  const Tally& held = board_.tallies[kHolders];
  if (!WaitUntil(60, [&] { return held.done >= a_.held; })) return Complain("tasks are not held");
  resident_held_ = ResidentMiB(a_.server);
  bad_.emplace(board_, 2, std::vector<Work>{BadConsumers(a_, board_), BigProducer(a_, board_)});
  const Tally& big = board_.tallies[kBigProducer];
  MeasureTurn(board_, load_, filling_);
  uint64_t confirmed = 0;
  const bool full = WaitUntil(120, [&] {
    load_.Sleep(.5);
    return std::exchange(confirmed, big.confirmed.load()) == big.confirmed;
  });
  return full || Complain("the queue does not fill up");
}

void Flow::SignalTheLone(int signal) const {
  kill(a_.alone_server, signal);
  lone_.Signal(signal);
}

void Flow::SignalThoseBeside(int signal) const {
  kill(a_.server, signal);
  load_.Signal(signal);
  holders_->Signal(signal);
  bad_->Signal(signal);
}

void Flow::MeasureInTurns() {
  for (size_t turn = 0; turn < a_.turns; ++turn) {
    SignalThoseBeside(SIGSTOP);
    SignalTheLone(SIGCONT);
    MeasureTurn(quiet_, lone_, alone_);
    SignalTheLone(SIGSTOP);
    SignalThoseBeside(SIGCONT);
    MeasureTurn(board_, load_, beside_);
  }
  SignalTheLone(SIGCONT);
  most_resident_ = resident_ = ResidentMiB(a_.server);
}

void Flow::Finish() {
  board_.resume = true;
  drain_.emplace(board_, 1, std::vector<Work>{BigConsumer(a_, board_)});
  const Tally& drained = board_.tallies[kBigConsumer];
  const uint64_t big_tasks = 10 * a_.queue_bytes / a_.big_body;
  WaitUntil(300, [&] {
    most_resident_ = std::max(most_resident_, ResidentMiB(a_.server));
    return drained.done >= big_tasks;
  });
  quiet_.sending_over = board_.sending_over = true;
  Totals lonely;
  WaitUntil(20, [&] {
    all_ = Sum(board_, 0, kThreads);
    lonely = Sum(quiet_, 0, kThreads);
    return all_.done >= all_.sent && lonely.done >= lonely.sent;
  });
  all_.sent += lonely.sent;
  all_.done += lonely.done;
  all_.failed += lonely.failed;
}

void Flow::Print() const {
  std::printf(
      "{\"rate_alone\": %.1f, \"rate\": %.1f, \"p50_alone_ms\": %.3f, \"p50_ms\": %.3f, "
      "\"p99_alone_ms\": %.3f, \"p99_ms\": %.3f, "
      "\"worst_alone_ms\": %.3f, \"worst_ms\": %.3f, \"p99_filling_ms\": %.3f, "
      "\"resident_alone_mib\": %.1f, \"resident_held_mib\": %.1f, "
      "\"resident_mib\": %.1f, "
      "\"most_resident_mib\": %.1f, \"sent\": %llu, \"done\": %llu, \"failed\": %llu, "
      "\"redelivered\": %llu, \"big\": %llu}\n",
      Middle(alone_.rates), Middle(beside_.rates), Middle(alone_.p50), Middle(beside_.p50),
      Middle(alone_.p99), Middle(beside_.p99), Largest(alone_.p99), Largest(beside_.p99),
      Largest(filling_.p99), resident_alone_, resident_held_, resident_, most_resident_,
      static_cast<unsigned long long>(all_.sent), static_cast<unsigned long long>(all_.done),
      static_cast<unsigned long long>(all_.failed),
      static_cast<unsigned long long>(all_.redelivered),
      static_cast<unsigned long long>(board_.tallies[kBigConsumer].done));
}

bool Flow::Healthy() {
  return lone_.Healthy() && load_.Healthy() && holders_->Healthy() && bad_->Healthy() &&
         drain_->Healthy();
}

int Main(int argc, char** argv) {
  Arguments a;
  CLI::App app{"What bad neighbours do to good ones."};
  app.add_option("--alone", a.alone)->required();
  app.add_option("--endpoint", a.endpoint)->required();
  app.add_option("--bytes", a.bytes);
  app.add_option("--rate", a.rate);
  app.add_option("--turns", a.turns);
  app.add_option("--queue-bytes", a.queue_bytes);
  app.add_option("--held", a.held);
  app.add_option("--alone-server", a.alone_server)->required();
  app.add_option("--server", a.server)->required();
  CLI11_PARSE(app, argc, argv);

  Flow flow(a);
  flow.WarmUp();
  if (!flow.AddNeighbours()) return 1;
  flow.MeasureInTurns();
  flow.Finish();
  flow.Print();
  return flow.Healthy() ? 0 : 1;
}

}  // namespace
}  // namespace cohort::bench

int main(int argc, char** argv) { return cohort::bench::Main(argc, argv); }
