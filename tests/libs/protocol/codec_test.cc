#include "libs/protocol/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "tests/libs/protocol/samples.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

TEST(Codec, APromptComesBackAsItWas) {
  const Prompt prompt = SamplePrompt();
  const Result<Prompt> decoded = DecodePrompt(Encode(prompt));
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ(*decoded, prompt);
}

TEST(Codec, ARolloutComesBackAsItWas) {
  const Rollout rollout = SampleRollout();
  const Result<Rollout> decoded = DecodeRollout(Encode(rollout));
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ(*decoded, rollout);
}

TEST(Codec, AScoredSampleComesBackAsItWas) {
  const Scored scored = SampleScored();
  const Result<Scored> decoded = DecodeScored(Encode(scored));
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ(*decoded, scored);
}

TEST(Codec, AMaskedSampleComesBackWithoutAScore) {
  Scored scored = SampleScored();
  scored.outcome = Outcome::Masked(OutcomeReason::kGoldInvalid, "no number in 'abc'");
  const Result<Scored> decoded = DecodeScored(Encode(scored));
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ(*decoded, scored);
  EXPECT_EQ(decoded->outcome.reward(), std::nullopt);
}

TEST(Codec, ReadsBytesOfAnyAlignment) {
  const std::string bytes = Encode(SampleScored());
  std::string buffer(bytes.size() + 16, '\0');
  for (size_t offset = 0; offset < 16; ++offset) {
    std::memcpy(buffer.data() + offset, bytes.data(), bytes.size());
    const Result<Scored> decoded = DecodeScored({buffer.data() + offset, bytes.size()});
    ASSERT_TRUE(decoded.ok()) << offset << ": " << decoded.status().ToString();
    EXPECT_EQ(*decoded, SampleScored());
  }
}

TEST(Codec, WritesOneSegmentWhateverTheSizes) {
  for (const size_t size : {1u, 7u, 8u, 100u, 5000u}) {
    Scored scored = SampleScored();
    scored.completion.assign(size, 'x');
    scored.worker.assign(size % 200, 'w');
    Rollout& rollout = scored.rollout;
    rollout.prompt.tokens.assign(size, 3);
    rollout.prompt.truth.assign(size, 't');
    rollout.prompt.scorers.assign(size, "scorer");
    rollout.prompt.group_size = size;
    rollout.prompt.have.clear();
    for (uint32_t i = 0; i < size; ++i) rollout.prompt.have.push_back(i);
    rollout.prompt.sampling.max_new_tokens = size;
    rollout.sample = 0;
    rollout.finish = FinishReason::kLength;
    rollout.tokens.assign(size, 4);
    rollout.logprobs.assign(size, -1.0f);
    rollout.versions.clear();
    for (uint32_t i = 0; i < size; ++i) rollout.versions.push_back({i + 5, 1});
    scored.outcome = *Outcome::Scored(OutcomeReason::kUnparseable,
                                      std::vector<RewardComponent>(size, {"name", 1, 2}), false,
                                      std::string(size, 'd'));
    const std::string bytes = Encode(scored);
    uint32_t more_segments = 1;
    std::memcpy(&more_segments, bytes.data(), sizeof(more_segments));
    EXPECT_EQ(more_segments, 0u) << size;
    const Result<Scored> decoded = DecodeScored(bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
    EXPECT_EQ(*decoded, scored);
  }
}

template <typename T>
struct BadField {
  std::string words;  // of the message that refuses it
  void (*spoil)(T&);
};

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Codec, NamesTheBadFieldOfAPrompt) {
  const BadField<Prompt> cases[] = {
      {"prompt.id.run is 0", [](Prompt& p) { p.id.run = 0; }},
      {"prompt.id.space is 0", [](Prompt& p) { p.id.space = 0; }},
      {"prompt.route is empty", [](Prompt& p) { p.route.clear(); }},
      {"prompt.route holds a control character", [](Prompt& p) { p.route = "ma\nin"; }},
      {"prompt.route is longer", [](Prompt& p) { p.route.assign(257, 'r'); }},
      {"prompt.purpose is unset or unknown", [](Prompt& p) { p.purpose = Purpose{0}; }},
      {"prompt.purpose is unset or unknown", [](Prompt& p) { p.purpose = Purpose{200}; }},
      {"prompt.tokens is empty", [](Prompt& p) { p.tokens.clear(); }},
      {"prompt.tokens[2] is -1", [](Prompt& p) { p.tokens[2] = -1; }},
      {"prompt.group_size is 0", [](Prompt& p) { p.group_size = 0; }},
      {"prompt.group_size is 65537", [](Prompt& p) { p.group_size = kMaxGroupSize + 1; }},
      {"prompt.have[1] names sample 4", [](Prompt& p) { p.have[1] = 4; }},
      {"prompt.have[1] is not above", [](Prompt& p) { p.have[1] = 0; }},
      {"prompt.sampling.temperature", [](Prompt& p) { p.sampling.temperature = kNan; }},
      {"prompt.sampling.temperature", [](Prompt& p) { p.sampling.temperature = -0.1; }},
      {"prompt.sampling.temperature is 0 (greedy)", [](Prompt& p) { p.sampling.temperature = 0; }},
      {"prompt.sampling.top_p is not in (0, 1]", [](Prompt& p) { p.sampling.top_p = 0; }},
      {"prompt.sampling.top_p is not in (0, 1]", [](Prompt& p) { p.sampling.top_p = kNan; }},
      {"prompt.sampling.top_p is below 1", [](Prompt& p) { p.sampling.top_p = 0.9; }},
      {"prompt.sampling.max_new_tokens", [](Prompt& p) { p.sampling.max_new_tokens = 0; }},
      {"prompt.sampling.stop_tokens is empty", [](Prompt& p) { p.sampling.stop_tokens.clear(); }},
      {"prompt.scorers[1] is empty", [](Prompt& p) { p.scorers[1].clear(); }},
      {"prompt.min_version is 0", [](Prompt& p) { p.min_version = 0; }},
      {"prompt.exact_version is older", [](Prompt& p) { p.exact_version = 4; }},
      {"prompt.columns", [](Prompt& p) { p.columns = "tests"; }},
      {"prompt.columns",
       [](Prompt& p) {
         p.columns = "{\"x\":" + std::string(65, '[') + std::string(65, ']') + "}";
       }},
      {"prompt.columns", [](Prompt& p) { p.columns = "{" + std::string(1 << 20, ' ') + "}"; }},
      {"prompt.issued_at", [](Prompt& p) { p.issued_at = -kInfinity; }},
  };
  for (const auto& bad : cases) {
    Prompt prompt = SamplePrompt();
    bad.spoil(prompt);
    const Result<Prompt> decoded = DecodePrompt(Encode(prompt));
    ASSERT_FALSE(decoded.ok()) << bad.words;
    EXPECT_EQ(decoded.status().code(), StatusCode::kInvalidArgument) << bad.words;
    EXPECT_THAT(decoded.status().message(), HasSubstr(bad.words));
  }
}

TEST(Codec, NamesTheBadFieldOfARollout) {
  const BadField<Rollout> cases[] = {
      {"prompt.tokens is empty", [](Rollout& r) { r.prompt.tokens.clear(); }},
      {"rollout.sample is 4 of a group of 4", [](Rollout& r) { r.sample = 4; }},
      {"rollout.tokens is empty", [](Rollout& r) { r.tokens.clear(); }},
      {"rollout.tokens[0] is -7", [](Rollout& r) { r.tokens[0] = -7; }},
      {"rollout.tokens holds 4 ids, more than",
       [](Rollout& r) { r.prompt.sampling.max_new_tokens = 3; }},
      {"rollout.logprobs holds 3 numbers for 4 tokens", [](Rollout& r) { r.logprobs.pop_back(); }},
      {"rollout.logprobs[2] is not a finite number", [](Rollout& r) { r.logprobs[2] = kNan; }},
      {"rollout.logprobs[1] is not a finite number",
       [](Rollout& r) { r.logprobs[1] = -static_cast<float>(kInfinity); }},
      {"rollout.logprobs[0] is above 0", [](Rollout& r) { r.logprobs[0] = 0.5f; }},
      {"rollout.finish is unset or unknown", [](Rollout& r) { r.finish = FinishReason{9}; }},
      {"the last token is no stop token", [](Rollout& r) { r.tokens.back() = 13; }},
      {"rollout.versions is empty", [](Rollout& r) { r.versions.clear(); }},
      {"rollout.versions[0] has version 0", [](Rollout& r) { r.versions[0].version = 0; }},
      {"rollout.versions[1] spans no token", [](Rollout& r) { r.versions[1].tokens = 0; }},
      {"rollout.versions[1] is not newer", [](Rollout& r) { r.versions[1].version = 5; }},
      {"rollout.versions sums to 5 of 4", [](Rollout& r) { r.versions[0].tokens = 4; }},
      {"rollout.versions sums to 4294967296",
       [](Rollout& r) { r.versions[0].tokens = 0xffffffffu; }},
      {"rollout.versions[0] is older", [](Rollout& r) { r.versions[0].version = 4; }},
      {"is not prompt.exact_version alone", [](Rollout& r) { r.prompt.exact_version = 7; }},
      {"rollout.started_at", [](Rollout& r) { r.started_at = kNan; }},
      {"rollout.finished_at", [](Rollout& r) { r.finished_at = -1; }},
      {"rollout.actor", [](Rollout& r) { r.actor = "a\tb"; }},
  };
  for (const auto& bad : cases) {
    Rollout rollout = SampleRollout();
    bad.spoil(rollout);
    const Result<Rollout> decoded = DecodeRollout(Encode(rollout));
    ASSERT_FALSE(decoded.ok()) << bad.words;
    EXPECT_EQ(decoded.status().code(), StatusCode::kInvalidArgument) << bad.words;
    EXPECT_THAT(decoded.status().message(), HasSubstr(bad.words));
  }
}

TEST(Codec, NamesTheBadFieldOfAScoredSample) {
  const BadField<Scored> cases[] = {
      {"rollout.tokens is empty", [](Scored& s) { s.rollout.tokens.clear(); }},
      {"scored.outcome.components[1].name is empty",
       [](Scored& s) {
         s.outcome = *Outcome::Scored(OutcomeReason::kGraded, {{"a", 1, 1}, {"", 1, 1}}, true);
       }},
      {"scored.received_at", [](Scored& s) { s.received_at = kNan; }},
      {"scored.scored_at", [](Scored& s) { s.scored_at = kInfinity; }},
      {"scored.worker is longer", [](Scored& s) { s.worker.assign(300, 'w'); }},
  };
  for (const auto& bad : cases) {
    Scored scored = SampleScored();
    bad.spoil(scored);
    const Result<Scored> decoded = DecodeScored(Encode(scored));
    ASSERT_FALSE(decoded.ok()) << bad.words;
    EXPECT_THAT(decoded.status().message(), HasSubstr(bad.words));
  }
}

TEST(Codec, AllowsGreedyAndTruncatedSamplingOnlyOutsideOfTraining) {
  Prompt prompt = SamplePrompt();
  prompt.purpose = Purpose::kEval;
  prompt.sampling.temperature = 0;
  prompt.sampling.top_p = 0.9;
  EXPECT_TRUE(DecodePrompt(Encode(prompt)).ok());
}

}  // namespace
}  // namespace cohort
