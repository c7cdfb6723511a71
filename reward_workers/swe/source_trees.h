// Checked-out source trees, one folder per repository and commit, shared by the workers of a
// machine.
//
// A tree appears whole, by rename, and is never changed afterwards: boxes lay an overlay over it.
// It holds no history. A tree that is held is not removed by anybody; of the others the least
// recently used go when there are more than `most`. Safe from any thread and process.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "libs/base/status.h"
#include "reward_workers/swe/patch.h"

namespace cohort {

class SourceTree {
 public:
  explicit SourceTree(std::string path, int lock = -1) : path_(std::move(path)), lock_(lock) {}
  ~SourceTree();
  SourceTree(const SourceTree&) = delete;
  SourceTree& operator=(const SourceTree&) = delete;

  const std::string& path() const { return path_; }
  // A file's text; nothing where there is none. PermissionDenied where the path leads through a
  // symbolic link, or to what is no plain file.
  Result<std::optional<std::string>> Read(const std::string& relative) const;
  TreeEntry Entry(const std::string& relative) const;

 private:
  std::string path_;
  int lock_;  // shared while it is held; -1: the tree is not ours to remove
};

class SourceTrees {
 public:
  // `folder` is made, for this user alone; it holds nothing else.
  static Result<std::unique_ptr<SourceTrees>> Open(const std::filesystem::path& folder,
                                                   size_t most = 256);

  // The files of a commit of a repository, by git's own program (seconds the first time). NotFound
  // where the repository lacks it.
  Result<std::shared_ptr<const SourceTree>> CheckOut(const std::string& repository,
                                                     const std::string& commit);

 private:
  SourceTrees(std::filesystem::path folder, size_t most)
      : folder_(std::move(folder)), most_(most) {}
  Status Make(const std::string& repository, const std::string& commit,
              const std::filesystem::path& tree);
  void RemoveSome();

  const std::filesystem::path folder_;
  const size_t most_;
};

}  // namespace cohort
