// Held-out evaluation under exactly one version, beside training.
//
// Each row of the evaluation file is a prompt of its own in the version's evaluation space, with
// fixed seeds, so that two evaluations differ by the weights alone. One runs at a time; its tasks
// travel in the first route's queues at a higher priority and are settled as they come (a restarted
// learner cancels what an earlier one began and evaluates anew). No torch, no thread; belongs to
// the learner's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "learner/prompt_source.h"
#include "libs/base/clock.h"
#include "libs/config/config.h"
#include "libs/messaging/broker_client.h"
#include "libs/protocol/types.h"

namespace cohort {

// Where in the run an evaluation belongs.
struct EvaluationPoint {
  int64_t stage_index = 0;
  int64_t step = 0;  // of the stage: 0 is before its first
  auto operator<=>(const EvaluationPoint&) const = default;
};

struct EvaluationResult {
  EvaluationPoint point;
  uint64_t version = 0;
  double pass_at_1 = 0;       // share of scored samples that are correct
  double standard_error = 0;  // of pass_at_1, binomial
  double mean_length = 0;     // tokens, the stop token included
  uint64_t masked = 0;        // samples without a score: counted nowhere above
  double seconds = 0;
  std::vector<std::shared_ptr<const Scored>> samples;  // by row and sample
};

class Evaluator {
 public:
  struct Options {
    uint64_t run = 0;
    EvaluationConfig config;
    std::string route;  // whose queues carry the tasks
    std::vector<std::string> scorers;
    SamplingParams sampling;  // temperature and top_p come from the configuration of the evaluation
    const Clock* clock = nullptr;
    // After which samples that are still missing count as masked.
    Duration deadline = Seconds(600);
  };
  // `first_tag`: puts use tags from there upwards; the caller keeps its own below.
  Evaluator(BrokerClient* broker, PromptSource prompts, Options options, uint64_t first_tag);

  // The version's weights must have been published for evaluation. Not while one is running.
  void Begin(uint64_t version, const EvaluationPoint& point);
  bool running() const { return running_.has_value(); }
  void PutAgain();  // the broker may have lost the tasks
  void OnDelivery(Delivery delivery);
  bool OnAnswer(const Answer& answer);
  // The result, once, when the last sample is in.
  std::optional<EvaluationResult> TakeResult();
  // Rows that have no outcome yet.
  uint64_t missing() const;
  double running_seconds() const;

 private:
  struct Running {
    EvaluationPoint point;
    uint64_t version = 0;
    Time began;
    std::map<std::pair<uint64_t, uint32_t>, std::shared_ptr<const Scored>>
        outcomes;  // null: without a score
  };
  uint64_t Rows() const;
  uint64_t Expected() const;
  void Put(uint64_t row);
  void GiveUpIfOverdue();

  BrokerClient* const broker_;
  const PromptSource prompts_;
  const Options options_;
  const uint64_t first_tag_;
  std::optional<Running> running_;
};

}  // namespace cohort
