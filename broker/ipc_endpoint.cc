#include "broker/ipc_endpoint.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace cohort {
namespace {

// libzmq would silently take the socket of a living broker away.
bool SomebodyListens(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  const bool listens =
      connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(descriptor);
  return listens;
}

}  // namespace

Status PrepareIpc(const std::string& endpoint) {
  constexpr std::string_view kScheme = "ipc://";
  if (endpoint.rfind(kScheme, 0) != 0) return Status();
  const std::string path = endpoint.substr(kScheme.size());
  if (path.empty() || path[0] == '@') return Status();
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return InvalidArgument("endpoint " + endpoint + " is longer than the " +
                           std::to_string(sizeof(sockaddr_un::sun_path) - 1) +
                           " bytes of a socket's path: choose a shorter run directory");
  }
  if (SomebodyListens(path)) {
    return Unavailable("endpoint " + endpoint +
                       " is in use: stop the process that listens there or choose another one");
  }
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
      return InvalidArgument("endpoint " + endpoint + ": cannot make folder " + folder + ": " +
                             std::strerror(errno));
    }
  }
  return Status();
}

}  // namespace cohort
