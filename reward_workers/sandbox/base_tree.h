// What every box is made from: a tree of mounts that the launcher prepares once and then lives in,
// so that a box' mounts are a copy of these few and the machine's own are out of reach.
//
//   /system/usr …  the machine's programs and libraries, read-only (never its root folder)
//   /etc           what programs need of it, copied
//   /devices       null, zero, full, random, urandom
//   /empty /new /disk /tree-0 …   where boxes put things
#pragma once

#include <string>
#include <vector>

#include "libs/base/status.h"
#include "reward_workers/sandbox/sandbox_spec.h"

namespace cohort {

inline constexpr int kMaxBinds = 16;  // of one box

struct BaseTree {
  // In a box' root: folders of /system, and links ("bin" -> "usr/bin") as this machine has them.
  std::vector<std::string> folders;
  std::vector<std::pair<std::string, std::string>> links;
  bool overlay = false;  // boxes lay an overlay over each: files of their own to lock and watch
  bool own_proc = false;
  bool trees = false;  // overlays can be written, too
  int outside = -1;    // the namespace of mounts that this machine's own paths lead to
  int inside = -1;     // this one
};

// Makes it and moves this process into it. `own_devices`: make device files rather than bind the
// machine's. `keep`: folders that this process goes on using, as /kept-0 …
Result<BaseTree> EnterBaseTree(bool own_devices, const std::vector<std::string>& keep);

// Open trees of the binds' sources, for a box to mount. Root's or the user's eyes, read-only. Those
// of writable ones are without the mounts below them, as an overlay sees none.
Result<std::vector<int>> TakeOutside(const BaseTree& base, const std::vector<SandboxBind>& binds);

}  // namespace cohort
