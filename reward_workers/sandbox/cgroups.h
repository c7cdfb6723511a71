// Control groups for boxes: version 1 or 2, whichever can be written. Belongs to the launcher.
//
// Groups of version 1 are used again by later boxes, as memory groups take long to vanish: a box
// cannot see its group, and what is counted is counted from where the last box left it. Those of
// version 2 go at once.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "reward_workers/sandbox/mechanisms.h"
#include "reward_workers/sandbox/sandbox_spec.h"

namespace cohort {

// The open files of one box' groups; −1 where there is none. A box' watcher inherits them, reads
// the counters and lets the program join; it cannot name the groups themselves.
struct BoxCgroup {
  ~BoxCgroup();
  BoxCgroup() = default;
  BoxCgroup(const BoxCgroup&) = delete;
  BoxCgroup& operator=(const BoxCgroup&) = delete;

  bool version2 = false;
  std::vector<int> joins;  // "0" written here: whoever writes joins
  int cpu = -1;            // cpuacct.usage, or cpu.stat
  int memory_now = -1;     // usage_in_bytes, or memory.current
  int memory_stat = -1;
  int memory_peak = -1;
  int out_of_memory = -1;  // memory.oom_control, or memory.events
  int process_events = -1;

  // From now on, as the counters stand before the box.
  uint64_t cpu_before = 0;  // nanoseconds
  uint64_t kills_before = 0;
  uint64_t refusals_before = 0;

  uint64_t CpuNanoseconds() const;  // since the start of this box
  uint64_t MemoryHeld() const;      // without files: anonymous and shared memory
  uint64_t MemoryPeak() const;
  uint64_t Kills() const;     // processes killed for memory
  uint64_t Refusals() const;  // forks refused

  // The launcher's part.
  std::vector<std::string> folders;
  std::string memory_folder;
  std::string process_folder;
  uint64_t memory_limit = 0;
  int process_limit = 0;
};

struct CgroupOptions {
  bool use = true;
  std::string folder;  // of version 2; empty: below this process' own
  uid_t owner = 0;     // who will make and write them
};

class CgroupPool {
 public:
  // Finds what can be used and makes the folder that boxes' groups lie in; removes those of
  // launchers that have died. What is missing is told by `mechanisms`.
  explicit CgroupPool(const CgroupOptions& options);
  ~CgroupPool();  // closes only: RemoveCgroupFolder is for the end

  // The three mechanisms of cgroups.
  std::vector<Mechanism> mechanisms() const;
  // Where groups lie, for whoever removes them when the launcher may not.
  const std::vector<std::string>& folders() const { return roots_; }
  // The same folders under other names: this process has changed its root.
  void SeenAs(const std::vector<std::string>& folders);
  bool has(MechanismKind kind) const;

  // Null where there are no cgroups.
  Result<std::unique_ptr<BoxCgroup>> Take(const SandboxLimits& limits);
  void GiveBack(std::unique_ptr<BoxCgroup> box);
  // Removes idle groups. False if some linger: to be tried again.
  bool RemoveIdle();

 private:
  struct Controller {
    std::string folder;  // where boxes' groups are made; empty: cannot be used
    std::string why;     // it cannot
  };
  void FindVersion1(const CgroupOptions& options);
  bool FindVersion2(const CgroupOptions& options);
  Result<std::unique_ptr<BoxCgroup>> Make();
  Status SetLimits(BoxCgroup& box, const SandboxLimits& limits);

  bool version2_ = false;
  Controller memory_, processes_, cpu_;
  std::vector<std::string> roots_;
  std::vector<std::unique_ptr<BoxCgroup>> idle_;
  int made_ = 0;
};

// Removes a folder that a pool made and the groups in it, waiting up to two seconds for those that
// linger.
void RemoveCgroupFolder(const std::string& folder);

}  // namespace cohort
