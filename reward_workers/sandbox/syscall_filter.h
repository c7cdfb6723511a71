// Which system calls a program in a box may make.
//
// Refused are those that reach out of the box or into the kernel's rarely used corners; what
// harmless programs try and can do without is told not to exist (ENOSYS). Calls that this build
// does not know, and those of other ABIs (i386, x32), do not exist either.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "libs/base/status.h"

namespace cohort {

struct FilterOptions {
  // Memory that no sample can see: memfd_create, System V shared memory, messages and semaphores.
  bool refuse_hidden_memory = false;
};

Result<std::vector<sock_filter>> BuildSyscallFilter(const FilterOptions& options);

// For this process, for good; after no_new_privs. False: errno tells.
bool InstallSyscallFilter(const std::vector<sock_filter>& filter);

}  // namespace cohort
