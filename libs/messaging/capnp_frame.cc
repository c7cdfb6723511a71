#include "libs/messaging/capnp_frame.h"

#include <capnp/serialize.h>
#include <kj/array.h>
#include <kj/exception.h>
#include <kj/io.h>

#include <cstdint>
#include <cstring>
#include <exception>
#include <string>

namespace cohort {
namespace {

// kj's descriptions span lines and name its own source files: the first line is what a person
// needs.
std::string FirstLine(const char* text) {
  const std::string_view all(text);
  return std::string(all.substr(0, all.find('\n')));
}

}  // namespace

Status ReadFrameGuarded(std::string_view bytes, std::string_view what,
                        const std::function<Status(capnp::MessageReader&)>& read) {
  const std::string name(what);
  if (bytes.empty()) return DataLoss(name + ": the frame is empty");
  if (bytes.size() % sizeof(capnp::word) != 0) {
    return DataLoss(name + ": " + std::to_string(bytes.size()) +
                    " bytes are no whole number of 8-byte words");
  }
  const size_t words = bytes.size() / sizeof(capnp::word);
  kj::Array<capnp::word> aligned;
  const auto* data = reinterpret_cast<const capnp::word*>(bytes.data());
  if (reinterpret_cast<uintptr_t>(bytes.data()) % alignof(capnp::word) != 0) {
    aligned = kj::heapArray<capnp::word>(words);
    std::memcpy(aligned.begin(), bytes.data(), bytes.size());
    data = aligned.begin();
  }
  capnp::ReaderOptions limits;
  limits.traversalLimitInWords = 2 * words + 1024;
  limits.nestingLimit = 64;
  try {
    capnp::FlatArrayMessageReader message(kj::arrayPtr(data, words), limits);
    return read(message);
  } catch (const kj::Exception& e) {
    return DataLoss(name + ": " + FirstLine(e.getDescription().cStr()));
  } catch (const std::exception& e) {
    return DataLoss(name + ": " + FirstLine(e.what()));
  }
}

zmq::message_t ToFrame(capnp::MessageBuilder& message) {
  const size_t bytes = capnp::computeSerializedSizeInWords(message) * sizeof(capnp::word);
  zmq::message_t frame(bytes);
  kj::ArrayOutputStream out(kj::arrayPtr(static_cast<kj::byte*>(frame.data()), bytes));
  capnp::writeMessage(out, message);
  return frame;
}

}  // namespace cohort
