#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include <cstring>
#include <exception>

#include "libs/protocol/codec.h"
#include "schemas/rollout.capnp.h"

namespace cohort {
namespace {

constexpr size_t kWordBytes = sizeof(capnp::word);

std::string ToString(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

// A list of 4-byte numbers, by its raw bytes. A list of wider elements is legal Cap'n Proto, but
// not what the schema says.
template <typename T, typename ListReader>
Result<std::vector<T>> Numbers(std::string_view field, ListReader list) {
  static_assert(sizeof(T) == 4);
  if (list.size() == 0) return std::vector<T>();
  const capnp::AnyList::Reader any(list);
  const kj::ArrayPtr<const kj::byte> bytes = any.getRawBytes();
  if (any.getElementSize() != capnp::ElementSize::FOUR_BYTES ||
      bytes.size() != size_t{list.size()} * sizeof(T)) {
    return InvalidArgument(std::string(field) + " is not a list of 4-byte numbers");
  }
  std::vector<T> numbers(list.size());
  std::memcpy(numbers.data(), bytes.begin(), bytes.size());
  return numbers;
}

// An enum of 16 bits as one of 8: what does not fit becomes 0, which no enum of ours knows.
template <typename Enum, typename WireEnum>
Enum Narrow(WireEnum wire) {
  const auto number = static_cast<uint16_t>(wire);
  return number > 0xff ? Enum{0} : static_cast<Enum>(number);
}

Status Read(schema::Sampling::Reader in, SamplingParams& sampling) {
  sampling.temperature = in.getTemperature();
  sampling.top_p = in.getTopP();
  sampling.max_new_tokens = in.getMaxNewTokens();
  COHORT_ASSIGN_OR_RETURN(sampling.stop_tokens,
                          Numbers<int32_t>("prompt.sampling.stop_tokens", in.getStopTokens()));
  return {};
}

Status Read(schema::Prompt::Reader in, Prompt& prompt) {
  prompt.id = {in.getRun(), in.getSpace(), in.getCursor(), 0};
  prompt.route = ToString(in.getRoute());
  prompt.purpose = Narrow<Purpose>(in.getPurpose());
  COHORT_ASSIGN_OR_RETURN(prompt.tokens, Numbers<int32_t>("prompt.tokens", in.getTokens()));
  prompt.group_size = in.getGroupSize();
  COHORT_RETURN_IF_ERROR(Read(in.getSampling(), prompt.sampling));
  for (const capnp::Text::Reader scorer : in.getScorers()) {
    prompt.scorers.push_back(ToString(scorer));
  }
  const capnp::Data::Reader truth = in.getTruth();
  prompt.truth.assign(reinterpret_cast<const char*>(truth.begin()), truth.size());
  prompt.columns = ToString(in.getColumns());
  prompt.row = in.getRow();
  prompt.seed = in.getSeed();
  prompt.min_version = in.getMinVersion();
  prompt.exact_version = in.getExactVersion();
  COHORT_ASSIGN_OR_RETURN(prompt.have, Numbers<uint32_t>("prompt.have", in.getHave()));
  prompt.issued_at = in.getIssuedAt();
  return {};
}

Status Read(schema::Rollout::Reader in, Rollout& rollout) {
  COHORT_RETURN_IF_ERROR(Read(in.getPrompt(), rollout.prompt));
  rollout.sample = in.getSample();
  COHORT_ASSIGN_OR_RETURN(rollout.tokens, Numbers<int32_t>("rollout.tokens", in.getTokens()));
  COHORT_ASSIGN_OR_RETURN(rollout.logprobs, Numbers<float>("rollout.logprobs", in.getLogprobs()));
  rollout.finish = Narrow<FinishReason>(in.getFinish());
  for (const schema::VersionRun::Reader run : in.getVersions()) {
    rollout.versions.push_back({run.getVersion(), run.getTokens()});
  }
  rollout.started_at = in.getStartedAt();
  rollout.finished_at = in.getFinishedAt();
  rollout.actor = ToString(in.getActor());
  return {};
}

Status Read(schema::Outcome::Reader in, Outcome& outcome) {
  COHORT_ASSIGN_OR_RETURN(const OutcomeReason reason, OutcomeReasonFromNumber(in.getReason()));
  std::string detail = ToString(in.getDetail());
  const auto list = in.getComponents();
  if (!IsScored(reason)) {
    if (list.size() != 0 || in.getCorrect()) {
      return InvalidArgument("has a score although it is masked: " +
                             std::string(OutcomeReasonName(reason)));
    }
    outcome = Outcome::Masked(reason, std::move(detail)).With(ToString(in.getEvidence()));
    return {};
  }
  std::vector<RewardComponent> components;
  for (const schema::Component::Reader component : list) {
    components.push_back(
        {ToString(component.getName()), component.getValue(), component.getWeight()});
  }
  COHORT_ASSIGN_OR_RETURN(
      outcome, Outcome::Scored(reason, std::move(components), in.getCorrect(), std::move(detail)));
  outcome = std::move(outcome).With(ToString(in.getEvidence()));
  return {};
}

Status Read(schema::Scored::Reader in, Scored& scored) {
  COHORT_RETURN_IF_ERROR(Read(in.getRollout(), scored.rollout));
  if (const Status status = Read(in.getOutcome(), scored.outcome); !status.ok()) {
    return status.WithContext("scored.outcome");
  }
  scored.completion = ToString(in.getCompletion());
  scored.received_at = in.getReceivedAt();
  scored.scored_at = in.getScoredAt();
  scored.worker = ToString(in.getWorker());
  return {};
}

// The bytes as whole, aligned words: in place where they are, else in `copy`.
kj::ArrayPtr<const capnp::word> AlignedWords(std::string_view bytes, kj::Array<capnp::word>& copy) {
  const size_t words = bytes.size() / kWordBytes;
  if (reinterpret_cast<uintptr_t>(bytes.data()) % alignof(capnp::word) == 0) {
    return {reinterpret_cast<const capnp::word*>(bytes.data()), words};
  }
  copy = kj::heapArray<capnp::word>(words);
  std::memcpy(copy.begin(), bytes.data(), words * kWordBytes);
  return copy;
}

template <typename Schema, typename T>
Status DecodeInto(std::string_view bytes, T& value) {
  if (bytes.empty()) return DataLoss("is empty");
  if (bytes.size() > kMaxMessageBytes) {
    return InvalidArgument("is larger than " + std::to_string(kMaxMessageBytes) + " bytes");
  }
  if (bytes.size() % kWordBytes != 0) {
    return DataLoss("is cut short: " + std::to_string(bytes.size()) + " bytes are no whole words");
  }
  kj::Array<capnp::word> copy;
  const kj::ArrayPtr<const capnp::word> words = AlignedWords(bytes, copy);
  capnp::ReaderOptions options;
  // Every field is read once: what comes to more than the message itself is pointers that alias.
  options.traversalLimitInWords = 2 * words.size() + 1024;
  options.nestingLimit = 16;
  capnp::FlatArrayMessageReader reader(words, options);
  if (reader.getEnd() != words.end()) return DataLoss("has bytes after its end");
  COHORT_RETURN_IF_ERROR(Read(reader.getRoot<Schema>(), value));
  return Validate(value);
}

// The boundary: what Cap'n Proto throws ends here.
template <typename Schema, typename T>
Result<T> Decode(std::string_view name, std::string_view bytes) {
  T value;
  Status status;
  try {
    status = DecodeInto<Schema>(bytes, value);
  } catch (const kj::Exception& exception) {
    std::string reason(exception.getDescription().cStr());
    for (char& c : reason) {
      if (c == '\n') c = ' ';
    }
    status = DataLoss("is damaged: " + reason);
  } catch (const std::exception& exception) {
    status = ResourceExhausted(std::string("cannot be read: ") + exception.what());
  }
  if (!status.ok())
    return Status(status.code(), std::string(name) + " message: " + status.message());
  return value;
}

}  // namespace

Result<Prompt> DecodePrompt(std::string_view bytes) {
  return Decode<schema::Prompt, Prompt>("prompt", bytes);
}
Result<Rollout> DecodeRollout(std::string_view bytes) {
  return Decode<schema::Rollout, Rollout>("rollout", bytes);
}
Result<Scored> DecodeScored(std::string_view bytes) {
  return Decode<schema::Scored, Scored>("scored", bytes);
}

}  // namespace cohort
