// Whether a row's own checker takes what a program wrote: for tasks with several right answers.
//
// The checker is Python, of the data set, and runs in a box of its own when the program has ended
// (python/output_checker.py says how it speaks). It must take the test's expected output first; one
// that does not is no checker, and the row's fault. After that whatever breaks it, an exception, a
// limit, was brought about by the output, and is a wrong answer: a model must find no way to be
// masked. Blocks; safe from any thread. Costs a start of Python for each output, and one more for a
// test's first.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>

#include "libs/base/digest.h"
#include "libs/base/guarded.h"
#include "libs/base/lru.h"
#include "reward_workers/code/code_task.h"
#include "reward_workers/code/program_runner.h"
#include "reward_workers/sandbox/sandbox.h"

namespace cohort {

struct CheckedOutput {
  enum class End {
    kAccepted,
    kRefused,
    kBadChecker,  // it does not take the expected output
    kLost,        // not by the checker; nothing is known
  };
  End end = End::kLost;
  std::string detail;  // for people
  bool keep = true;    // no clock and no memory had a part in it
};

class OutputChecker {
 public:
  // `sandbox` and `runner` outlive it. `scripts`: the folder of output_checker.py.
  OutputChecker(Sandbox* sandbox, ProgramRunner* runner, std::string scripts)
      : sandbox_(sandbox), runner_(runner), scripts_(std::move(scripts)) {}

  CheckedOutput Check(const std::string& checker, const ProgramTest& test,
                      const std::string& output, const std::atomic<bool>& cancelled);

 private:
  struct Said {
    bool accepted = false;
    bool broken = false;
    bool lost = false;
    bool by_limit = false;
    std::string detail;
  };
  Said Ask(const std::string& checker, const ProgramTest& test, const std::string& output,
           const std::atomic<bool>& cancelled);

  static constexpr size_t kRemembered = 100'000;

  Sandbox* const sandbox_;
  ProgramRunner* const runner_;
  const std::string scripts_;
  using Good = Lru<Digest, bool, DigestHash>;
  Guarded<Good> good_{Good(kRemembered)};  // checkers that took the expected output of a test
};

}  // namespace cohort
