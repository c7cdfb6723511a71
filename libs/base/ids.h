// Names of tasks and processes.
//
// A TaskId is deterministic: a learner that puts a prompt again puts the same task. Prompts and
// their samples share an id but for the index; a rollout and its score share the whole id and
// differ by queue. Zero is never a valid run or space. Values.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace cohort {

// Every route counts its training prompts by itself, in a space of its own (routes from 0, in the
// configuration's order), so that a restarted learner gives the same prompt the same id. Each
// evaluation has a space of its own too.
constexpr uint64_t TrainingSpace(uint32_t route) { return uint64_t{route} + 1; }
constexpr uint64_t EvaluationSpace(uint64_t version) { return (uint64_t{1} << 32) + version; }
constexpr bool IsTrainingSpace(uint64_t space) { return space >= 1 && space < (uint64_t{1} << 32); }

struct TaskId {
  uint64_t run = 0;     // random, names the run
  uint64_t space = 0;   // TrainingSpace(route) or EvaluationSpace(version)
  uint64_t cursor = 0;  // the prompt's place in the order of issue
  uint32_t index = 0;   // 0 is the prompt, 1 … group size its samples

  auto operator<=>(const TaskId&) const = default;
  bool IsPrompt() const { return index == 0; }
  TaskId Prompt() const { return {run, space, cursor, 0}; }
  TaskId Sample(uint32_t sample) const {
    return {run, space, cursor, sample + 1};
  }  // sample from 0

  // "9f3c…/1/42/3": run in hexadecimal, the rest in decimal.
  std::string ToString() const;
  static Result<TaskId> Parse(std::string_view text);
};

// 16 lower-case hexadecimal digits.
std::string Hex(uint64_t value);
Result<uint64_t> ParseHex(std::string_view text);

}  // namespace cohort

template <>
struct std::hash<cohort::TaskId> {
  size_t operator()(const cohort::TaskId& id) const noexcept;
};
