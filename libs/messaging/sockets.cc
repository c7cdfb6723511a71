#include "libs/messaging/sockets.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

namespace cohort {
namespace {

// After the first frame was taken the rest cannot be refused: high-water marks count messages.
Status SendRest(zmq::socket_t& socket, Frames& frames, size_t first) {
  for (size_t i = first; i < frames.size(); ++i) {
    const auto more = i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
    if (!socket.send(std::move(frames[i]), more | zmq::send_flags::dontwait)) {
      return Internal("a message was cut in the middle");
    }
  }
  return Status();
}

zmq::send_flags FirstFlags(bool more) {
  return zmq::send_flags::dontwait | (more ? zmq::send_flags::sndmore : zmq::send_flags::none);
}

}  // namespace

void SetLimits(zmq::socket_t& socket, const SocketLimits& limits) {
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::sndhwm, limits.high_water_mark);
  socket.set(zmq::sockopt::rcvhwm, limits.high_water_mark);
  socket.set(zmq::sockopt::maxmsgsize, limits.max_frame_bytes);
}

void ReceiveIntoOwnMemory(zmq::context_t& context) {
  // ZMQ_ZERO_COPY_RECV: libzmq knows it since 4.3.0, its header names it among the drafts only.
  constexpr int kZeroCopyReceive = 10;
  zmq_ctx_set(context.handle(), kZeroCopyReceive, 0);
}

void AllowLargeSends(int descriptor) {
  constexpr int kBytes = 256 * 1024;
  const auto option = [descriptor](int name) {
    int value = 0;
    socklen_t size = sizeof(value);
    return getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
  };
  if (option(SO_DOMAIN) != AF_UNIX || option(SO_SNDBUF) > 2 * kBytes) return;
  // The kernel takes twice as much, its own part included, but no more than net.core.wmem_max.
  setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &kBytes, sizeof(kBytes));
}

Result<bool> TrySend(zmq::socket_t& socket, Frames& frames) {
  try {
    if (!socket.send(frames[0], FirstFlags(frames.size() > 1))) return false;
    COHORT_RETURN_IF_ERROR(SendRest(socket, frames, 1));
    return true;
  } catch (const zmq::error_t& e) {
    return Unavailable(std::string("send: ") + e.what());
  }
}

Result<bool> TrySendTo(zmq::socket_t& socket, const std::string& routing_id, Frames& frames) {
  try {
    zmq::message_t address(routing_id.data(), routing_id.size());
    if (!socket.send(address, FirstFlags(/*more=*/true))) return false;
    COHORT_RETURN_IF_ERROR(SendRest(socket, frames, 0));
    return true;
  } catch (const zmq::error_t& e) {
    return Unavailable(std::string("send: ") + e.what());
  }
}

std::optional<Received> TryReceive(zmq::socket_t& socket, bool router) {
  Received received;
  bool first = true;
  while (true) {
    zmq::message_t frame;
    try {
      if (!socket.recv(frame, zmq::recv_flags::dontwait)) return std::nullopt;
    } catch (const zmq::error_t&) {
      return std::nullopt;
    }
    const bool more = frame.more();
    if (first && router) {
      received.routing_id.assign(static_cast<const char*>(frame.data()), frame.size());
    } else {
      if (received.frames.empty()) {
        received.descriptor = zmq_msg_get(frame.handle(), ZMQ_SRCFD);
      }
      received.frames.push_back(std::move(frame));
    }
    first = false;
    if (!more) return received;
  }
}

Status BindSocket(zmq::socket_t& socket, const std::string& endpoint) {
  try {
    socket.bind(endpoint);
    return Status();
  } catch (const zmq::error_t& e) {
    if (e.num() == EADDRINUSE) {
      return Unavailable("endpoint " + endpoint +
                         " is in use: stop the process that listens there or choose another one");
    }
    return InvalidArgument("endpoint " + endpoint + ": cannot listen: " + e.what() +
                           "; use ipc:///path or tcp://address:port");
  }
}

Status ConnectSocket(zmq::socket_t& socket, const std::string& endpoint) {
  try {
    socket.connect(endpoint);
    return Status();
  } catch (const zmq::error_t& e) {
    return InvalidArgument("endpoint " + endpoint + ": cannot connect: " + e.what() +
                           "; use ipc:///path or tcp://host:port");
  }
}

Wakeup::Wakeup() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
Wakeup::~Wakeup() { close(fd_); }

void Wakeup::Notify() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof(one));
}

void Wakeup::Drain() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(fd_, &count, sizeof(count));
}

void Wakeup::Wait(Duration limit) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(limit);
  const timespec until{.tv_sec = seconds.count(), .tv_nsec = (limit - seconds).count()};
  pollfd news{.fd = fd_, .events = POLLIN, .revents = 0};
  if (ppoll(&news, 1, &until, nullptr) > 0) Drain();
}

}  // namespace cohort
