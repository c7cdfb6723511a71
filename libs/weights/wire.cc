#include "libs/weights/wire.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "libs/messaging/capnp_frame.h"
#include "schemas/weights.capnp.h"

namespace cohort {
namespace {

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Of instances, tensors and types.
Result<std::string> Name(capnp::Text::Reader text, std::string_view what) {
  if (text.size() > kMaxWeightsNameBytes || std::any_of(text.begin(), text.end(), IsControl)) {
    return InvalidArgument(std::string(what) + " is longer than 256 bytes or not one line of text");
  }
  return std::string(text.begin(), text.size());
}

// One line, cut to what we keep.
std::string Reason(capnp::Text::Reader text) {
  std::string reason(text.begin(), std::min<size_t>(text.size(), kMaxWeightsReasonBytes));
  std::replace_if(reason.begin(), reason.end(), IsControl, ' ');
  return reason;
}

void Write(const Digest& digest, schema::WeightsDigest::Builder out) {
  out.setHigh(digest.high);
  out.setLow(digest.low);
}

Digest Read(schema::WeightsDigest::Reader in) { return {in.getHigh(), in.getLow()}; }

void Write(const WeightsOffer& offer, schema::WeightsOffer::Builder out) {
  out.setVersion(offer.version);
  out.setBytes(offer.manifest.total_bytes);
  Write(offer.digest, out.initDigest());
  out.setTransport(schema::WeightsOffer::Transport::STREAM);
  auto tensors = out.initTensors(static_cast<unsigned>(offer.manifest.tensors.size()));
  for (unsigned i = 0; i < tensors.size(); ++i) {
    const TensorEntry& from = offer.manifest.tensors[i];
    auto to = tensors[i];
    to.setName(from.name);
    to.setType(std::string(DTypeName(from.dtype)));
    auto shape = to.initShape(static_cast<unsigned>(from.shape.size()));
    for (unsigned d = 0; d < shape.size(); ++d) shape.set(d, static_cast<uint64_t>(from.shape[d]));
    to.setOffset(from.offset);
    to.setBytes(from.bytes);
  }
}

Result<TensorEntry> ReadEntry(schema::TensorEntry::Reader in) {
  TensorEntry entry;
  COHORT_ASSIGN_OR_RETURN(entry.name, Name(in.getName(), "a tensor's name"));
  COHORT_ASSIGN_OR_RETURN(const std::string type, Name(in.getType(), "a tensor's type"));
  COHORT_ASSIGN_OR_RETURN(entry.dtype, ParseDType(type));
  for (const uint64_t size : in.getShape()) {
    if (size > INT64_MAX) return InvalidArgument("a size of tensor " + entry.name + " is too big");
    entry.shape.push_back(static_cast<int64_t>(size));
  }
  entry.offset = in.getOffset();
  entry.bytes = in.getBytes();
  return entry;
}

Result<WeightsOffer> Read(schema::WeightsOffer::Reader in) {
  WeightsOffer offer;
  offer.version = in.getVersion();
  if (offer.version == 0) return InvalidArgument("an offer has no version");
  if (in.getTransport() != schema::WeightsOffer::Transport::STREAM) {
    return InvalidArgument("version " + std::to_string(offer.version) +
                           " is offered over a transport that is not known here");
  }
  offer.digest = Read(in.getDigest());
  offer.manifest.total_bytes = in.getBytes();
  for (const auto tensor : in.getTensors()) {
    COHORT_ASSIGN_OR_RETURN(TensorEntry entry, ReadEntry(tensor));
    offer.manifest.tensors.push_back(std::move(entry));
  }
  COHORT_RETURN_IF_ERROR(CheckManifest(offer.manifest));
  if (offer.manifest.total_bytes == 0) return InvalidArgument("an offer has no bytes");
  return offer;
}

struct Writer {
  schema::WeightsMessage::Builder out;

  void operator()(const WeightsHello& m) {
    auto hello = out.initHello();
    hello.setProtocolVersion(m.protocol_version);
    hello.setInstance(m.instance);
    hello.setSession(m.session);
  }
  void operator()(const WeightsFetch& m) {
    auto fetch = out.initFetch();
    fetch.setVersion(m.version);
    fetch.setOffset(m.offset);
    fetch.setLength(m.length);
  }
  void operator()(const WeightsLoaded& m) {
    auto loaded = out.initLoaded();
    loaded.setVersion(m.version);
    Write(m.digest, loaded.initDigest());
  }
  void operator()(const WeightsFailed& m) {
    auto failed = out.initFailed();
    failed.setVersion(m.version);
    failed.setReason(m.reason);
  }
  void operator()(const WeightsPing&) { out.setPing(); }
  void operator()(const WeightsGoodbye&) { out.setGoodbye(); }
  void operator()(const WeightsOffers& m) {
    auto offers = out.initOffers();
    offers.setPublisher(m.publisher);
    if (m.newest) Write(*m.newest, offers.initNewest());
    if (m.evaluation) Write(*m.evaluation, offers.initEvaluation());
  }
  void operator()(const WeightsChunk& m) {
    auto chunk = out.initChunk();
    chunk.setVersion(m.version);
    chunk.setOffset(m.offset);
  }
  void operator()(const WeightsGone& m) { out.initGone().setVersion(m.version); }
  void operator()(const WeightsVerdict& m) {
    auto verdict = out.initVerdict();
    verdict.setVersion(m.version);
    verdict.setAccepted(m.accepted);
    verdict.setReason(m.reason);
  }
  void operator()(const WeightsPong&) { out.setPong(); }
  void operator()(const WeightsWhoAreYou&) { out.setWhoAreYou(); }
  void operator()(const WeightsRefused& m) { out.setRefused(m.reason); }
};

Result<WeightsMessage> ReadHello(schema::WeightsHello::Reader in) {
  WeightsHello hello{in.getProtocolVersion(), "", in.getSession()};
  COHORT_ASSIGN_OR_RETURN(hello.instance, Name(in.getInstance(), "the instance of a hello"));
  if (hello.instance.empty()) return InvalidArgument("a hello names no instance");
  if (hello.session == 0) return InvalidArgument("a hello has no session");
  return WeightsMessage(std::move(hello));
}

Result<WeightsMessage> ReadOffers(schema::WeightsOffers::Reader in) {
  WeightsOffers offers;
  offers.publisher = in.getPublisher();
  if (offers.publisher == 0) return InvalidArgument("offers name no publisher");
  if (in.hasNewest()) {
    COHORT_ASSIGN_OR_RETURN(offers.newest, Read(in.getNewest()));
  }
  if (in.hasEvaluation()) {
    COHORT_ASSIGN_OR_RETURN(offers.evaluation, Read(in.getEvaluation()));
  }
  return WeightsMessage(std::move(offers));
}

Result<WeightsMessage> ReadMessage(schema::WeightsMessage::Reader in) {
  switch (in.which()) {
    case schema::WeightsMessage::HELLO:
      return ReadHello(in.getHello());
    case schema::WeightsMessage::FETCH: {
      const auto fetch = in.getFetch();
      if (fetch.getVersion() == 0 || fetch.getLength() == 0) {
        return InvalidArgument("a fetch needs a version and a length");
      }
      return WeightsMessage(WeightsFetch{fetch.getVersion(), fetch.getOffset(), fetch.getLength()});
    }
    case schema::WeightsMessage::LOADED:
      return WeightsMessage(
          WeightsLoaded{in.getLoaded().getVersion(), Read(in.getLoaded().getDigest())});
    case schema::WeightsMessage::FAILED:
      return WeightsMessage(
          WeightsFailed{in.getFailed().getVersion(), Reason(in.getFailed().getReason())});
    case schema::WeightsMessage::PING:
      return WeightsMessage(WeightsPing{});
    case schema::WeightsMessage::GOODBYE:
      return WeightsMessage(WeightsGoodbye{});
    case schema::WeightsMessage::OFFERS:
      return ReadOffers(in.getOffers());
    case schema::WeightsMessage::CHUNK:
      return WeightsMessage(WeightsChunk{in.getChunk().getVersion(), in.getChunk().getOffset()});
    case schema::WeightsMessage::GONE:
      return WeightsMessage(WeightsGone{in.getGone().getVersion()});
    case schema::WeightsMessage::VERDICT:
      return WeightsMessage(WeightsVerdict{in.getVerdict().getVersion(),
                                           in.getVerdict().getAccepted(),
                                           Reason(in.getVerdict().getReason())});
    case schema::WeightsMessage::PONG:
      return WeightsMessage(WeightsPong{});
    case schema::WeightsMessage::WHO_ARE_YOU:
      return WeightsMessage(WeightsWhoAreYou{});
    case schema::WeightsMessage::REFUSED:
      return WeightsMessage(WeightsRefused{Reason(in.getRefused())});
    case schema::WeightsMessage::UNSET:
      break;
  }
  return InvalidArgument("a weights message of unknown kind");
}

}  // namespace

uint32_t WeightsProtocolVersion() { return schema::WEIGHTS_PROTOCOL_VERSION; }

std::string EncodeWeightsMessage(const WeightsMessage& message) {
  capnp::MallocMessageBuilder builder;
  std::visit(Writer{builder.initRoot<schema::WeightsMessage>()}, message);
  const kj::Array<capnp::word> words = capnp::messageToFlatArray(builder);
  const auto bytes = words.asBytes();
  return std::string(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
}

Result<WeightsMessage> DecodeWeightsMessage(std::string_view bytes) {
  if (bytes.size() > kMaxWeightsMessageBytes) {
    return DataLoss("a weights message of " + std::to_string(bytes.size()) + " bytes is too long");
  }
  Result<WeightsMessage> message = Internal("not read");
  COHORT_RETURN_IF_ERROR(ReadFrame<schema::WeightsMessage>(
      bytes, "weights message", [&](schema::WeightsMessage::Reader reader) {
        message = ReadMessage(reader);
        return message.status();
      }));
  return message;
}

}  // namespace cohort
