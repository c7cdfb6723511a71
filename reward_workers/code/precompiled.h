// What all compilations of a language share, like a precompiled header: made in a box by the first
// worker of a machine that needs it, and kept for the others (LanguageConfig::precompile).
//
// It only makes compiling quicker: where it cannot be had, the log says so once and compilers do
// without. Blocks; safe from any thread.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "libs/base/shared_folders.h"
#include "libs/config/config.h"
#include "reward_workers/sandbox/sandbox.h"

namespace cohort {

class Precompiled {
 public:
  // Both outlive it.
  Precompiled(Sandbox* sandbox, const LanguageConfig* language)
      : sandbox_(sandbox), language_(language) {}

  // What a compilation's box has to see of it: nothing, or its file.
  std::vector<SandboxBind> Binds(const std::atomic<bool>& cancelled);
  // A source compiles without it that did not with it.
  void Distrust();

 private:
  Status Find(const std::atomic<bool>& cancelled);

  Sandbox* const sandbox_;
  const LanguageConfig* const language_;
  std::mutex mutex_;
  bool asked_ = false;  // guarded by mutex_, like the next
  std::shared_ptr<const SharedFolder> folder_;
};

}  // namespace cohort
