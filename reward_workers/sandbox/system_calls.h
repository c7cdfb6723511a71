// Mounts and failures, in few words. For the launcher and what it makes: single threads only.
#pragma once

#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "libs/base/status.h"

namespace cohort {

// "what: Permission denied", from errno.
inline Status Failed(const std::string& what) { return Unavailable(what + ": " + strerror(errno)); }

inline Status Mount(const char* source, const std::string& target, const char* type,
                    unsigned long flags, const std::string& options) {
  if (mount(source, target.c_str(), type, flags, options.c_str()) == 0) return {};
  return Failed("cannot mount " + std::string(type == nullptr ? "" : type) + " on " + target);
}

inline Status BindMount(const std::string& source, const std::string& target,
                        unsigned long flags = 0) {
  if (mount(source.c_str(), target.c_str(), nullptr, MS_BIND | flags, nullptr) == 0) return {};
  return Failed("cannot bind " + source + " to " + target);
}

// Open tree of the mount at a path, and of those below it, taken out of its place to be put
// elsewhere: read-only and without set-user-id bits and devices.
Result<int> TakeTree(const std::string& path, bool recursive = true);
Status PutTree(int tree, const std::string& target);
// Takes away rights of the mount at `path` and of those below it.
Status MakeReadOnly(const std::string& path);
Status PivotRoot(const std::string& folder);

Status WriteText(const std::string& path, const std::string& text);

}  // namespace cohort
