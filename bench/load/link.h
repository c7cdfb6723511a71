// A load client's connection to the broker: whole messages, never waiting for one to come.
//
// By a DEALER of ZeroMQ, as Cohort's processes have it, or bare: ZMTP 3.0 (RFC 23, NULL mechanism)
// on a blocking Unix socket, without a thread of its own. The peers of broker_disk are driven by
// bare sockets too, so what is compared there is the servers. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <zmq.hpp>

#include "libs/base/status.h"
#include "libs/messaging/envelope.h"
#include "libs/messaging/key_pair.h"

namespace cohort::bench {

class Link {
 public:
  virtual ~Link() = default;
  // Readable when there may be a message; see Ready.
  virtual int descriptor() = 0;
  // False when ZeroMQ's pipe is full; the frames are left as they were. A bare one waits for the
  // kernel to take them.
  virtual Result<bool> Send(Frames& frames) = 0;
  virtual Result<std::optional<Frames>> Receive() = 0;
  // A message can be read, or one sent, of which the descriptor may not tell.
  virtual bool Ready(bool to_send) = 0;
};

Result<std::unique_ptr<Link>> DealerLink(zmq::context_t& context, const std::string& endpoint,
                                         const std::optional<CurveClient>& keys);
// To ipc:// only. Returns when both have shaken hands; a server that is silent holds it up.
Result<std::unique_ptr<Link>> BareLink(const std::string& endpoint);

}  // namespace cohort::bench
