// Processes that the scorers of a worker started and that outlived it.
//
// A scorer's process dies with its worker, whatever ends that; what the scorer itself started does
// not. So every scorer's environment carries a mark that names its worker, which what it starts
// inherits, and the next worker on this machine kills what carries the mark of one that is gone.
#pragma once

#include <cstddef>
#include <string>

namespace cohort {

inline constexpr char kStrayMark[] = "COHORT_SCORER_OF";

// "COHORT_SCORER_OF=…": of scorers of this process.
std::string StrayMark(const std::string& name = kStrayMark);

// Kills this user's processes that carry the mark of a process that is gone, and what they start
// meanwhile; returns how many. Marks from another namespace of processes or of time (a container's)
// are left alone, and so are this process and those that it descends from.
size_t KillStrays(const std::string& name = kStrayMark);

}  // namespace cohort
