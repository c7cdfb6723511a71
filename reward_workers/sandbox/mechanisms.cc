#include "reward_workers/sandbox/mechanisms.h"

#include <array>

namespace cohort {
namespace {

struct Entry {
  std::string_view name;
  std::string_view without;
  std::vector<int> attacks;
};

const Entry& EntryOf(MechanismKind kind) {
  static const std::array<Entry, kMechanismKinds> kEntries = {{
      {"namespaces", "no sandbox at all", {}},
      {"system call filter", "no sandbox at all", {}},
      {"base of its own", "no sandbox at all", {}},
      {"disk with a quota", "no sandbox at all", {}},
      {"loopback", "programs cannot use 127.0.0.1", {}},
      {"uid per run",
       "runs share one uid: only namespaces, rights and the filter stand between a program and its "
       "watcher",
       {}},
      {"device files of its own",
       "locks on /dev/null and the other four devices are seen by other runs and by this machine",
       {3}},
      {"base files of its own",
       "locks and watches on the base's files are seen by other runs and by this machine",
       {3}},
      {"/proc of its own", "programs have an empty /proc", {}},
      {"copy-on-write trees", "runs that need a tree which they may change are refused", {}},
      {"memory cgroup",
       "memory is sampled every 10 ms and may overshoot; buffers of pipes and sockets are not "
       "counted; memfd_create and System V IPC are refused",
       {16}},
      {"process cgroup",
       "processes and threads are limited by RLIMIT_NPROC and counted by samples",
       {}},
      {"cpu cgroup",
       "CPU is sampled every 10 ms: what children use that live shorter and that nobody waits for "
       "is "
       "not counted (the wall limit holds)",
       {57}},
  }};
  return kEntries[static_cast<size_t>(kind)];
}

}  // namespace

std::string_view MechanismName(MechanismKind kind) { return EntryOf(kind).name; }
std::string_view WithoutMechanism(MechanismKind kind) { return EntryOf(kind).without; }
std::vector<int> AttacksHeldBy(MechanismKind kind) { return EntryOf(kind).attacks; }
bool IsNeeded(MechanismKind kind) { return kind <= MechanismKind::kDisk; }

SandboxMode ModeOf(const std::vector<Mechanism>& mechanisms) {
  std::array<bool, kMechanismKinds> has = {};
  for (const Mechanism& mechanism : mechanisms) {
    if (static_cast<int>(mechanism.kind) < kMechanismKinds) {
      has[static_cast<size_t>(mechanism.kind)] = mechanism.present;
    }
  }
  const auto both = [&](std::initializer_list<MechanismKind> kinds) {
    bool all = true;
    for (const MechanismKind kind : kinds) all = all && has[static_cast<size_t>(kind)];
    return all;
  };
  using enum MechanismKind;
  return {.own_uid = both({kOwnUid, kOwnDevices}),
          .cgroups = both({kMemoryCgroup, kProcessCgroup, kCpuCgroup}),
          .own_files = both({kOwnBase, kOwnProc, kLoopback})};
}

std::string SandboxMode::Name() const {
  if (Full()) return "full";
  std::string name;
  const auto add = [&](bool present, const char* word) {
    if (!present) name += (name.empty() ? "" : ", ") + std::string(word);
  };
  add(own_uid, "no own uid");
  add(cgroups, "no cgroups");
  add(own_files, "no own files");
  return name;
}

}  // namespace cohort
