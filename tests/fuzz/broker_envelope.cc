// Messages of the broker, as processes read them.
#include "libs/messaging/capnp_frame.h"
#include "libs/messaging/envelope.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/fuzz.h"

namespace cohort {
namespace {

Frames EncodeAgain(const BrokerMessage& message) {
  if (const auto* welcome = std::get_if<WelcomeMessage>(&message.content)) {
    return EncodeWelcome(message.session, message.processed, *welcome);
  }
  if (const auto* hello = std::get_if<SayHello>(&message.content)) {
    return EncodeSayHello(message.session, hello->why);
  }
  if (const auto* refused = std::get_if<Refused>(&message.content)) {
    return EncodeRefused(message.session, refused->status);
  }
  if (const auto* events = std::get_if<std::vector<Event>>(&message.content)) {
    return EncodeEvents(message.session, message.processed, *events);
  }
  if (std::holds_alternative<Pong>(message.content)) {
    return EncodePong(message.session, message.processed);
  }
  return EncodeFarewell(message.session, message.processed);
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
  const Result<BrokerMessage> message = DecodeBrokerMessage(SplitFrames(FuzzBytes(data, size)));
  if (!message.ok()) {
    CheckOneLine(message.status());
    return 0;
  }
  Frames frames = EncodeAgain(*message);
  const std::string flat = Flat(frames);
  FUZZ_CHECK(flat.size() <= 16 * size + 32768);
  const Result<BrokerMessage> again = DecodeBrokerMessage(std::move(frames));
  FUZZ_CHECK(again.ok());
  FUZZ_CHECK(Flat(EncodeAgain(*again)) == flat);
  return 0;
}
