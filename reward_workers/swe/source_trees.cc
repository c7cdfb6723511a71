#include "reward_workers/swe/source_trees.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "libs/base/descriptor.h"
#include "libs/base/digest.h"
#include "libs/base/files.h"
#include "libs/scoring/verdict.h"
#include "reward_workers/swe/git_files.h"
#include "reward_workers/swe/patch.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;

constexpr char kAside[] = ".aside-";
constexpr auto kForgotten = std::chrono::hours(1);

Status Failed(const std::string& what) { return Unavailable(what + ": " + std::strerror(errno)); }

// Below `root` and through no symbolic link.
int OpenBelow(const std::string& root, const std::string& relative, int flags) {
  const Descriptor folder(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  open_how how = {};
  how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(syscall(SYS_openat2, folder.get(), relative.c_str(), &how, sizeof(how)));
}

// The file lives as long as its tree: nobody removes what another is about to use.
Result<Descriptor> Lock(const std::string& path, int mode) {
  for (;;) {
    Descriptor lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.get() < 0) return Failed("cannot make " + path);
    if (flock(lock.get(), mode) != 0) return Failed("cannot lock " + path);
    struct stat status = {};
    if (fstat(lock.get(), &status) != 0) return Failed("cannot see " + path);
    if (status.st_nlink > 0) return lock;  // else it was removed with its tree meanwhile
  }
}

// A new name beside `tree` for what is no tree yet, or none any more.
fs::path Aside(const fs::path& tree) {
  static std::atomic<uint64_t> number = 0;
  return tree.string() + kAside + std::to_string(getpid()) + "-" +
         std::to_string(number.fetch_add(1));
}

}  // namespace

SourceTree::~SourceTree() {
  if (lock_ >= 0) close(lock_);
}

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
  COHORT_RETURN_IF_ERROR(MakeDirectories(folder.parent_path()));
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Failed("cannot make " + folder.string());
  }
  struct stat status = {};
  if (lstat(folder.c_str(), &status) != 0) return Failed("cannot see " + folder.string());
  if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 022) != 0) {
    return PermissionDenied(folder.string() +
                            " is to hold source trees: it must be a folder of this user that "
                            "nobody else can write");
  }
  return std::unique_ptr<SourceTrees>(new SourceTrees(folder, most));
}

Result<std::shared_ptr<const SourceTree>> SourceTrees::CheckOut(const std::string& repository,
                                                                const std::string& commit) {
  const std::string name = DigestOf(repository + "\n" + commit).ToString();
  const fs::path tree = folder_ / name;
  // While this is held nobody removes the tree; making it has a lock of its own, since others hold
  // this one for as long as they use what is there.
  COHORT_ASSIGN_OR_RETURN(Descriptor lock, Lock(tree.string() + ".lock", LOCK_SH));
  std::error_code error;
  if (!fs::exists(tree, error)) {
    COHORT_ASSIGN_OR_RETURN(const Descriptor making, Lock(tree.string() + ".make", LOCK_EX));
    if (!fs::exists(tree, error)) {
      COHORT_RETURN_IF_ERROR(Make(repository, commit, tree));
      RemoveSome();
    }
  }
  futimens(lock.get(), nullptr);  // used now
  return std::make_shared<const SourceTree>(tree.string(), lock.Release());
}

Status SourceTrees::Make(const std::string& repository, const std::string& commit,
                         const fs::path& tree) {
  const fs::path making = Aside(tree);
  std::error_code error;
  fs::create_directory(making, error);
  if (error) return Unavailable("cannot make " + making.string() + ": " + error.message());
  // Read by programs of other users: the folder above keeps this machine's other users out.
  fs::permissions(making, static_cast<fs::perms>(0755), error);
  Status status = WriteFilesOfCommit(repository, commit, making);
  if (status.ok()) {
    fs::rename(making, tree, error);
    if (!error) return {};
    status = Unavailable("cannot make " + tree.string() + ": " + error.message());
  }
  fs::remove_all(making, error);
  return status;
}

void SourceTrees::RemoveSome() {
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, fs::path>> locks;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, error)) {
    if (entry.path().string().find(kAside) != std::string::npos &&
        fs::file_time_type::clock::now() - entry.last_write_time(error) > kForgotten) {
      fs::remove_all(entry.path(), error);  // who worked on it died
    }
    if (entry.path().extension() != ".lock") continue;
    locks.emplace_back(entry.last_write_time(error), entry.path());
  }
  if (locks.size() <= most_) return;
  std::sort(locks.begin(), locks.end());
  locks.resize(locks.size() - most_);
  for (const auto& [used, path] : locks) {
    const Descriptor lock(open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (lock.get() < 0 || flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue;
    fs::path tree = path;
    tree.replace_extension();
    const fs::path aside = Aside(tree);
    fs::rename(tree, aside, error);  // never half a tree
    if (error && fs::exists(tree)) continue;
    fs::remove(path, error);
    fs::remove(tree.string() + ".make", error);
    fs::remove_all(aside, error);
  }
}

}  // namespace cohort
