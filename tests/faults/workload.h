// What the processes of the fault harness agree on without talking: a task's body, children and
// fate follow from its id alone.
//
// So whoever holds a body can tell whether it is that of its id, and the checker knows what each
// task must have come to. Producers put prompts, workers turn each into its samples, scorers turn
// each sample into one score, the sink takes the scores. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/messaging/broker_client.h"

namespace cohort::faults {

inline constexpr uint64_t kRun = 0xfa017;
inline constexpr char kPrompts[] = "prompts.q";
inline constexpr char kRollouts[] = "rollouts.q";
inline constexpr char kScored[] = "scored.q";

enum class Stage : uint64_t { kPrompt = 1, kRollout = 2, kScored = 3 };

// The leases under which a body was made: of the worker and of the scorer, zeros where not yet.
struct Authors {
  uint64_t worker_epoch = 0, worker_lease = 0;
  uint64_t scorer_epoch = 0, scorer_lease = 0;
};

// 1 to 3 samples of a prompt.
uint32_t Children(const TaskId& prompt);
// Fails every time, so that it must end as a dead letter. Nothing else may.
bool IsPoisoned(Stage stage, const TaskId& id);
// One task of the stage, ready to be put.
NewTask MakeTask(Stage stage, const TaskId& id, const Authors& authors);
// The authors that the body names; data loss when it is not this id's body to the last byte.
Result<Authors> CheckBody(Stage stage, const TaskId& id, std::string_view body);

}  // namespace cohort::faults
