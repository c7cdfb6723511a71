// What can be known to fail before a process is started: values that do not fit together, files
// that are missing or damaged, prompts that the model has no room for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/config/config.h"

namespace cohort {

struct Preflight {
  std::vector<std::string> problems;  // one line each, with the cure; empty: ready
  std::vector<std::string> warnings;  // one line each: what will run and not do as it should
  int64_t rows = 0;                   // prompts and demonstrations read
  int64_t longest = 0;                // tokens of the longest prompt
  int64_t context = 0;                // positions of the model
};

// Reads the files that the configuration names (weights: headers only).
Preflight CheckBeforeStart(const Config& config);

// Prints the problems to standard error, one line each. The exit code.
int ReportProblems(const std::vector<std::string>& problems);
void ReportWarnings(const std::vector<std::string>& warnings);

}  // namespace cohort
