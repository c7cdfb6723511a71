#include "libs/weights/sockets.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace cohort {

Wakeup::Wakeup() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (fd_ < 0) {
    std::perror("eventfd");
    std::abort();
  }
}
Wakeup::~Wakeup() { close(fd_); }
void Wakeup::Signal() {
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = write(fd_, &one, sizeof(one));  // full: signalled already
}
void Wakeup::Clear() {
  uint64_t count = 0;
  [[maybe_unused]] const auto got = read(fd_, &count, sizeof(count));
}

void WaitReadable(zmq::socket_t& socket, Wakeup& wakeup, Duration timeout) {
  zmq_pollitem_t items[] = {{socket.handle(), 0, ZMQ_POLLIN, 0},
                            {nullptr, wakeup.fd(), ZMQ_POLLIN, 0}};
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  zmq_poll(items, 2, static_cast<long>(std::max<int64_t>(wait, 0)));  // EINTR: as if time were up
  if (items[1].revents != 0) wakeup.Clear();
}

std::vector<zmq::message_t> ReceiveAll(zmq::socket_t& socket) {
  std::vector<zmq::message_t> frames;
  do {
    zmq::message_t frame;
    if (!socket.recv(frame, zmq::recv_flags::dontwait)) break;
    frames.push_back(std::move(frame));
  } while (frames.back().more());
  return frames;
}

Status CheckLocalEndpoint(const std::string& endpoint) {
  for (const std::string_view local :
       {"ipc://", "inproc://", "tcp://127.", "tcp://localhost:", "tcp://[::1]:"}) {
    if (endpoint.starts_with(local)) return {};
  }
  return PermissionDenied("weights.endpoint \"" + endpoint +
                          "\" can be reached by other machines, which needs keys: use "
                          "\"ipc://<path>\" or \"tcp://127.0.0.1:<port>\"");
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
