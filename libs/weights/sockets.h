// The few things that both ends do with ZeroMQ and the kernel.
#pragma once

#include <string>
#include <string_view>
#include <vector>
#include <zmq.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace cohort {

// Wakes a thread that polls. Thread-safe.
class Wakeup {
 public:
  Wakeup();
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;
  void Signal();
  void Clear();
  int fd() const { return fd_; }

 private:
  int fd_;
};

// Returns when the socket can be read, the wakeup was signalled (which is cleared) or the time is
// up.
void WaitReadable(zmq::socket_t& socket, Wakeup& wakeup, Duration timeout);

// All frames of the next message; empty when there is none now.
std::vector<zmq::message_t> ReceiveAll(zmq::socket_t& socket);

inline std::string_view View(const zmq::message_t& message) {
  return {message.data<char>(), message.size()};
}

// While there are no keys, only this machine may connect. kPermissionDenied names the endpoint.
Status CheckLocalEndpoint(const std::string& endpoint);
// An ipc socket that somebody listens on: libzmq's bind would take its name away silently.
Status CheckEndpointFree(const std::string& endpoint);

}  // namespace cohort
