// Where bodies lie in a multipart message: packing on the way out, resolving on the way in.
// Used by envelope_*.cc only.
#pragma once

#include <memory>
#include <vector>

#include "libs/messaging/envelope.h"
#include "schemas/envelope.capnp.h"

namespace cohort {

// Collects the frames behind the envelope: small bodies share one, each large one has its own.
class BodyPacker {
 public:
  void Add(const Body& body, schema::Body::Builder place);
  // The whole message; the packer is spent.
  Frames Finish(zmq::message_t envelope) &&;

 private:
  std::vector<Body> frames_;  // frame n + 1 of the message; empty: the packed one
  size_t packed_frame_ = 0;   // 0: none yet
  std::vector<Body> packed_;
  size_t packed_bytes_ = 0;
};

// Hands out the bodies of a received message. A body that fills most of its frame shares it, others
// are copied; in all no more bytes are handed out than were received.
class BodyResolver {
 public:
  explicit BodyResolver(Frames& frames);
  Result<Body> Resolve(schema::Body::Reader place);

 private:
  Frames& frames_;
  std::vector<std::shared_ptr<zmq::message_t>> shared_;  // one for each frame, on demand
  size_t bytes_left_ = 0;
};

}  // namespace cohort
