// Processes that the scorers of a worker started and that outlived it.
//
// A scorer's process dies with its worker, whatever ends that; what the scorer itself started does
// not. So every scorer's environment carries a mark that names its worker, which what it starts
// inherits, and the next worker on this machine kills what carries the mark of one that is gone.
#pragma once

#include <cstddef>
#include <string>

namespace cohort {

// "COHORT_SCORER_OF=…": of scorers of this process.
std::string StrayMark();

// Kills this user's processes that carry the mark of a process that is gone; returns how many.
// Marks from another process namespace (a container's) are left alone.
size_t KillStrays();

}  // namespace cohort
