// The one boundary between Cap'n Proto and the bytes of a peer.
//
// Bytes are read in place when they are 8-byte aligned and copied first when not. Cap'n Proto
// validates lazily and throws: whatever it throws while `read` runs becomes a Status (data loss)
// that names `what`. `read` copies what it keeps; no reader may outlive the call. Limits: nesting
// 64; traversal twice the frame (plus a little), so that aliased pointers cannot make a small frame
// expensive. Thread-safe.
#pragma once

#include <capnp/message.h>

#include <functional>
#include <string_view>
#include <zmq.hpp>

#include "libs/base/status.h"

namespace cohort {

// The untyped half; use ReadFrame.
Status ReadFrameGuarded(std::string_view bytes, std::string_view what,
                        const std::function<Status(capnp::MessageReader&)>& read);

template <typename Schema, typename Read>  // Read: Status(typename Schema::Reader)
Status ReadFrame(std::string_view bytes, std::string_view what, Read&& read) {
  return ReadFrameGuarded(bytes, what, [&read](capnp::MessageReader& message) -> Status {
    return read(message.getRoot<Schema>());
  });
}

// The message as one frame, built without a copy in between.
zmq::message_t ToFrame(capnp::MessageBuilder& message);

inline std::string_view FrameView(const zmq::message_t& frame) {
  return {static_cast<const char*>(frame.data()), frame.size()};
}

}  // namespace cohort
