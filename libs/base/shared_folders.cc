#include "libs/base/shared_folders.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "libs/base/files.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;

constexpr char kAside[] = ".aside-";
constexpr auto kForgotten = std::chrono::hours(1);
constexpr auto kPoll = std::chrono::milliseconds(20);

using GiveUp = std::function<bool()>;

Status Failed(const std::string& what) { return Unavailable(what + ": " + std::strerror(errno)); }

// Whether the file is still there under its name: else it was removed with its folder.
bool IsNamed(const Descriptor& file) {
  struct stat status = {};
  return fstat(file.get(), &status) == 0 && status.st_nlink > 0;
}

// The file lives as long as its folder: nobody removes what another is about to use.
Result<Descriptor> Lock(const std::string& path, int mode, const GiveUp& give_up) {
  for (;;) {
    Descriptor lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock.ok()) return Failed("cannot make " + path);
    while (flock(lock.get(), mode | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) return Failed("cannot lock " + path);
      if (give_up && give_up()) return Unavailable("another process is at work on " + path);
      std::this_thread::sleep_for(kPoll);
    }
    if (IsNamed(lock)) return lock;
  }
}

// A new name for what is not yet ready, or is not any more: nobody's, not even of a process before
// us that had our number.
fs::path Aside(const fs::path& folder) {
  static std::atomic<uint64_t> number = 0;
  for (;;) {
    const fs::path path = folder.string() + kAside + std::to_string(getpid()) + "-" +
                          std::to_string(number.fetch_add(1));
    std::error_code error;
    if (!fs::exists(fs::symlink_status(path, error))) return path;
  }
}

// All of it on the disk: what appears under its name is whole after a power cut, too.
Status Sync(const fs::path& folder) {
  const Descriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.ok() || syncfs(opened.get()) != 0) return Failed("cannot sync " + folder.string());
  return {};
}

Status MakeWhole(const fs::path& folder, const std::function<Status(const fs::path&)>& make) {
  const fs::path making = Aside(folder);
  std::error_code error;
  fs::create_directory(making, error);
  if (error) return Unavailable("cannot make " + making.string() + ": " + error.message());
  // Read by programs of other users: the folder above keeps this machine's other users out.
  fs::permissions(making, static_cast<fs::perms>(0755), error);
  Status status = make(making);
  if (status.ok()) status = Sync(making);
  if (status.ok()) {
    fs::rename(making, folder, error);
    if (!error) return {};
    status = Unavailable("cannot make " + folder.string() + ": " + error.message());
  }
  fs::remove_all(making, error);
  return status;
}

}  // namespace

fs::path SharedFolders::Default(const std::string& what) {
  std::error_code error;
  const fs::path temporary = fs::temp_directory_path(error);
  return fs::absolute(error ? "/tmp" : temporary) /
         ("cohort-" + what + "-" + std::to_string(geteuid()));
}

Result<std::unique_ptr<SharedFolders>> SharedFolders::Open(const fs::path& folder, size_t most) {
  COHORT_RETURN_IF_ERROR(MakeDirectories(folder.parent_path()));
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Failed("cannot make " + folder.string());
  }
  struct stat status = {};
  if (lstat(folder.c_str(), &status) != 0) return Failed("cannot see " + folder.string());
  if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 022) != 0) {
    return PermissionDenied(folder.string() +
                            " must be a folder of this user that nobody else can write");
  }
  if (chmod(folder.c_str(), 0700) != 0)
    return Failed("cannot keep others out of " + folder.string());
  return std::unique_ptr<SharedFolders>(new SharedFolders(folder, most));
}

Result<std::shared_ptr<const SharedFolder>> SharedFolders::Get(
    const std::string& name, const std::function<Status(const fs::path&)>& make,
    const GiveUp& give_up) {
  const fs::path folder = folder_ / name;
  // While this is held nobody removes the folder; making it has a lock of its own, since others
  // hold this one for as long as they use what is there.
  COHORT_ASSIGN_OR_RETURN(Descriptor lock, Lock(folder.string() + ".lock", LOCK_SH, give_up));
  std::error_code error;
  if (!fs::exists(folder, error)) {
    COHORT_ASSIGN_OR_RETURN(const Descriptor making,
                            Lock(folder.string() + ".make", LOCK_EX, give_up));
    if (!fs::exists(folder, error)) {
      COHORT_RETURN_IF_ERROR(MakeWhole(folder, make));
      RemoveSome();
    }
  }
  futimens(lock.get(), nullptr);  // used now
  return std::make_shared<const SharedFolder>(folder, std::move(lock));
}

void SharedFolders::RemoveSome() {
  std::error_code error, ignored;
  std::vector<std::pair<fs::file_time_type, fs::path>> locks;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    const fs::directory_entry& entry = *it;
    if (entry.path().filename().string().find(kAside) != std::string::npos &&
        fs::file_time_type::clock::now() - entry.last_write_time(ignored) > kForgotten) {
      fs::remove_all(entry.path(), ignored);  // who worked on it died
    }
    if (entry.path().extension() != ".lock") continue;
    locks.emplace_back(entry.last_write_time(ignored), entry.path());
  }
  if (locks.size() <= most_) return;
  std::sort(locks.begin(), locks.end());
  locks.resize(locks.size() - most_);
  for (const auto& [used, path] : locks) {
    const Descriptor lock(open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!lock.ok() || flock(lock.get(), LOCK_EX | LOCK_NB) != 0 || !IsNamed(lock)) continue;
    fs::path folder = path;
    folder.replace_extension();
    const fs::path aside = Aside(folder);
    fs::rename(folder, aside, error);  // never half a folder
    if (error && fs::exists(folder, ignored)) continue;
    fs::remove(path, ignored);
    fs::remove(folder.string() + ".make", ignored);
    fs::remove_all(aside, ignored);
  }
}

}  // namespace cohort
