#include "tests/reward_workers/sandbox/tree_state.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <string_view>

namespace cohort {
namespace {

namespace fs = std::filesystem;

std::string Held(const fs::path& path, mode_t mode) {
  if (S_ISLNK(mode)) return fs::read_symlink(path);
  if (!S_ISREG(mode)) return "";
  std::ifstream file(path, std::ios::binary);
  std::string bytes(fs::file_size(path), '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return file ? std::to_string(std::hash<std::string_view>()(bytes)) : "unreadable";
}

std::string StateOf(const fs::path& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0) return "gone";
  std::ostringstream text;
  const auto time = [&](const timespec& at) { text << at.tv_sec << "." << at.tv_nsec << " "; };
  text << status.st_ino << " " << status.st_mode << " " << status.st_uid << " " << status.st_gid
       << " " << status.st_nlink << " " << status.st_size << " ";
  time(status.st_mtim);
  time(status.st_ctim);
  return text.str() + Held(path, status.st_mode);
}

}  // namespace

std::map<std::string, std::string> TreeState(const fs::path& root) {
  std::map<std::string, std::string> state = {{root, StateOf(root)}};
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    state[entry.path()] = StateOf(entry.path());
  }
  return state;
}

void GiveTree(const fs::path& root, uid_t owner) {
  [[maybe_unused]] int ignored = lchown(root.c_str(), owner, owner);
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    ignored = lchown(entry.path().c_str(), owner, owner);
  }
}

void Plant(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace cohort
