#include "libs/weights/endpoint_checks.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

#include "libs/base/endpoint.h"

namespace cohort {

Status CheckLocalEndpoint(const std::string& endpoint) {
  if (!NeedsKeys(endpoint)) return {};
  return PermissionDenied(
      "weights.endpoint \"" + endpoint +
      "\" can be reached by other machines, which needs keys: set security.keys, or "
      "use \"ipc://<path>\" or \"tcp://127.0.0.1:<port>\"");
}

Status CheckEndpointFree(const std::string& endpoint) {
  constexpr std::string_view kIpc = "ipc://";
  if (!endpoint.starts_with(kIpc)) return {};
  const std::string path = endpoint.substr(kIpc.size());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return InvalidArgument("weights.endpoint \"" + endpoint +
                           "\" is longer than the kernel's 107 "
                           "bytes: use a shorter run.directory or name an endpoint");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return {};
  const bool taken = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  if (!taken) return {};
  return Unavailable("weights.endpoint \"" + endpoint +
                     "\" is in use: another learner runs in this directory, stop it first");
}

}  // namespace cohort
