// Compiles and runs programs in the sandbox, and says how a test of them ended.
//
// A machine's load is not the program's fault: a test whose time ran out while it used less than
// half of its processor time, or that used a little more of it than it may (a quarter), is run
// again, alone, before that counts. Blocks; safe from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/config/config.h"
#include "reward_workers/code/code_grade.h"
#include "reward_workers/code/compile_cache.h"
#include "reward_workers/code/precompiled.h"
#include "reward_workers/sandbox/sandbox.h"

namespace cohort {

// How a run ended for its program. `lost`: not by the program; nothing is known.
struct RunEnd {
  TestEnd end =
      TestEnd::kAccepted;  // of a run that ended well: accepted, what it wrote is not judged
  std::string detail;      // for people
  std::string output;
  std::string errors;
  bool lost = false;
};

// Waits for a run, or ends it once `cancelled` is true.
SandboxResult WaitFor(SandboxRun& run, const std::atomic<bool>& cancelled);

// Starts a run and waits for it as above.
SandboxResult RunAndWait(Sandbox& sandbox, const SandboxSpec& spec,
                         const std::atomic<bool>& cancelled);

// FailedPrecondition naming what a box lacks of the programs that the language's commands start:
// else every answer would fail for it.
Status CheckPrograms(Sandbox& sandbox, const LanguageConfig& language);

class ProgramRunner {
 public:
  struct Options {
    LanguageConfig language;
    SandboxLimits limits;  // of one run; `cpu` is what the program may use
    size_t cache_bytes = 256 << 20;
  };
  // `sandbox` outlives it.
  ProgramRunner(Sandbox* sandbox, Options options);

  // A program that is ready to be run: files of its folder.
  struct Program {
    std::vector<SandboxFile> files;
    RunEnd end;  // not accepted: it does not compile, or what compiled it was lost
  };
  Program Compile(const std::string& source, const std::atomic<bool>& cancelled);

  // By its language's command, with this on stdin.
  RunEnd Run(const Program& program, const std::string& input, const std::atomic<bool>& cancelled);
  // By another specification with the same limits; `sandboxed` is called for each attempt.
  RunEnd Run(const std::function<SandboxResult(const SandboxLimits&)>& sandboxed);

 private:
  SandboxResult RunCompiler(const std::string& source, const std::string& made,
                            const std::atomic<bool>& cancelled);

  Sandbox* const sandbox_;
  const Options options_;
  CompileCache cache_;
  Precompiled precompiled_;
  std::shared_mutex alone_;  // shared by all runs, exclusive for those that are repeated
};

}  // namespace cohort
