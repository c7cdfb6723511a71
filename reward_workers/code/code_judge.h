// What a completion's program is worth: finds it, runs its tests, gives credit. Blocks; safe from
// any thread.
#pragma once

#include <atomic>
#include <string>

#include "libs/scoring/verdict.h"
#include "reward_workers/code/code_grade.h"
#include "reward_workers/code/code_task.h"
#include "reward_workers/code/output_checker.h"
#include "reward_workers/code/output_match.h"
#include "reward_workers/code/program_runner.h"
#include "reward_workers/sandbox/sandbox.h"

namespace cohort {

struct CodeQuestion {
  std::string completion;
  std::string prompt;   // its text
  std::string columns;  // of the row: what it is tested by (code_task.h)
};

class CodeJudge {
 public:
  struct Options {
    ProgramRunner::Options runner;
    CodeCredit credit = CodeCredit::kAll;
    OutputMatch match = OutputMatch::kLines;
    double tolerance = 1e-6;
    bool continues_prompt = false;
    std::string scripts;  // the folder of checker.py and output_checker.py
  };
  // `sandbox` outlives it.
  CodeJudge(Sandbox* sandbox, Options options);

  // Ends early, as cancelled, once `cancelled` is true.
  Judged Judge(const CodeQuestion& question, const std::atomic<bool>& cancelled);

 private:
  Judged JudgePrograms(const CodeTask& task, const std::string& source,
                       const std::atomic<bool>& cancelled);
  Judged JudgeFunctions(const CodeTask& task, const std::string& source,
                        const std::atomic<bool>& cancelled);

  Sandbox* const sandbox_;
  const Options options_;
  ProgramRunner runner_;
  OutputChecker checker_;  // uses runner_
};

}  // namespace cohort
