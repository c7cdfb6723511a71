// Checked-out source trees, one folder per repository and commit, shared by the workers of a
// machine. Never changed: boxes lay an overlay over it. A tree holds no history. Safe from any
// thread and process.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "libs/base/shared_folders.h"
#include "libs/base/status.h"
#include "reward_workers/swe/patch.h"

namespace cohort {

class SourceTree {
 public:
  // `held` is null for a tree that is not ours to remove.
  explicit SourceTree(std::string path, std::shared_ptr<const SharedFolder> held = nullptr)
      : path_(std::move(path)), held_(std::move(held)) {}

  const std::string& path() const { return path_; }
  // A file's text; nothing where there is none. PermissionDenied where the path leads through a
  // symbolic link, or to what is no plain file.
  Result<std::optional<std::string>> Read(const std::string& relative) const;
  TreeEntry Entry(const std::string& relative) const;

 private:
  std::string path_;
  std::shared_ptr<const SharedFolder> held_;
};

class SourceTrees {
 public:
  // A folder of SharedFolders, and how many trees it keeps that nobody holds.
  static Result<std::unique_ptr<SourceTrees>> Open(const std::filesystem::path& folder,
                                                   size_t most = 256);

  // The files of a commit of a repository, by git's own program (seconds the first time). NotFound
  // where the repository lacks it.
  Result<std::shared_ptr<const SourceTree>> CheckOut(const std::string& repository,
                                                     const std::string& commit);

 private:
  explicit SourceTrees(std::unique_ptr<SharedFolders> folders) : folders_(std::move(folders)) {}

  const std::unique_ptr<SharedFolders> folders_;
};

}  // namespace cohort
