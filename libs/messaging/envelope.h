// Multipart messages of broker and processes: encoded from, and decoded into, types of our own.
//
// Decoding is the boundary of trust: it returns a Status for anything that is not a well-formed
// message (garbage, truncation, counts beyond the limits, zero ids), never throws and never
// allocates more than a small multiple of what was received. A message of another major version is
// a failed precondition, everything else that is wrong is data loss or an invalid argument. Bodies
// of up to kCopiedBody bytes share a frame and are copied; larger ones have frames of their own and
// are never copied. Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>
#include <zmq.hpp>

#include "libs/base/status.h"
#include "libs/messaging/commands.h"

namespace cohort {

inline constexpr uint32_t kProtocolVersion = 1;
inline constexpr size_t kCopiedBody = 8 * 1024;
// What one envelope may hold; batches are kept far below.
inline constexpr size_t kMaxCommands = 4096;
inline constexpr size_t kMaxFrames = 65536;
inline constexpr size_t kMaxNameBytes = 256;
inline constexpr size_t kMaxReasonBytes = 4096;
inline constexpr size_t kMaxPhaseBytes = 80;
inline constexpr uint32_t kMaxPeeked = 1000;

// Without the routing id.
using Frames = std::vector<zmq::message_t>;

struct Ping {};
struct Goodbye {};
struct ClientMessage {
  uint64_t session = 0;
  std::variant<HelloMessage, std::vector<Command>, Ping, Goodbye> content;
};

struct SayHello {
  std::string why;
};
struct Refused {
  Status status;
};
struct Pong {};
struct Farewell {};
struct BrokerMessage {
  uint64_t session = 0;
  uint64_t processed = 0;
  std::variant<WelcomeMessage, SayHello, Refused, std::vector<Event>, Pong, Farewell> content;
};

Frames EncodeHello(uint64_t session, const HelloMessage& hello);
Frames EncodeCommands(uint64_t session, std::span<const Command* const> commands);
Frames EncodePing(uint64_t session);
Frames EncodeGoodbye(uint64_t session);
Result<ClientMessage> DecodeClientMessage(Frames frames);

Frames EncodeWelcome(uint64_t session, uint64_t processed, const WelcomeMessage& welcome);
Frames EncodeSayHello(uint64_t session, const std::string& why);
Frames EncodeRefused(uint64_t session, const Status& status);
Frames EncodeEvents(uint64_t session, uint64_t processed, std::span<const Event> events);
Frames EncodePong(uint64_t session, uint64_t processed);
Frames EncodeFarewell(uint64_t session, uint64_t processed);
Result<BrokerMessage> DecodeBrokerMessage(Frames frames);

// Bytes that the command adds to a message: bodies and, roughly, its own words.
size_t ApproximateBytes(const Command& command);
size_t ApproximateBytes(const Event& event);

}  // namespace cohort
