// What the tests of a project are run in: a folder per environment, with environment.toml.
//
//   git = "repository.git"     # the row's base_commit is checked out of it; or:
//   tree = "tree"              # a folder with the sources as they are
//   format = "pytest"          # of the log: pytest, unittest, ctest, go, node, cargo
//   test_files = ["tests/test_a.py"]   # that grade; put back before they are run
//   allowed = ["package/**"]   # globs: what a patch may change; missing: all that patch_rules.h
//   lets command = ["ctest", "…"]   # how tests are run; {tests} stands for the test files. Not for
//   pytest options = ["-W", "error"]  # more of pytest's own site = "site"              # a folder
//   of Python packages (pytest), bound to /site binds = ["/opt/tools:/opt/tools"]  # folders of
//   this machine that the box shows, read-only variables = ["NAME=value"] cpu_seconds = 300
//   timeout_seconds = 1800
//   memory_mb = 2048
//   disk_mb = 512
//   processes = 128
//
// Paths are relative to the file's folder. Values; reading them names the file and the key of what
// is wrong.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "reward_workers/sandbox/sandbox_spec.h"
#include "reward_workers/swe/test_log.h"

namespace cohort {

struct SweEnvironment {
  std::string name;  // of its folder
  std::string git;   // absolute, like all paths here; empty: `tree` is used
  std::string tree;
  LogFormat format = LogFormat::kPytest;
  std::vector<std::string> test_files;
  std::vector<std::string> allowed;
  std::vector<std::string> command;  // empty: pytest's own
  std::vector<std::string> options;  // more of pytest's
  std::vector<std::string> variables;
  std::vector<SandboxBind> binds;  // with `site`
  bool has_site = false;
  SandboxLimits limits;
};

inline constexpr char kSitePath[] = "/site";  // in the box

Result<SweEnvironment> ReadSweEnvironment(const std::filesystem::path& folder);
// All folders with an environment.toml below this one, by name. Fails where there is none.
Result<std::map<std::string, SweEnvironment>> ReadSweEnvironments(
    const std::filesystem::path& folder);

}  // namespace cohort
