// bench-fleet: a fleet's traffic without its work, printed as one line of JSON.
//
//   bench-fleet --endpoint E --rate R --actors 1000 --workers 4000
// A learner puts prompts; each actor settles its prompt with one rollout, each reward worker its
// rollout with one score, the learner settles that. R counts the tasks of all three stages.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/broker_driver.h"
#include "bench/load/run.h"
#include "libs/messaging/keys.h"

namespace cohort::bench {
namespace {

constexpr size_t kStages = 3;

struct Arguments {
  std::string endpoint;
  std::string keys;
  size_t actors = 1000, workers = 4000, threads = 4;
  size_t bytes = 16 * 1024;
  double rate = 2000;
  RunPlan run;
};

Result<BrokerDriver::Options> DriverOptions(const Arguments& a, Role role,
                                            const std::string& name) {
  BrokerDriver::Options options;
  COHORT_ASSIGN_OR_RETURN(options.keys,
                          LoadClientKeys(a.keys, std::string(RoleName(role)), name, "broker"));
  options.endpoint = a.endpoint;
  options.name = name;
  options.body_bytes = a.bytes;
  return options;
}

Work Learner(const Arguments& a, Board& board, size_t thread) {
  return [&a, &board, thread](zmq::context_t& context) -> Status {
    COHORT_ASSIGN_OR_RETURN(BrokerDriver::Options options,
                            DriverOptions(a, Role::kLearner, "learner"));
    options.rate = a.rate / kStages;
    BrokerDriver driver(options, context, board, board.tallies[thread]);
    ProducerPlan prompts;
    prompts.queue = "prompts.bench";
    prompts.singly = true;
    driver.Add(prompts);
    ConsumerPlan scores;
    scores.queue = "scored.bench";
    scores.grant_tasks = 512;
    scores.grant_bytes = scores.grant_tasks * a.bytes;
    driver.Add(scores, Role::kLearner);
    return driver.Run();
  };
}

Work Consumers(const Arguments& a, Board& board, size_t thread, const std::string& name, Role role,
               size_t count, const std::string& queue, const std::string& children) {
  return [=, &a, &board](zmq::context_t& context) -> Status {
    COHORT_ASSIGN_OR_RETURN(const BrokerDriver::Options options, DriverOptions(a, role, name));
    BrokerDriver driver(options, context, board, board.tallies[thread]);
    ConsumerPlan plan;
    plan.queue = queue;
    plan.children = children;
    plan.grant_tasks = 4;
    plan.grant_bytes = plan.grant_tasks * a.bytes;
    for (size_t i = 0; i < count; ++i) driver.Add(plan, role);
    return driver.Run();
  };
}

int Main(int argc, char** argv) {
  Arguments a;
  CLI::App app{"A fleet's traffic without its work."};
  app.add_option("--endpoint", a.endpoint)->required();
  app.add_option("--keys", a.keys, "folder of CURVE keys");
  app.add_option("--actors", a.actors);
  app.add_option("--workers", a.workers);
  app.add_option("--threads", a.threads, "that drive reward workers");
  app.add_option("--bytes", a.bytes);
  app.add_option("--rate", a.rate);
  app.add_option("--warm-up", a.run.warm_up_seconds);
  app.add_option("--seconds", a.run.seconds);
  app.add_option("--server", a.run.server);
  bool probe = false;
  app.add_flag("--probe", probe,
               "more than can be done is offered: what is not done in the end is no failure");
  CLI11_PARSE(app, argc, argv);

  a.run.must_finish = !probe;
  if (probe) a.run.drain_seconds = 0;

  // Two descriptors to a socket of ZeroMQ's.
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  Board* board = Board::Make();
  std::vector<Work> work = {
      Learner(a, *board, 0),
      Consumers(a, *board, 1, "actors", Role::kActor, a.actors, "prompts.bench", "rollouts.bench")};
  for (size_t i = 0; i < a.threads; ++i) {
    work.push_back(Consumers(a, *board, work.size(), "workers-" + std::to_string(i),
                             Role::kRewardWorker, a.workers / a.threads, "rollouts.bench",
                             "scored.bench"));
  }
  a.run.processes = work.size();
  a.run.sessions = 2 + a.actors + a.workers / a.threads * a.threads;
  return RunLoad(*board, a.run, std::move(work));
}

}  // namespace
}  // namespace cohort::bench

int main(int argc, char** argv) { return cohort::bench::Main(argc, argv); }
