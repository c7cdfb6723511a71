#include "tests/reward_workers/sandbox/host_state.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace cohort {
namespace {

constexpr int kPatience = 500;  // of 10 ms

// Empty when there is none, or no longer: processes end while they are looked at.
std::string Text(const std::string& path) {
  std::string text;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  char bytes[4096];
  for (ssize_t count; fd >= 0 && (count = read(fd, bytes, sizeof(bytes))) > 0;) {
    text.append(bytes, static_cast<size_t>(count));
  }
  if (fd >= 0) close(fd);
  return text;
}

std::vector<std::string> Names(const std::string& folder) {
  std::vector<std::string> names;
  if (DIR* list = opendir(folder.c_str())) {
    while (const dirent* entry = readdir(list)) names.emplace_back(entry->d_name);
    closedir(list);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Files whose names attackers leave behind.
std::string Marks() {
  std::string found;
  for (const char* folder : {"/", "/tmp", "/dev/shm", "/dev", "/usr", "/usr/bin", "/etc", "/run",
                             "/work", "/dev/mqueue"}) {
    for (const std::string& name : Names(folder)) {
      if (name.find("left-behind") != std::string::npos)
        found += std::string(folder) + "/" + name + " ";
    }
  }
  return found;
}

// Processes below this one, but for the launchers themselves.
std::string Processes() {
  std::set<std::string> mine = {"self"};
  std::string found;
  std::vector<std::string> queue = {"self"};
  while (!queue.empty()) {
    const std::string process = queue.back();
    queue.pop_back();
    for (const std::string& task : Names("/proc/" + process + "/task")) {
      std::istringstream children(Text("/proc/" + process + "/task/" + task + "/children"));
      for (std::string pid; children >> pid;) {
        queue.push_back(pid);
        const std::string name = Text("/proc/" + pid + "/comm");
        if (!name.starts_with("cohort-sandbox")) found += pid + " " + name;
      }
    }
  }
  return found;
}

std::string Owner(const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0) return "none";
  return std::to_string(status.st_mode) + " " + std::to_string(status.st_uid) + " " +
         std::to_string(status.st_mtim.tv_sec) + " " + std::to_string(status.st_size);
}

}  // namespace

HostState HostState::Now() {
  HostState state;
  state.facts_["mounts"] = Text("/proc/self/mountinfo");
  state.facts_["shared memory"] = Text("/proc/sysvipc/shm");
  state.facts_["messages"] = Text("/proc/sysvipc/msg");
  state.facts_["semaphores"] = Text("/proc/sysvipc/sem");
  state.facts_["host name"] = Text("/proc/sys/kernel/hostname");
  state.facts_["descriptors"] = std::to_string(Names("/proc/self/fd").size());
  state.facts_["files left"] = Marks();
  state.facts_["processes"] = Processes();
  for (const char* path : {"/etc/passwd", "/etc/shadow", "/usr/bin/python3", "/usr", "/etc", "/"}) {
    state.facts_[path] = Owner(path);
  }
  return state;
}

std::string HostState::DifferenceTo(HostState later) const {
  for (int i = 0; i < kPatience && later.facts_ != facts_; ++i) {
    poll(nullptr, 0, 10);
    later = Now();
  }
  std::string difference;
  for (const auto& [name, value] : facts_) {
    if (later.facts_[name] != value) {
      difference += name + " was: " + value + "\nis: " + later.facts_[name] + "\n";
    }
  }
  return difference;
}

}  // namespace cohort
