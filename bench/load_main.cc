// bench-load: drives one system for some seconds and prints what it saw as one line of JSON.
//
//   bench-load broker --endpoint E --window W          closed loop: W tasks of each producer under
//   way bench-load broker --endpoint E --rate R            open loop: R puts a second in all,
//   latencies bench-load relay --endpoint IN --out OUT --window W bench-load echo --endpoint E
//   --rate R
#include <CLI/CLI.hpp>
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
  size_t bytes = 4096;
  uint64_t window = 64;
  uint64_t unanswered = 0;
  double rate = 0;
  RunPlan run;
};

Work BrokerProducer(const Arguments& a, Board& board, size_t index) {
  return [&a, &board, index](zmq::context_t& context) {
    BrokerDriver driver({.endpoint = a.endpoint,
                         .name = "producer-" + std::to_string(index),
                         .body_bytes = a.bytes,
                         .rate = a.rate / static_cast<double>(a.producers)},
                        context, board, board.tallies[index]);
    ProducerPlan plan;
    plan.queue = "bench";
    plan.index = index;
    plan.unanswered = a.unanswered;
    plan.window = a.rate > 0 || a.unanswered > 0 ? 0 : a.window;
    driver.Add(plan);
    return driver.Run();
  };
}

Work BrokerConsumer(const Arguments& a, Board& board, size_t index) {
  return [&a, &board, index](zmq::context_t& context) {
    BrokerDriver driver({.endpoint = a.endpoint, .name = "consumer-" + std::to_string(index)},
                        context, board, board.tallies[a.producers + index]);
    ConsumerPlan plan;
    plan.queue = "bench";
    plan.grant_tasks = 2 * a.window;
    plan.grant_bytes = 2 * a.window * a.bytes;
    driver.Add(plan, Role::kRewardWorker);
    return driver.Run();
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
  app.add_option("--bytes", a.bytes);
  app.add_option("--window", a.window);
  app.add_option("--unanswered", a.unanswered,
                 "puts of each producer without an answer, in place of --window");
  app.add_option("--rate", a.rate);
  app.add_option("--processes", a.run.processes);
  app.add_option("--warm-up", a.run.warm_up_seconds);
  app.add_option("--seconds", a.run.seconds);
  app.add_option("--server", a.run.server, "process whose time and memory are shown");
  CLI11_PARSE(app, argc, argv);

  Board* board = Board::Make();
  std::vector<Work> work;
  for (size_t i = 0; i < a.producers; ++i) {
    if (a.system == "broker") work.push_back(BrokerProducer(a, *board, i));
    if (a.system == "relay") {
      work.push_back([&a, board, i](zmq::context_t& context) {
        return ProduceForRelay(context, a.endpoint, i, a.window, a.bytes, *board,
                               board->tallies[i]);
      });
    }
    if (a.system == "echo") {
      work.push_back([&a, board, i](zmq::context_t& context) {
        return Echo(context, a.endpoint, a.rate / static_cast<double>(a.producers), a.bytes, *board,
                    board->tallies[i]);
      });
    }
  }
  for (size_t i = 0; i < a.consumers && a.system != "echo"; ++i) {
    if (a.system == "broker") {
      work.push_back(BrokerConsumer(a, *board, i));
    } else {
      work.push_back([&a, board, i](zmq::context_t& context) {
        return ConsumeFromRelay(context, a.out, *board, board->tallies[a.producers + i]);
      });
    }
  }
  return RunLoad(*board, a.run, std::move(work));
}

}  // namespace
}  // namespace cohort::bench

int main(int argc, char** argv) { return cohort::bench::Main(argc, argv); }
