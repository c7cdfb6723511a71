// What a run leaves for people: metrics.jsonl (one record a step), samples.jsonl (one row a
// rollout) and trained.jsonl (which prompts each step of which line of versions ended, for audits).
// Belongs to the learner's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "learner/batch.h"
#include "learner/evaluator.h"
#include "learner/group_assembly.h"
#include "learner/ledger.h"
#include "learner/train_batch.h"
#include "libs/base/clock.h"
#include "libs/config/config.h"
#include "libs/run/json_lines.h"
#include "libs/run/run_directory.h"
#include "libs/tokenizer/tokenizer.h"

namespace cohort {

// Where the learner stands when a record is written.
struct RecordPoint {
  int64_t stage_index = 0;
  std::string stage;  // "sft", "grpo", "eval"
  int64_t step = 0;   // of the stage
  uint64_t version = 0;
};

// Seconds from the last step to this one.
struct StepTimes {
  double all = 0;
  double waited = 0;             // for groups
  double waited_for_broker = 0;  // … part of that: puts were not confirmed, or the broker was away
  std::map<std::string, double> waited_for;  // … part of that: by route whose share was missing
};

// A route's part in a step.
struct RouteStep {
  std::string name;
  uint64_t groups = 0;   // that the step took; of a route that is not trained: that it observed
  uint64_t pending = 0;  // groups under way when it was done
  uint64_t ready = 0;    // … of them complete
};

class RunRecords {
 public:
  static Result<std::unique_ptr<RunRecords>> Open(const RunDirectory& directory,
                                                  const Tokenizer* tokenizer, const Clock* clock);

  Status Stage(const RecordPoint& point, bool begin, int64_t steps);
  // From a checkpoint that was made at `saved_at`: what was recorded between then and now is
  // undone.
  Status Resumed(const RecordPoint& point, double saved_at);
  Status Done();
  Status SftStep(const RecordPoint& point, const StepStats& stats, double seconds);
  Status GrpoStep(const RecordPoint& point, const StepStats& stats, const BatchFigures& figures,
                  const std::vector<GroupSignal>& signals, const Ledger& ledger,
                  const StepTimes& times, const std::vector<RouteStep>& routes);
  Status Evaluation(const EvaluationResult& result, const std::string& stage);
  // The group's samples, with what became of them.
  Status GroupEnded(const RecordPoint& point, const Group& group, const std::string& route,
                    GroupEnd end);
  // The samples that a step trained on, under the version that it made:
  // {"version","parent","step","samples":[ids]}.
  Status Trained(const RecordPoint& point, uint64_t parent, const std::vector<Group>& batch);

 private:
  RunRecords(JsonLinesWriter metrics, JsonLinesWriter samples, JsonLinesWriter trained,
             const Tokenizer* tokenizer, const Clock* clock);
  Status Sample(const RecordPoint& point, const Scored& scored, const std::string& end,
                bool evaluation);

  JsonLinesWriter metrics_;
  JsonLinesWriter samples_;
  JsonLinesWriter trained_;
  const Tokenizer* tokenizer_;
  const Clock* clock_;
};

}  // namespace cohort
