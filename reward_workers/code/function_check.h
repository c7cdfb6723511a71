// Checks a program's functions: the program in one box, what decides in another, values between
// them as plain data (code/python/). Blocks; safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "reward_workers/code/code_task.h"
#include "reward_workers/code/program_runner.h"

namespace cohort {

struct FunctionEnds {
  std::vector<RunEnd> tests;  // as many as were run
  bool complete = false;      // the checker came to its end
  bool lost = false;          // nothing is known: no fault of the program
  bool bad_task = false;      // the tests themselves are broken
  std::string detail;         // for people, of both
};

// `source` is Python. `scripts`: the folder of candidate.py and checker.py. With `all` it stops at
// the first test that fails.
FunctionEnds CheckFunctions(Sandbox& sandbox, ProgramRunner& runner, const std::string& scripts,
                            const std::string& source, const CodeTask& task, bool all,
                            const std::atomic<bool>& cancelled);

}  // namespace cohort
