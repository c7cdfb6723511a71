// A row with all that is needed to judge answers to it: its environment, its base tree, its tests.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "reward_workers/swe/environment.h"
#include "reward_workers/swe/instance.h"
#include "reward_workers/swe/patch.h"
#include "reward_workers/swe/patch_rules.h"
#include "reward_workers/swe/source_trees.h"

namespace cohort {

struct SweTask {
  SweInstance instance;
  const SweEnvironment* environment = nullptr;
  std::shared_ptr<const SourceTree> tree;
  std::map<std::string, std::string> tests;  // the graded files as they must be
  std::set<std::string> gone_tests;          // that the row's test_patch removes
  Digest digest;                             // of the row and its tree
  PatchRules rules;

  // Of its tree; valid as long as the task.
  FileReader reader() const {
    return [tree = tree](const std::string& path) { return tree->Read(path); };
  }
};

// What the row's reference patch makes of the tree.
Result<ChangedFiles> ReferenceFiles(const SweTask& task);

// Safe from any thread.
class SweTasks {
 public:
  SweTasks(std::map<std::string, SweEnvironment> environments, std::unique_ptr<SourceTrees> trees)
      : environments_(std::move(environments)), trees_(std::move(trees)) {}

  // `columns` of the row. Checks its commit out where nobody has yet. Unavailable is this machine's
  // fault; other failures are the row's or the environment's.
  Result<SweTask> Find(const std::string& columns) const;

  const std::map<std::string, SweEnvironment>& environments() const { return environments_; }

 private:
  const std::map<std::string, SweEnvironment> environments_;
  const std::unique_ptr<SourceTrees> trees_;
};

}  // namespace cohort
