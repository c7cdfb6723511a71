// Messages of processes, as the broker reads them.
#include "libs/messaging/capnp_frame.h"
#include "libs/messaging/envelope.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/fuzz.h"

namespace cohort {
namespace {

Frames EncodeAgain(const ClientMessage& message) {
  if (const auto* hello = std::get_if<HelloMessage>(&message.content)) {
    return EncodeHello(message.session, *hello);
  }
  if (const auto* commands = std::get_if<std::vector<Command>>(&message.content)) {
    std::vector<const Command*> pointers;
    for (const Command& command : *commands) pointers.push_back(&command);
    return EncodeCommands(message.session, pointers);
  }
  if (std::holds_alternative<Ping>(message.content)) return EncodePing(message.session);
  return EncodeGoodbye(message.session);
}

std::string Flat(const Frames& frames) {
  std::string flat;
  for (const zmq::message_t& frame : frames) flat += FrameView(frame);
  return flat;
}

}  // namespace
}  // namespace cohort

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort;
  const Result<ClientMessage> message = DecodeClientMessage(SplitFrames(FuzzBytes(data, size)));
  if (!message.ok()) {
    CheckOneLine(message.status());
    return 0;
  }
  Frames frames = EncodeAgain(*message);
  const std::string flat = Flat(frames);
  // Aliased pointers amplify a message by a small factor only.
  FUZZ_CHECK(flat.size() <= 16 * size + 32768);
  const Result<ClientMessage> again = DecodeClientMessage(std::move(frames));
  FUZZ_CHECK(again.ok());
  FUZZ_CHECK(Flat(EncodeAgain(*again)) == flat);
  return 0;
}
