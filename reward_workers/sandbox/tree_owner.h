// Whose a folder of this machine is, in the box that may change it.
#pragma once

#include <sys/types.h>

#include <string>

#include "libs/base/status.h"

namespace cohort {

// For root. Shows what belongs to the owner of a tree's root folder, and to its group, as this
// user's; everybody else's as it is. `tree` was just taken (system_calls.h). Unavailable where its
// file system, or this kernel (5.19 and newer can), has no way to. A fifth of a millisecond.
Status ShowAs(uid_t user, int tree, const std::string& source);

// What ShowAs needs of the machine and not of the tree: that root may make user namespaces.
Status CanShow();

// For a user's own namespace, where nobody else's files can become the program's: whether a tree's
// root folder is this user's. Unavailable if not.
Status CheckIsOurs(int tree, const std::string& source);

}  // namespace cohort
