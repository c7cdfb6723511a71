// The events of the broker, handed to whom they concern: the training flow and the evaluation.
//
// Owns the evaluation of a stage. Belongs to the learner's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "learner/evaluator.h"
#include "learner/group_flow.h"
#include "learner/prompt_source.h"
#include "learner/session.h"

namespace cohort {

// How the stage samples: the configuration's, with the model's stop tokens.
SamplingParams StageSampling(const LearnerSession& session);

// A prompt file, tokenised for this model; `salt` tells the orders of several files apart. Warns of
// gold answers that none of these scorers can read.
Result<PromptSource> LoadPrompts(const LearnerSession& session, const std::string& file,
                                 const std::vector<std::string>& scorers, uint64_t salt);

class FleetLink {
 public:
  // `flow` may be null: a stage that only evaluates.
  FleetLink(LearnerSession& session, GroupFlow* flow) : session_(session), flow_(flow) {}

  // Loads the evaluation, subscribes to the scored queues of all routes, and cancels the evaluation
  // that an earlier life left behind. Before anything is published.
  Status Start();
  // Handles events for at most `timeout`; results of finished evaluations go on record. A broker
  // that refuses us for good is an error.
  Status Pump(Duration timeout);

  // Before the first step, after the last, every so many between; not twice, and not while another
  // is running.
  bool EvaluationDue(const EvaluationPoint& point, int64_t steps) const;
  void BeginEvaluation(uint64_t version, const EvaluationPoint& point);
  bool EvaluationRunning() const { return evaluator_ && evaluator_->running(); }
  void AddStatus(StatusReport& status) const;

 private:
  Status LoadEvaluation();
  Status Handle(BrokerEvent event);
  Status TakeEvaluationResult();

  LearnerSession& session_;
  GroupFlow* const flow_;
  std::unique_ptr<Evaluator> evaluator_;
};

}  // namespace cohort
