// The files of a commit, by libgit2: no program is run, and nothing that a repository holds is
// (hooks, filters, attributes).
#pragma once

#include <filesystem>
#include <string>

#include "libs/base/status.h"

namespace cohort {

// Writes them below `folder`, which exists and is empty. Symbolic links stay links; submodules are
// empty folders. NotFound where there is no such commit. Thread-safe.
Status WriteFilesOfCommit(const std::string& repository, const std::string& commit,
                          const std::filesystem::path& folder);

}  // namespace cohort
