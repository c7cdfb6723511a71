// cohort-sandbox-launcher: makes the boxes of a Sandbox. Started by it, never by hand.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "reward_workers/sandbox/launcher.h"

namespace cohort {
namespace {

int Main(int argc, char** argv) {
  if (argc != 4 || fcntl(kLauncherSocket, F_SETFD, FD_CLOEXEC) != 0) return 2;
  LauncherOptions options;
  options.as_user = static_cast<uid_t>(std::strtoul(argv[1], nullptr, 10));
  options.cgroups = std::strcmp(argv[2], "cgroups") == 0;
  options.cgroup = argv[3];
  const Result<std::unique_ptr<Launcher>> launcher = Launcher::Prepare(options);
  LauncherHello hello;
  if (launcher.ok()) {
    hello = (*launcher)->Hello();
  } else {
    hello.failure = launcher.status().message();
  }
  const std::string bytes = EncodeHello(hello);
  if (send(kLauncherSocket, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0 || !launcher.ok())
    return 1;
  (*launcher)->Serve(kLauncherSocket);
  return 0;
}

}  // namespace
}  // namespace cohort

int main(int argc, char** argv) { return cohort::Main(argc, argv); }
