// What is installed with this program.
#pragma once

#include <filesystem>
#include <vector>

namespace cohort {

// The first of these that is there, as seen from the folder of this program: places in an
// installation and in a build. Empty when there is none.
std::filesystem::path BesideProgram(const std::vector<std::filesystem::path>& candidates);

}  // namespace cohort
