// Bytes of a broken or hostile peer: damaged, cut, forged by hand. Nothing may crash, hang or get
// past the checks.
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "libs/base/rng.h"
#include "libs/protocol/codec.h"
#include "schemas/rollout.capnp.h"
#include "tests/libs/protocol/samples.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

std::string Bytes(capnp::MessageBuilder& builder) {
  const kj::Array<capnp::word> flat = capnp::messageToFlatArray(builder);
  return {reinterpret_cast<const char*>(flat.begin()), flat.size() * sizeof(capnp::word)};
}

std::string Bytes(const std::vector<uint64_t>& words) {
  return {reinterpret_cast<const char*>(words.data()), words.size() * 8};
}

// A Scored with fields that Encode would never write.
std::string Forged(void (*forge)(schema::Scored::Builder)) {
  const std::string honest = Encode(SampleScored());
  const std::string aligned = honest;
  capnp::FlatArrayMessageReader reader(
      {reinterpret_cast<const capnp::word*>(aligned.data()), aligned.size() / 8});
  capnp::MallocMessageBuilder builder;
  builder.setRoot(reader.getRoot<schema::Scored>());
  forge(builder.getRoot<schema::Scored>());
  return Bytes(builder);
}

TEST(HostileBytes, EveryPrefixIsRefused) {
  const std::string bytes = Encode(SampleScored());
  for (size_t size = 0; size < bytes.size(); ++size) {
    const Result<Scored> decoded = DecodeScored({bytes.data(), size});
    ASSERT_FALSE(decoded.ok()) << size;
    EXPECT_EQ(decoded.status().code(), StatusCode::kDataLoss) << decoded.status().ToString();
  }
}

TEST(HostileBytes, BytesAfterTheEndAreRefused) {
  const std::string bytes = Encode(SamplePrompt()) + std::string(8, '\0');
  EXPECT_THAT(DecodePrompt(bytes).status().message(), HasSubstr("bytes after its end"));
}

TEST(HostileBytes, AMessageOfAnotherKindIsRefused) {
  EXPECT_FALSE(DecodeRollout(Encode(SamplePrompt())).ok());
  EXPECT_FALSE(DecodeScored(Encode(SampleRollout())).ok());
  EXPECT_FALSE(DecodePrompt(Encode(SampleScored())).ok());
}

template <typename T>
void Corrupt(const std::string& bytes, Result<T> (*decode)(std::string_view), uint64_t seed,
             int rounds) {
  Rng rng(seed);
  int accepted = 0;
  for (int round = 0; round < rounds; ++round) {
    std::string damaged = bytes;
    for (uint64_t flips = 1 + rng.Below(4); flips > 0; --flips) {
      damaged[rng.Below(damaged.size())] = static_cast<char>(rng.Below(256));
    }
    if (rng.Below(8) == 0) damaged.resize(8 * rng.Below(damaged.size() / 8 + 1));
    const Result<T> decoded = decode(damaged);
    if (!decoded.ok()) {
      ASSERT_EQ(decoded.status().message().find('\n'), std::string::npos);
      continue;
    }
    // What gets through keeps every promise, and is a message like any other.
    ++accepted;
    ASSERT_TRUE(Validate(*decoded).ok());
    const Result<T> again = decode(Encode(*decoded));
    ASSERT_TRUE(again.ok()) << again.status().ToString();
    ASSERT_EQ(*again, *decoded);
  }
  EXPECT_GT(accepted, 0) << "the damage never spared the message: the test is blind";
  EXPECT_LT(accepted, rounds);
}

TEST(HostileBytes, RandomDamageToAPromptIsHarmless) {
  Corrupt<Prompt>(Encode(SamplePrompt()), DecodePrompt, 1, 100'000);
}
TEST(HostileBytes, RandomDamageToARolloutIsHarmless) {
  Corrupt<Rollout>(Encode(SampleRollout()), DecodeRollout, 2, 100'000);
}
TEST(HostileBytes, RandomDamageToAScoredSampleIsHarmless) {
  Corrupt<Scored>(Encode(SampleScored()), DecodeScored, 3, 100'000);
}

TEST(HostileBytes, RandomBytesAreHarmless) {
  Rng rng(4);
  for (int round = 0; round < 100'000; ++round) {
    std::vector<uint64_t> words(rng.Below(24));
    for (uint64_t& word : words) word = rng.Next() & rng.Next() & rng.Next();
    if (words.size() > 1 && rng.Below(2) == 0) words[0] = (words.size() - 1) << 32;
    EXPECT_FALSE(DecodeScored(Bytes(words)).ok());
  }
}

TEST(HostileBytes, UnknownNumbersAreRefusedByName) {
  const auto message = [](void (*forge)(schema::Scored::Builder)) {
    return DecodeScored(Forged(forge)).status().message();
  };
  EXPECT_EQ(message([](schema::Scored::Builder) {}), "");
  EXPECT_THAT(message([](schema::Scored::Builder s) { s.getOutcome().setReason(42); }),
              HasSubstr("scored.outcome: unknown outcome reason 42"));
  EXPECT_THAT(message([](schema::Scored::Builder s) { s.getOutcome().setReason(0); }),
              HasSubstr("scored.outcome: unknown outcome reason 0"));
  EXPECT_THAT(message([](schema::Scored::Builder s) { s.getOutcome().setReason(101); }),
              HasSubstr("has a score although it is masked: gold_invalid"));
  EXPECT_THAT(message([](schema::Scored::Builder s) {
                s.getOutcome().getComponents()[1].setValue(std::numeric_limits<double>::infinity());
              }),
              HasSubstr("scored.outcome: component format is not a finite number"));
  // 257 is 1 in its low byte.
  EXPECT_THAT(message([](schema::Scored::Builder s) {
                s.getRollout().setFinish(static_cast<schema::Finish>(257));
              }),
              HasSubstr("rollout.finish is unset or unknown"));
}

TEST(HostileBytes, AListOfHalfABillionEmptyThingsCostsNothing) {
  // Rollout with five pointers, the fourth (versions) a list of 2^29 − 1 structs of no size.
  std::vector<uint64_t> words = {7ull << 32, uint64_t{5} << 48, 0, 0, 0,
                                 // list pointer: offset 1, inline composite, 0 words
                                 (uint64_t{7} << 32) | (1 << 2) | 1, 0,
                                 uint64_t{(1u << 29) - 1} << 2};
  const Result<Rollout> decoded = DecodeRollout(Bytes(words));
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.status().code(), StatusCode::kDataLoss) << decoded.status().ToString();
}

TEST(HostileBytes, PointersThatAllNameOneTextAreNotMultiplied) {
  // Prompt whose 4,000 scorers are one text of 8,000 bytes: 32 MB out of 40 kB.
  constexpr uint64_t kPointers = 4000, kTextWords = 1001;
  capnp::MallocMessageBuilder shape;
  shape.initRoot<schema::Prompt>();
  const std::string empty = Bytes(shape);
  std::vector<uint64_t> words(empty.size() / 8);
  std::memcpy(words.data(), empty.data(), empty.size());
  const size_t pointer_section = words.size() - ((words[1] >> 48) & 0xffff);
  const size_t scorers = pointer_section + 3;  // route, tokens, sampling, scorers
  const size_t list = words.size();
  words[scorers] = (kPointers << 35) | (uint64_t{6} << 32) | ((list - scorers - 1) << 2) | 1;
  const size_t text = list + kPointers;
  for (size_t at = list; at < text; ++at) {
    words.push_back(((kTextWords * 8) << 35) | (uint64_t{2} << 32) | ((text - at - 1) << 2) | 1);
  }
  words.resize(text + kTextWords, 0x6161616161616161u);
  words.back() = 0;
  words[0] = (words.size() - 1) << 32;
  const Result<Prompt> decoded = DecodePrompt(Bytes(words));
  ASSERT_FALSE(decoded.ok());
  EXPECT_THAT(decoded.status().message(), HasSubstr("traversal limit"));
}

TEST(HostileBytes, AListOfWiderElementsIsRefused) {
  capnp::MallocMessageBuilder builder;
  capnp::AnyPointer::Builder root = builder.getRoot<capnp::AnyPointer>();
  // The shape of Rollout, with structs where the schema has numbers.
  auto rollout = root.initAsAnyStruct(4, 5);
  auto list = rollout.getPointerSection()[1].initAsListOfAnyStruct(1, 0, 3);
  list[0].getDataSection()[0] = 7;
  EXPECT_THAT(DecodeRollout(Bytes(builder)).status().message(),
              HasSubstr("rollout.tokens is not a list of 4-byte numbers"));
}

}  // namespace
}  // namespace cohort
