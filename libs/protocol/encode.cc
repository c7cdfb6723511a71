#include <capnp/message.h>
#include <capnp/serialize.h>

#include <cstring>
#include <list>
#include <span>

#include "libs/protocol/codec.h"
#include "schemas/rollout.capnp.h"

namespace cohort {
namespace {

constexpr size_t kWordBytes = sizeof(capnp::word);
// The frame of a message of one segment: the number of segments − 1 and the segment's words, each
// as 32 bits.
constexpr size_t kHeaderBytes = 8;

// Builds straight into the string that Encode returns. Segments beyond the first appear only if
// the size was underestimated.
class StringBuilder : public capnp::MessageBuilder {
 public:
  explicit StringBuilder(size_t words) : bytes_(kHeaderBytes + words * kWordBytes, '\0') {}

  kj::ArrayPtr<capnp::word> allocateSegment(unsigned minimum_words) override {
    const size_t words = (bytes_.size() - kHeaderBytes) / kWordBytes;
    if (!first_taken_ && minimum_words <= words) {
      first_taken_ = true;
      return {reinterpret_cast<capnp::word*>(bytes_.data() + kHeaderBytes), words};
    }
    first_taken_ = true;
    auto& segment = more_.emplace_back(kj::heapArray<capnp::word>(minimum_words + words));
    std::memset(segment.begin(), 0, segment.size() * kWordBytes);
    return segment;
  }

  // Ends the building.
  std::string Take() && {
    const auto segments = getSegmentsForOutput();
    if (segments.size() != 1 || !more_.empty()) {
      const kj::Array<capnp::word> flat = capnp::messageToFlatArray(segments);
      return std::string(reinterpret_cast<const char*>(flat.begin()), flat.size() * kWordBytes);
    }
    const uint32_t header[2] = {0, static_cast<uint32_t>(segments[0].size())};
    std::memcpy(bytes_.data(), header, sizeof(header));
    bytes_.resize(kHeaderBytes + segments[0].size() * kWordBytes);
    return std::move(bytes_);
  }

 private:
  std::string bytes_;  // longer than a small string: its bytes are aligned for words
  bool first_taken_ = false;
  std::list<kj::Array<capnp::word>> more_;
};

// Upper bounds of what an object takes, in words.
constexpr size_t kStructWords = 64;  // every fixed part of one of our structs and its lists' heads
size_t BlobWords(size_t bytes) { return bytes / kWordBytes + 2; }

size_t Words(const Prompt& prompt) {
  size_t words = 2 * kStructWords + BlobWords(prompt.route.size()) +
                 BlobWords(prompt.tokens.size() * 4) + BlobWords(prompt.truth.size()) +
                 BlobWords(prompt.columns.size()) + BlobWords(prompt.have.size() * 4) +
                 BlobWords(prompt.sampling.stop_tokens.size() * 4);
  for (const std::string& scorer : prompt.scorers) words += 1 + BlobWords(scorer.size());
  return words;
}

size_t Words(const Rollout& rollout) {
  return kStructWords + Words(rollout.prompt) + BlobWords(rollout.tokens.size() * 4) +
         BlobWords(rollout.logprobs.size() * 4) + rollout.versions.size() * 2 +
         BlobWords(rollout.actor.size());
}

size_t Words(const Scored& scored) {
  size_t words = 2 * kStructWords + Words(scored.rollout) + BlobWords(scored.completion.size()) +
                 BlobWords(scored.worker.size()) + BlobWords(scored.outcome.detail().size()) +
                 BlobWords(scored.outcome.evidence().size());
  for (const RewardComponent& component : scored.outcome.components()) {
    words += 3 + BlobWords(component.name.size());
  }
  return words;
}

kj::StringPtr Text(const std::string& text) { return {text.c_str(), text.size()}; }

template <typename Builder, typename T>
void Fill(Builder list, const std::vector<T>& values) {
  for (unsigned i = 0; i < values.size(); ++i) list.set(i, values[i]);
}

void Write(const SamplingParams& sampling, schema::Sampling::Builder out) {
  out.setTemperature(sampling.temperature);
  out.setTopP(sampling.top_p);
  out.setMaxNewTokens(sampling.max_new_tokens);
  Fill(out.initStopTokens(sampling.stop_tokens.size()), sampling.stop_tokens);
}

void Write(const Prompt& prompt, schema::Prompt::Builder out) {
  out.setRun(prompt.id.run);
  out.setSpace(prompt.id.space);
  out.setCursor(prompt.id.cursor);
  out.setRoute(Text(prompt.route));
  out.setPurpose(static_cast<schema::Purpose>(prompt.purpose));
  Fill(out.initTokens(prompt.tokens.size()), prompt.tokens);
  out.setGroupSize(prompt.group_size);
  Write(prompt.sampling, out.initSampling());
  auto scorers = out.initScorers(prompt.scorers.size());
  for (unsigned i = 0; i < prompt.scorers.size(); ++i) scorers.set(i, Text(prompt.scorers[i]));
  out.setTruth({reinterpret_cast<const kj::byte*>(prompt.truth.data()), prompt.truth.size()});
  if (!prompt.columns.empty()) out.setColumns(Text(prompt.columns));
  out.setRow(prompt.row);
  out.setSeed(prompt.seed);
  out.setMinVersion(prompt.min_version);
  out.setExactVersion(prompt.exact_version);
  Fill(out.initHave(prompt.have.size()), prompt.have);
  out.setIssuedAt(prompt.issued_at);
}

void Write(const Rollout& rollout, schema::Rollout::Builder out) {
  Write(rollout.prompt, out.initPrompt());
  out.setSample(rollout.sample);
  Fill(out.initTokens(rollout.tokens.size()), rollout.tokens);
  Fill(out.initLogprobs(rollout.logprobs.size()), rollout.logprobs);
  out.setFinish(static_cast<schema::Finish>(rollout.finish));
  auto runs = out.initVersions(rollout.versions.size());
  for (unsigned i = 0; i < rollout.versions.size(); ++i) {
    runs[i].setVersion(rollout.versions[i].version);
    runs[i].setTokens(rollout.versions[i].tokens);
  }
  out.setStartedAt(rollout.started_at);
  out.setFinishedAt(rollout.finished_at);
  out.setActor(Text(rollout.actor));
}

void Write(const Outcome& outcome, schema::Outcome::Builder out) {
  out.setReason(static_cast<uint16_t>(outcome.reason()));
  out.setCorrect(outcome.correct());
  auto components = out.initComponents(outcome.components().size());
  for (unsigned i = 0; i < outcome.components().size(); ++i) {
    const RewardComponent& component = outcome.components()[i];
    components[i].setName(Text(component.name));
    components[i].setValue(component.value);
    components[i].setWeight(component.weight);
  }
  out.setDetail(Text(outcome.detail()));
  out.setEvidence(Text(outcome.evidence()));
}

void Write(const Scored& scored, schema::Scored::Builder out) {
  Write(scored.rollout, out.initRollout());
  Write(scored.outcome, out.initOutcome());
  out.setCompletion(Text(scored.completion));
  out.setReceivedAt(scored.received_at);
  out.setScoredAt(scored.scored_at);
  out.setWorker(Text(scored.worker));
}

template <typename Schema, typename T>
std::string EncodeAs(const T& value) {
  StringBuilder builder(Words(value));
  Write(value, builder.initRoot<Schema>());
  return std::move(builder).Take();
}

}  // namespace

std::string Encode(const Prompt& prompt) { return EncodeAs<schema::Prompt>(prompt); }
std::string Encode(const Rollout& rollout) { return EncodeAs<schema::Rollout>(rollout); }
std::string Encode(const Scored& scored) { return EncodeAs<schema::Scored>(scored); }

}  // namespace cohort
