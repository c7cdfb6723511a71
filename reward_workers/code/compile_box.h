// The box that a compiler works in, whatever it makes. Header only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "reward_workers/sandbox/sandbox_spec.h"

namespace cohort {

constexpr auto kCompileCpu = std::chrono::seconds(30);

// What it leaves as the file `made`, of so many bytes at most, is the run's output; what it says
// goes to errors.
inline SandboxSpec CompileBox(const std::vector<std::string>& command, const std::string& made,
                              uint64_t most) {
  SandboxSpec spec;
  spec.argv = {"/bin/sh", "-c", "\"$@\" >&2 && cat -- \"$0\"", made};
  spec.argv.insert(spec.argv.end(), command.begin(), command.end());
  spec.limits.cpu = kCompileCpu;
  spec.limits.wall = 2 * kCompileCpu;
  spec.limits.memory = 2ULL << 30;
  spec.limits.disk = 4 * most;
  spec.limits.file_size = most;
  spec.limits.output = most;
  return spec;
}

}  // namespace cohort
