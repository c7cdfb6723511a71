// What this machine lends to a sandbox, and what a sandbox is worth without it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cohort {

// Where one of the first five is missing, there is no sandbox at all.
enum class MechanismKind : unsigned char {
  kNamespaces,   // mounts, processes, network, IPC, host name, in one go
  kSystemCalls,  // seccomp's filter
  kFolders,      // a base of its own by pivot_root
  kDisk,         // tmpfs with a quota
  kLoopback,     // 127.0.0.1 in the box
  kOwnUid,       // a user id per run that nothing else on this machine has
  kOwnDevices,   // device files of its own
  kOwnBase,      // overlay: a base whose files no other run can lock or watch
  kOwnProc,      // /proc of the box' own processes
  kTrees,        // overlay: binds that the program may change
  kMemoryCgroup,
  kProcessCgroup,
  kCpuCgroup,
};
inline constexpr int kMechanismKinds = 13;

struct Mechanism {
  MechanismKind kind = MechanismKind::kNamespaces;
  bool present = false;
  std::string detail;  // what is used, or why there is none
};

std::string_view MechanismName(MechanismKind kind);
// What is weaker without it, in a sentence; "no sandbox at all" for what is needed.
std::string_view WithoutMechanism(MechanismKind kind);
bool IsNeeded(MechanismKind kind);
// The numbers of the attacks (docs/sandbox.md) that it alone holds in full.
std::vector<int> AttacksHeldBy(MechanismKind kind);

// How strong a sandbox is, for those who demand a strength.
struct SandboxMode {
  bool own_uid = false;    // and device files of its own: what an ordinary user cannot have
  bool cgroups = false;    // for memory, processes and CPU alike
  bool own_files = false;  // base and /proc of its own

  bool Full() const { return own_uid && cgroups && own_files; }
  bool AtLeast(const SandboxMode& demanded) const {
    return own_uid >= demanded.own_uid && cgroups >= demanded.cgroups &&
           own_files >= demanded.own_files;
  }
  std::string Name() const;  // "full", or what is missing: "no own uid, no cgroups"
};
SandboxMode ModeOf(const std::vector<Mechanism>& mechanisms);

}  // namespace cohort
