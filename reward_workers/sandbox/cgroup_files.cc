#include "reward_workers/sandbox/cgroup_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <string_view>

namespace cohort {
namespace {

constexpr size_t kControlBytes = 16 << 10;

bool ListHas(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (list.substr(0, comma) == word) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

// "4:memory:/a/b" gives "/a/b" for memory; "0::/a" for the empty name is version 2.
std::string OwnGroup(const std::string& controller) {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view list = std::string_view(line).substr(first + 1, second - first - 1);
    if (controller.empty() ? list.empty() : ListHas(list, controller)) {
      return line.substr(second + 1);
    }
  }
  return "";
}

// Where a hierarchy is mounted, joined with this process' group in it.
std::string OwnFolder(const std::string& type, const std::string& controller) {
  const std::string group = OwnGroup(controller);
  if (group.empty()) return "";
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string id, parent, device, root, point, word, kind, source, options;
    words >> id >> parent >> device >> root >> point;
    while (words >> word && word != "-") {
    }
    words >> kind >> source >> options;
    if (kind != type || (!controller.empty() && !ListHas(options, controller))) continue;
    std::string below = group;
    // In a container the mount shows a part of the hierarchy only.
    if (root != "/") {
      if (!below.starts_with(root)) continue;
      below = below.substr(root.size());
    }
    const std::string folder = below == "/" || below.empty() ? point : point + below;
    if (access(folder.c_str(), F_OK) == 0) return folder;
  }
  return "";
}

}  // namespace

std::string ReadControl(int fd) {
  if (fd < 0) return "";
  char bytes[kControlBytes];
  const ssize_t count = pread(fd, bytes, sizeof(bytes), 0);
  return count > 0 ? std::string(bytes, static_cast<size_t>(count)) : "";
}

std::string ReadControlFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::string text = ReadControl(fd);
  if (fd >= 0) close(fd);
  return text;
}

int WriteControlFile(const std::string& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int error = write(fd, text.data(), text.size()) < 0 ? errno : 0;
  close(fd);
  return error;
}

std::string OwnVersion1Folder(const std::string& controller) {
  return OwnFolder("cgroup", controller);
}

std::string OwnVersion2Folder() { return OwnFolder("cgroup2", ""); }

uint64_t StartOf(pid_t pid) {
  const std::string text = ReadControlFile("/proc/" + std::to_string(pid) + "/stat");
  const size_t name = text.rfind(')');
  if (name == std::string::npos) return 0;
  std::istringstream words(text.substr(name + 1));
  std::string word;
  for (int field = 3; field <= 22 && words >> word; ++field) {
    if (field == 3 && (word == "Z" || word == "X")) return 0;  // dead, and nobody has asked yet
    if (field == 22) return std::strtoull(word.c_str(), nullptr, 10);
  }
  return 0;
}

std::string ProcessNamespace() {
  struct stat status = {};
  return stat("/proc/self/ns/pid", &status) == 0 ? std::to_string(status.st_ino) : "0";
}

}  // namespace cohort
