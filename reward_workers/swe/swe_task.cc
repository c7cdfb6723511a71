#include "reward_workers/swe/swe_task.h"

#include <utility>

#include "reward_workers/swe/read_patch.h"

namespace cohort {

Result<ChangedFiles> ReferenceFiles(const SweTask& task) {
  const Result<Patch> patch = ReadUnifiedDiff(task.instance.patch);
  if (!patch.ok()) return patch.status().WithContext("the reference patch");
  Result<ChangedFiles> files = ApplyPatch(*patch, task.reader());
  if (!files.ok()) return files.status().WithContext("the reference patch");
  return files;
}

Result<SweTask> SweTasks::Find(const std::string& columns) const {
  SweTask task;
  COHORT_ASSIGN_OR_RETURN(task.instance, ReadSweInstance(columns));
  const SweInstance& instance = task.instance;
  const auto environment = environments_.find(instance.environment);
  if (environment == environments_.end()) {
    return NotFound(instance.id + ": there is no environment " + instance.environment);
  }
  task.environment = &environment->second;
  const std::string& git = task.environment->git;
  if (git.empty() != instance.base_commit.empty()) {
    return InvalidArgument(instance.id +
                           (git.empty() ? " has a base_commit, and environment "
                                        : " has no base_commit, and environment ") +
                           instance.environment + (git.empty() ? " a tree" : " a repository"));
  }
  if (git.empty()) {
    task.tree = std::make_shared<const SourceTree>(task.environment->tree);
  } else {
    COHORT_ASSIGN_OR_RETURN(task.tree, trees_->CheckOut(git, instance.base_commit));
  }

  ChangedFiles tests;
  if (!instance.test_patch.empty()) {
    COHORT_ASSIGN_OR_RETURN(const Patch patch, ReadUnifiedDiff(instance.test_patch));
    COHORT_ASSIGN_OR_RETURN(tests, ApplyPatch(patch, task.reader()));
  }
  for (const std::string& path : task.environment->test_files) {
    if (tests.contains(path)) continue;
    COHORT_ASSIGN_OR_RETURN(tests[path], task.tree->Read(path));
    if (!tests[path]) return NotFound(instance.id + ": the tree has no " + path);
  }
  Digester digester;
  digester.Add(columns.data(), columns.size());
  digester.Add(task.tree->path().data(), task.tree->path().size());
  task.digest = digester.Finish();
  task.rules.allowed = task.environment->allowed;
  task.rules.entry = [tree = task.tree](const std::string& path) { return tree->Entry(path); };
  for (auto& [path, text] : tests) {
    task.rules.test_files.push_back(path);
    if (text) {
      task.tests[path] = *std::move(text);
    } else {
      task.gone_tests.insert(path);
    }
  }
  return task;
}

}  // namespace cohort
