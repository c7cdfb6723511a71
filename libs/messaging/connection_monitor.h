// What becomes of a socket's connections, told by its monitor in the order in which it happened. In
// a context with several I/O threads the end of a connection may be told before its accept.
//
// Belongs to the thread of the socket. Never blocks; events wait without bound until they are read,
// so read them every turn.
#pragma once

#include <cstdint>
#include <optional>
#include <zmq.hpp>

#include "libs/base/status.h"

namespace cohort {

struct ConnectionEvent {
  enum class Kind {
    kAccepted,        // a descriptor
    kEnded,           // a descriptor, while it is still open
    kKeyRefused,      // handshake: the other side's allow-list does not have our key
    kOtherMechanism,  // handshake: one side uses keys, the other does not
    kOtherProtocol,   // handshake: no ZeroMQ, or a key that does not fit
    kHandshakeCut,    // handshake: ended or timed out in the middle
  };
  Kind kind = Kind::kEnded;
  int descriptor = -1;  // of kAccepted and kEnded
};

class ConnectionMonitor {
 public:
  // Watches `socket` until destroyed, which must come before the socket's end.
  static Result<ConnectionMonitor> Watch(zmq::context_t& context, zmq::socket_t& socket);
  ConnectionMonitor(ConnectionMonitor&& other) noexcept;
  ~ConnectionMonitor();

  zmq::socket_t& events() { return events_; }
  std::optional<ConnectionEvent> Next();

 private:
  ConnectionMonitor(zmq::socket_t* watched, zmq::socket_t events);
  zmq::socket_t* watched_;
  zmq::socket_t events_;
};

// False when the other side has closed the connection, or this one.
bool ConnectionStands(int descriptor);
// The number of the socket behind a descriptor; 0 when there is none.
uint64_t SocketInode(int descriptor);
// Ends a connection that libzmq owns at once: the peer cannot send any more, and libzmq notices as
// if it had gone. False, and nothing done, when the descriptor is no longer that socket.
bool ShutDownConnection(int descriptor, uint64_t inode);

}  // namespace cohort
