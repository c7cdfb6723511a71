#include "libs/messaging/connection_monitor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>
#include <utility>

#include "libs/messaging/sockets.h"

namespace cohort {
namespace {

constexpr int kWatched = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED |
                         ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                         ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;

std::optional<ConnectionEvent::Kind> KindOf(uint16_t event, int32_t value) {
  using Kind = ConnectionEvent::Kind;
  switch (event) {
    case ZMQ_EVENT_ACCEPTED:
      return Kind::kAccepted;
    case ZMQ_EVENT_DISCONNECTED:
      return Kind::kEnded;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      return Kind::kKeyRefused;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      return value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH ? Kind::kOtherMechanism
                                                                 : Kind::kOtherProtocol;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
      return Kind::kHandshakeCut;
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<ConnectionMonitor> ConnectionMonitor::Watch(zmq::context_t& context, zmq::socket_t& socket) {
  static std::atomic<uint64_t> number{0};
  const std::string name = "inproc://monitor-" + std::to_string(++number);
  if (zmq_socket_monitor(socket.handle(), name.c_str(), kWatched) != 0) {
    return Internal(std::string("cannot watch a socket: ") + zmq_strerror(zmq_errno()));
  }
  try {
    zmq::socket_t events(context, zmq::socket_type::pair);
    events.set(zmq::sockopt::linger, 0);
    // Unbounded: libzmq's own thread would wait for room.
    events.set(zmq::sockopt::rcvhwm, 0);
    events.connect(name);
    return ConnectionMonitor(&socket, std::move(events));
  } catch (const zmq::error_t& e) {
    return Internal(std::string("cannot watch a socket: ") + e.what());
  }
}

ConnectionMonitor::ConnectionMonitor(zmq::socket_t* watched, zmq::socket_t events)
    : watched_(watched), events_(std::move(events)) {}

ConnectionMonitor::ConnectionMonitor(ConnectionMonitor&& other) noexcept
    : watched_(std::exchange(other.watched_, nullptr)), events_(std::move(other.events_)) {}

ConnectionMonitor::~ConnectionMonitor() {
  if (watched_ != nullptr) zmq_socket_monitor(watched_->handle(), nullptr, 0);
}

std::optional<ConnectionEvent> ConnectionMonitor::Next() {
  while (std::optional<Received> received = TryReceive(events_, /*router=*/false)) {
    // 16 bits of event, 32 bits of value.
    const zmq::message_t& frame = received->frames[0];
    if (frame.size() < sizeof(uint16_t) + sizeof(int32_t)) continue;
    uint16_t event = 0;
    int32_t value = 0;
    std::memcpy(&event, frame.data(), sizeof(event));
    std::memcpy(&value, static_cast<const char*>(frame.data()) + sizeof(event), sizeof(value));
    if (const auto kind = KindOf(event, value)) return ConnectionEvent{*kind, value};
  }
  return std::nullopt;
}

bool ConnectionStands(int descriptor) {
  pollfd look{.fd = descriptor, .events = POLLRDHUP, .revents = 0};
  return poll(&look, 1, 0) == 0;
}

uint64_t SocketInode(int descriptor) {
  struct stat facts {};
  if (descriptor < 0 || fstat(descriptor, &facts) != 0 || !S_ISSOCK(facts.st_mode)) return 0;
  return facts.st_ino;
}

bool ShutDownConnection(int descriptor, uint64_t inode) {
  // A descriptor of our own: libzmq may close its one, and the number may be another's, at any
  // time.
  const int own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return false;
  const bool same = inode != 0 && SocketInode(own) == inode;
  if (same) {
    // Over TCP the peer is told with a reset: after a mere shutdown its sends would wait for as
    // long as libzmq keeps the descriptor.
    const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
    if (connect(own, &nobody, sizeof(nobody)) != 0) shutdown(own, SHUT_RDWR);
  }
  close(own);
  return same;
}

}  // namespace cohort
