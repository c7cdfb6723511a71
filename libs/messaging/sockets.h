// ZeroMQ as Cohort uses it: whole multipart messages, never blocking, failures as Status.
//
// A socket belongs to one thread for life; so does everything here except Wakeup::Notify.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <zmq.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/messaging/envelope.h"

namespace cohort {

// What a socket that receives from peers is limited to.
struct SocketLimits {
  int64_t max_frame_bytes = 64 << 20;  // a peer that sends more is cut
  int high_water_mark = 64;            // messages a peer may be behind, each way
};
void SetLimits(zmq::socket_t& socket, const SocketLimits& limits);

// Every frame that is received takes the memory of its own bytes. Otherwise ZeroMQ leaves frames of
// up to 8 KiB in its read buffer of 18 KiB, which whoever keeps one would keep whole. Before the
// context's first socket.
void ReceiveIntoOwnMemory(zmq::context_t& context);

// Gives a connection over a socket of the file system a send buffer that a body of 256 KiB fits
// into at once, unless it has one or net.core.wmem_max forbids it; by the kernel's default of 208
// KiB sender and receiver take turns. TCP sizes its buffers itself: other descriptors are left
// alone, and none at all is no error.
void AllowLargeSends(int descriptor);

// Sends all frames, or none of them: false when the pipe is full (frames are left as they were).
// Unavailable: the peer of a ROUTER is gone.
Result<bool> TrySend(zmq::socket_t& socket, Frames& frames);
// To one peer of a ROUTER with MANDATORY.
Result<bool> TrySendTo(zmq::socket_t& socket, const std::string& routing_id, Frames& frames);

// Nothing when there is nothing to read. `descriptor` is that of the connection it came from, or
// −1.
struct Received {
  std::string routing_id;  // ROUTER only
  Frames frames;
  int descriptor = -1;
};
std::optional<Received> TryReceive(zmq::socket_t& socket, bool router);

// One line for people: "address already in use: …" and the cure.
Status BindSocket(zmq::socket_t& socket, const std::string& endpoint);
Status ConnectSocket(zmq::socket_t& socket, const std::string& endpoint);

// Wakes a thread that polls. Notify may be called from any thread.
class Wakeup {
 public:
  Wakeup();
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;
  int fd() const { return fd_; }
  void Notify();
  void Drain();
  // Until it is notified, which is drained, or the time is up.
  void Wait(Duration limit);

 private:
  int fd_;
};

}  // namespace cohort
