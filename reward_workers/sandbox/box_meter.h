// What the processes of a box have used and hold: from its cgroups, and where there are none from
// samples of /proc. For the box' watcher, which is the first process there.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "reward_workers/sandbox/box.h"

namespace cohort {

class BoxMeter {
 public:
  explicit BoxMeter(const BoxPlan& plan);

  // A look at the box, its processes included.
  void Sample();
  // The last counts, when all have ended.
  void Count();

  // As of the last sample.
  std::chrono::microseconds cpu() const { return cpu_; }
  uint64_t memory() const { return memory_; }
  bool memory_exceeded() const { return memory_exceeded_; }
  // Whether the program ran into these at some sample (or, by a counter, at any time).
  bool disk_full() const { return disk_full_; }
  bool process_refused() const { return process_refused_; }
  bool files_exhausted() const { return files_exhausted_; }
  uint64_t peak_memory() const;

  // Time until the limits could be exceeded or should be looked at again.
  std::chrono::microseconds NextLook() const;

 private:
  void SampleProcesses();
  bool counts_cpu() const { return cgroup_ != nullptr && cgroup_->cpu >= 0; }
  bool counts_memory() const { return cgroup_ != nullptr && cgroup_->memory_stat >= 0; }
  bool counts_processes() const { return cgroup_ != nullptr && cgroup_->process_events >= 0; }

  const SandboxLimits& limits_;
  const BoxCgroup* const cgroup_;
  const int processors_;
  std::chrono::microseconds cpu_{};
  uint64_t memory_ = 0;
  uint64_t peak_ = 0;
  bool memory_exceeded_ = false;
  bool disk_full_ = false;
  bool process_refused_ = false;
  bool files_exhausted_ = false;
};

}  // namespace cohort
