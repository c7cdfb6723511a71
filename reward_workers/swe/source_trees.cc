#include "reward_workers/swe/source_trees.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "libs/base/descriptor.h"
#include "libs/base/digest.h"
#include "libs/scoring/verdict.h"
#include "reward_workers/swe/git_files.h"
#include "reward_workers/swe/patch.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;

Status Failed(const std::string& what) { return Unavailable(what + ": " + std::strerror(errno)); }

// Below `root` and through no symbolic link.
int OpenBelow(const std::string& root, const std::string& relative, int flags) {
  const Descriptor folder(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  open_how how = {};
  how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(syscall(SYS_openat2, folder.get(), relative.c_str(), &how, sizeof(how)));
}

}  // namespace

Result<std::optional<std::string>> SourceTree::Read(const std::string& relative) const {
  const Descriptor file(OpenBelow(path_, relative, O_RDONLY | O_NONBLOCK));
  if (file.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
    if (errno == ELOOP || errno == EXDEV || errno == EISDIR) {
      return PermissionDenied("the patch names " + Quoted(relative) + ", which is no plain file");
    }
    return Failed("cannot read " + path_ + "/" + relative);
  }
  struct stat status = {};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return PermissionDenied("the patch names " + Quoted(relative) + ", which is no plain file");
  }
  std::string text(static_cast<size_t>(status.st_size), '\0');
  size_t have = 0;
  while (have < text.size()) {
    const ssize_t count = read(file.get(), text.data() + have, text.size() - have);
    if (count < 0) return Failed("cannot read " + path_ + "/" + relative);
    if (count == 0) break;
    have += static_cast<size_t>(count);
  }
  text.resize(have);
  return std::optional<std::string>(std::move(text));
}

TreeEntry SourceTree::Entry(const std::string& relative) const {
  const Descriptor found(OpenBelow(path_, relative, O_PATH));
  if (found.get() < 0) return errno == ELOOP ? TreeEntry::kFile : TreeEntry::kNone;
  struct stat status = {};
  const bool folder = fstat(found.get(), &status) == 0 && S_ISDIR(status.st_mode);
  return folder ? TreeEntry::kFolder : TreeEntry::kFile;
}

Result<std::unique_ptr<SourceTrees>> SourceTrees::Open(const fs::path& folder, size_t most) {
  COHORT_ASSIGN_OR_RETURN(std::unique_ptr<SharedFolders> folders,
                          SharedFolders::Open(folder, most));
  return std::unique_ptr<SourceTrees>(new SourceTrees(std::move(folders)));
}

Result<std::shared_ptr<const SourceTree>> SourceTrees::CheckOut(const std::string& repository,
                                                                const std::string& commit) {
  COHORT_ASSIGN_OR_RETURN(
      const std::shared_ptr<const SharedFolder> folder,
      folders_->Get(DigestOf(repository + "\n" + commit).ToString(), [&](const fs::path& making) {
        return WriteFilesOfCommit(repository, commit, making);
      }));
  return std::make_shared<const SourceTree>(folder->path().string(), folder);
}

}  // namespace cohort
