// Which files a patch may touch: sources, and nothing that decides what the tests say.
//
// A suite runs in the process of the code that it tests, so nothing can make its verdict
// unforgeable; what is refused here are the ways that need no forging. docs/scorers.md lists what
// is left. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "reward_workers/swe/patch.h"

namespace cohort {

struct PatchRules {
  std::vector<std::string> allowed;     // globs; empty: every file
  std::vector<std::string> test_files;  // that grade; nothing is made beside them
  std::function<TreeEntry(const std::string& path)> entry;  // of the tree
};

// PermissionDenied names the first file that the patch may not touch, and why. Never allowed, but
// for what `allowed` names to the letter: the graded tests, and what steers them or the
// interpreter (conftest.py, pytest.ini, pyproject.toml, sitecustomize.py, *.pth, *.dist-info, …);
// other files in folders of tests; new modules at the top or in a folder that pytest would put on
// the path, which could stand in for the library's; compiled files; a file where a folder is, or
// below another file.
Status CheckPatch(const ChangedFiles& files, const PatchRules& rules);

// As gitignore reads them: * and ? stay within a name, ** does not.
bool MatchesGlob(std::string_view glob, std::string_view path);

}  // namespace cohort
