// bench-rewards: rollouts for reward workers, and what became of them, printed as one line of JSON.
//
//   bench-rewards --endpoint E --tokenizer DIR --in-flight 1000 --warm-up 5 --seconds 20
// Plays the learner and one actor: puts prompts, settles each with one rollout, takes the scores.
// It keeps so many rollouts under way; at the end it waits until every rollout that it put has its
// outcome, and counts what came twice.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/messaging/broker_client.h"
#include "libs/protocol/codec.h"
#include "libs/tokenizer/tokenizer.h"

namespace cohort::bench {
namespace {

struct Arguments {
  std::string endpoint;
  std::string tokenizer;
  std::string route = "parity";
  std::string scorer = "mine";
  std::vector<std::string> completions = {"0"};
  std::string truth = "1";
  size_t in_flight = 1000;
  size_t rollouts = 0;  // in all; 0: by time
  double warm_up = 5;
  double seconds = 20;
  double patience = 60;      // for the last outcomes
  std::string until_exists;  // a file that ends the time early; empty: none
};

class Traffic {
 public:
  Traffic(const Arguments& arguments, const Tokenizer& tokenizer, const Clock& clock,
          BrokerClient& learner, BrokerClient& actor)
      : arguments_(arguments), clock_(clock), learner_(learner), actor_(actor) {
    for (const std::string& text : arguments.completions)
      completions_.push_back(tokenizer.Encode(text));
    learner_.Subscribe(ScoredQueue(arguments_.route));
    learner_.Grant(ScoredQueue(arguments_.route), 4096, 256 << 20);
    actor_.Subscribe(PromptQueue(arguments_.route));
    actor_.Grant(PromptQueue(arguments_.route), 4096, 256 << 20);
    run_ = static_cast<uint64_t>(getpid()) + 1;
  }

  int Run() {
    const Time begin = clock_.Now();
    const Time from = begin + Seconds(arguments_.warm_up);
    const Time until = from + Seconds(arguments_.seconds);
    const auto more = [&] {
      if (!arguments_.until_exists.empty() && access(arguments_.until_exists.c_str(), F_OK) == 0) {
        return false;
      }
      return arguments_.rollouts > 0 ? put_ < arguments_.rollouts : clock_.Now() < until;
    };
    Time last_outcome = begin;
    size_t measured = 0;
    while (more() ||
           (!open_.empty() && clock_.Now() - last_outcome < Seconds(arguments_.patience))) {
      while (more() && open_.size() < arguments_.in_flight) Put();
      TakePrompts();
      const size_t outcomes = TakeScores();
      const Time now = clock_.Now();
      if (outcomes > 0) last_outcome = now;
      if (now >= from && now < until) measured += outcomes;
    }
    nlohmann::json report = {{"put", put_},         {"missing", open_.size()},
                             {"doubled", doubled_}, {"unknown", unknown_},
                             {"refused", refused_}, {"outcomes", outcomes_},
                             {"dead", dead_},       {"values", values_}};
    report["per_second"] = static_cast<double>(measured) / arguments_.seconds;
    std::printf("%s\n", report.dump().c_str());
    return open_.empty() && doubled_ == 0 && unknown_ == 0 ? 0 : 1;
  }

 private:
  void Put() {
    Prompt prompt;
    prompt.id = {run_, TrainingSpace(0), put_, 0};
    prompt.route = arguments_.route;
    prompt.tokens = completions_[0];
    prompt.sampling.stop_tokens = {0};
    prompt.scorers = {arguments_.scorer};
    prompt.truth = arguments_.truth;
    NewTask task;
    task.queue = PromptQueue(arguments_.route);
    task.id = prompt.id;
    task.body = Encode(prompt);
    task.results = RolloutQueue(arguments_.route);
    task.obituaries = ScoredQueue(arguments_.route);
    task.children = 1;
    open_.insert(prompt.id);
    ++put_;
    learner_.Put(std::move(task), 0);
  }

  void TakePrompts() {
    for (auto event = actor_.Next(Duration::zero()); event; event = actor_.Next(Duration::zero())) {
      const auto* delivery = std::get_if<Delivery>(&*event);
      if (delivery == nullptr || delivery->obituary) continue;
      Result<Prompt> prompt = DecodePrompt(delivery->body);
      if (!prompt.ok()) {
        ++refused_;
        continue;
      }
      Rollout rollout;
      rollout.tokens = completions_[prompt->id.cursor % completions_.size()];
      rollout.logprobs.assign(rollout.tokens.size(), -1.0F);
      rollout.versions = {{1, static_cast<uint32_t>(rollout.tokens.size())}};
      rollout.actor = "bench";
      rollout.prompt = *std::move(prompt);
      NewTask child;
      child.queue = RolloutQueue(arguments_.route);
      child.id = rollout.id();
      child.body = Encode(rollout);
      child.results = ScoredQueue(arguments_.route);
      child.obituaries = ScoredQueue(arguments_.route);
      child.children = 1;
      actor_.Begin(delivery->token);
      std::vector<NewTask> children;
      children.push_back(std::move(child));
      actor_.Settle(delivery->token, std::move(children), 0);
    }
  }

  size_t TakeScores() {
    size_t taken = 0;
    for (auto event = learner_.Next(std::chrono::milliseconds(1)); event;
         event = learner_.Next(Duration::zero())) {
      const auto* delivery = std::get_if<Delivery>(&*event);
      if (delivery == nullptr) continue;
      learner_.Settle(delivery->token, {}, 0);
      if (delivery->id.run != run_) continue;  // of another one of these
      ++taken;
      if (open_.erase(delivery->id.Prompt()) == 0) {
        ++(done_.contains(delivery->id.Prompt()) ? doubled_ : unknown_);
        continue;
      }
      done_.insert(delivery->id.Prompt());
      if (delivery->obituary) {
        ++dead_;
        continue;
      }
      const Result<Scored> scored = DecodeScored(delivery->body);
      if (!scored.ok()) {
        ++refused_;
        continue;
      }
      ++outcomes_[std::string(OutcomeReasonName(scored->outcome.reason()))];
      if (const std::optional<double> reward = scored->outcome.reward())
        ++values_[std::to_string(*reward)];
    }
    return taken;
  }

  const Arguments& arguments_;
  const Clock& clock_;
  BrokerClient& learner_;
  BrokerClient& actor_;
  std::vector<std::vector<int32_t>> completions_;
  uint64_t run_ = 0;
  size_t put_ = 0;
  std::set<TaskId> open_;
  std::set<TaskId> done_;
  size_t doubled_ = 0;
  size_t unknown_ = 0;
  size_t refused_ = 0;
  size_t dead_ = 0;
  std::map<std::string, size_t> outcomes_;
  std::map<std::string, size_t> values_;
};

Result<int> Run(const Arguments& arguments) {
  const SystemClock clock;
  COHORT_ASSIGN_OR_RETURN(const Tokenizer tokenizer, Tokenizer::Load(arguments.tokenizer));
  COHORT_ASSIGN_OR_RETURN(const auto learner, BrokerClient::Connect({.endpoint = arguments.endpoint,
                                                                     .role = Role::kLearner,
                                                                     .instance = "bench-learner",
                                                                     .clock = &clock}));
  COHORT_ASSIGN_OR_RETURN(const auto actor, BrokerClient::Connect({.endpoint = arguments.endpoint,
                                                                   .role = Role::kActor,
                                                                   .instance = "bench-actor",
                                                                   .clock = &clock}));
  return Traffic(arguments, tokenizer, clock, *learner, *actor).Run();
}

}  // namespace
}  // namespace cohort::bench

int main(int argc, char** argv) {
  CLI::App app("Puts rollouts before reward workers and counts what becomes of them.");
  cohort::bench::Arguments arguments;
  app.add_option("--endpoint", arguments.endpoint, "of the broker")->required();
  app.add_option("--tokenizer", arguments.tokenizer, "folder with tokenizer.json")->required();
  app.add_option("--route", arguments.route, "whose queues")->capture_default_str();
  app.add_option("--scorer", arguments.scorer, "that judges")->capture_default_str();
  app.add_option("--completion", arguments.completions, "texts, in turns")->capture_default_str();
  app.add_option("--truth", arguments.truth, "the gold answer of all")->capture_default_str();
  app.add_option("--in-flight", arguments.in_flight, "rollouts under way")->capture_default_str();
  app.add_option("--rollouts", arguments.rollouts, "in all; 0: by time")->capture_default_str();
  app.add_option("--warm-up", arguments.warm_up, "seconds before it counts")->capture_default_str();
  app.add_option("--seconds", arguments.seconds, "seconds in which it counts")
      ->capture_default_str();
  app.add_option("--until-exists", arguments.until_exists, "stop putting when this file is there");
  app.add_option("--patience", arguments.patience, "seconds without any outcome")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const cohort::Result<int> code = cohort::bench::Run(arguments);
  if (code.ok()) return *code;
  std::fprintf(stderr, "bench-rewards: %s\n", code.status().message().c_str());
  return 2;
}
