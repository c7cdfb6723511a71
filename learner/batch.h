// From assembled groups to what the trainer takes, and the figures that people watch. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "learner/age.h"
#include "learner/group_assembly.h"
#include "learner/ledger.h"
#include "learner/train_batch.h"
#include "learner/versions.h"
#include "libs/config/config.h"
#include "libs/rl/advantages.h"

namespace cohort {

struct PreparedBatch {
  std::vector<TrainGroup> groups;    // in the order of the batch
  std::vector<GroupSignal> signals;  // of each group
  std::vector<GroupEnd> ends;        // what each becomes once the step is done
};

// `version` is the one that the trainer's weights were published under: samples drawn wholly by it
// are on policy. Masked members are out of the loss; so are those of groups that turn out masked.
PreparedBatch PrepareBatch(const std::vector<Group>& batch, uint64_t version,
                           const std::vector<int64_t>& min_group_of_route);

// What a step's samples looked like.
struct BatchFigures {
  uint64_t samples = 0;  // scored
  uint64_t masked = 0;
  uint64_t tokens = 0;  // of completions, scored samples
  double reward = 0;    // means over scored samples
  double correct = 0;
  double length = 0;
  double truncated = 0;  // share that ended by length
  std::map<std::string, double> components;
  double staleness_mean = 0;  // over groups, of their oldest tokens
  uint64_t staleness_max = 0;
  AgeParts age;  // means over scored samples
};

BatchFigures Measure(const std::vector<Group>& batch, const VersionLines& lines, uint64_t version,
                     double now_seconds);

}  // namespace cohort
