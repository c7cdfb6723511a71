#include "reward_workers/swe/git_files.h"

#include <git2.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

namespace cohort {
namespace {

namespace fs = std::filesystem;

template <typename T, void (*kFree)(T*)>
struct Freed {
  T* value = nullptr;
  ~Freed() {
    if (value != nullptr) kFree(value);
  }
};

class LibGit2 {
 public:
  LibGit2() {
    git_libgit2_init();
    // Repositories belong to whoever made the data set; the configuration names them.
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  }
  ~LibGit2() { git_libgit2_shutdown(); }
};

Status GitError(StatusCode code, const std::string& what) {
  const git_error* error = git_error_last();
  return {code, what + (error != nullptr ? std::string(": ") + error->message : "")};
}

struct Writing {
  git_repository* repository;
  const fs::path& folder;
  Status status;
};

Status WriteBlob(git_repository* repository, const git_tree_entry* entry, const fs::path& path) {
  Freed<git_blob, git_blob_free> blob;
  if (git_blob_lookup(&blob.value, repository, git_tree_entry_id(entry)) != 0) {
    return GitError(StatusCode::kDataLoss, "cannot read " + path.filename().string());
  }
  const std::string_view bytes(static_cast<const char*>(git_blob_rawcontent(blob.value)),
                               static_cast<size_t>(git_blob_rawsize(blob.value)));
  const git_filemode_t mode = git_tree_entry_filemode(entry);
  if (mode == GIT_FILEMODE_LINK) {
    if (symlink(std::string(bytes).c_str(), path.c_str()) == 0) return {};
    return Unavailable("cannot link " + path.string() + ": " + std::strerror(errno));
  }
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return Unavailable("cannot write " + path.string());
  std::error_code error;
  fs::permissions(path, static_cast<fs::perms>(mode == GIT_FILEMODE_BLOB_EXECUTABLE ? 0755 : 0644),
                  error);
  return error ? Unavailable("cannot set the mode of " + path.string()) : Status();
}

int WriteEntry(const char* root, const git_tree_entry* entry, void* payload) {
  auto& writing = *static_cast<Writing*>(payload);
  const fs::path path = writing.folder / root / git_tree_entry_name(entry);
  if (git_tree_entry_type(entry) == GIT_OBJECT_BLOB) {
    writing.status = WriteBlob(writing.repository, entry, path);
  } else {  // a folder, or a submodule
    std::error_code error;
    fs::create_directory(path, error);
    fs::permissions(path, static_cast<fs::perms>(0755), error);
    if (error) writing.status = Unavailable("cannot make " + path.string());
  }
  return writing.status.ok() ? 0 : -1;
}

}  // namespace

Status WriteFilesOfCommit(const std::string& repository, const std::string& commit,
                          const fs::path& folder) {
  static const LibGit2 library;
  Freed<git_repository, git_repository_free> opened;
  if (git_repository_open_bare(&opened.value, repository.c_str()) != 0 &&
      git_repository_open(&opened.value, repository.c_str()) != 0) {
    return GitError(StatusCode::kNotFound, "cannot open the repository " + repository);
  }
  Freed<git_object, git_object_free> found;
  Freed<git_object, git_object_free> tree;
  if (git_revparse_single(&found.value, opened.value, commit.c_str()) != 0 ||
      git_object_peel(&tree.value, found.value, GIT_OBJECT_TREE) != 0) {
    return GitError(StatusCode::kNotFound, repository + " has no commit " + commit);
  }
  Writing writing{opened.value, folder, {}};
  const int ended = git_tree_walk(reinterpret_cast<git_tree*>(tree.value), GIT_TREEWALK_PRE,
                                  WriteEntry, &writing);
  if (!writing.status.ok()) return writing.status;
  return ended == 0 ? Status() : GitError(StatusCode::kDataLoss, "cannot read commit " + commit);
}

}  // namespace cohort
