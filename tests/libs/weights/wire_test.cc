// What a peer may send: everything, and nothing of it may do harm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/base/rng.h"
#include "tests/libs/weights/weights_testing.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

std::vector<WeightsMessage> OneOfEach() {
  const Publication publication = MakePublication(3);
  const WeightsOffer offer{3, publication.digest, publication.weights->manifest};
  return {WeightsHello{WeightsProtocolVersion(), "actor-1", 9},
          WeightsFetch{3, 100, 50},
          WeightsLoaded{3, {1, 2}},
          WeightsFailed{3, "no memory"},
          WeightsPing{},
          WeightsGoodbye{},
          WeightsOffers{8, offer, std::nullopt},
          WeightsChunk{3, 100},
          WeightsGone{2},
          WeightsVerdict{3, false, "differs"},
          WeightsPong{},
          WeightsWhoAreYou{},
          WeightsRefused{"other protocol"}};
}

TEST(WeightsWire, EveryMessageSurvivesItsOwnBytes) {
  for (const WeightsMessage& message : OneOfEach()) {
    const std::string bytes = EncodeWeightsMessage(message);
    const Result<WeightsMessage> back = DecodeWeightsMessage(bytes);
    ASSERT_TRUE(back.ok()) << back.status().ToString();
    EXPECT_EQ(back->index(), message.index());
    EXPECT_EQ(EncodeWeightsMessage(*back), bytes);
  }
}

TEST(WeightsWire, UnalignedBytesAreRead) {
  const std::string bytes = "x" + EncodeWeightsMessage(WeightsFetch{3, 100, 50});
  const Result<WeightsMessage> back = DecodeWeightsMessage(std::string_view(bytes).substr(1));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(std::get<WeightsFetch>(*back).offset, 100u);
}

TEST(WeightsWire, DamagedBytesGiveAMessageOrOneLine) {
  Rng rng(5);
  for (const WeightsMessage& message : OneOfEach()) {
    const std::string bytes = EncodeWeightsMessage(message);
    for (int round = 0; round < 400; ++round) {
      std::string damaged = bytes;
      for (uint64_t n = rng.Below(4) + 1; n > 0; --n) {
        damaged[rng.Below(damaged.size())] = static_cast<char>(rng.Next());
      }
      if (rng.Below(4) == 0) damaged.resize(rng.Below(damaged.size() + 1));
      const Result<WeightsMessage> back = DecodeWeightsMessage(damaged);
      if (back.ok()) continue;
      EXPECT_EQ(back.status().message().find('\n'), std::string::npos);
    }
  }
}

TEST(WeightsWire, NamesAreOneLineOfText) {
  for (const std::string name :
       {std::string("a\nb"), std::string("a\x7f"), std::string(300, 'a')}) {
    const WeightsHello hello{WeightsProtocolVersion(), name, 9};
    EXPECT_FALSE(DecodeWeightsMessage(EncodeWeightsMessage(hello)).ok()) << name;
    WeightsOffer offer{3, {1, 2}, MakeWeights(1)->manifest};
    offer.manifest.tensors[0].name = name;
    const WeightsOffers offers{8, offer, std::nullopt};
    EXPECT_FALSE(DecodeWeightsMessage(EncodeWeightsMessage(offers)).ok()) << name;
  }
  const auto back = DecodeWeightsMessage(EncodeWeightsMessage(WeightsFailed{3, "first\nsecond"}));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(std::get<WeightsFailed>(*back).reason, "first second");
}

TEST(WeightsWire, ManifestsThatDoNotFitTheirBytesAreRefused) {
  WeightsOffer offer{3, {1, 2}, MakeWeights(1)->manifest};
  offer.manifest.tensors[0].offset = 8;
  const auto back =
      DecodeWeightsMessage(EncodeWeightsMessage(WeightsOffers{8, offer, std::nullopt}));
  ASSERT_FALSE(back.ok());
  EXPECT_THAT(back.status().message(), HasSubstr("weight"));
}

TEST(WeightsWire, GarbageIsCountedAndAnsweredWithNothing) {
  Wire wire;
  SubscriberCore& actor = wire.Join("actor-1");
  wire.Carry();
  for (const std::string& garbage :
       {std::string(), std::string("hello"), std::string(64, '\xff'), std::string(4096, '\0')}) {
    wire.publisher->Receive("stranger", garbage, wire.now);
    actor.Receive(garbage, "", wire.now);
  }
  EXPECT_EQ(wire.publisher->counters().refused, 4u);
  EXPECT_EQ(actor.counters().refused, 4u);
  EXPECT_TRUE(wire.publisher->TakeOutbox().empty());
  // A message of the other direction is no more welcome.
  wire.publisher->Receive(
      "stranger", EncodeWeightsMessage(WeightsHello{WeightsProtocolVersion(), "stranger", 4}),
      wire.now);
  wire.publisher->Receive("stranger", EncodeWeightsMessage(WeightsPong{}), wire.now);
  EXPECT_EQ(wire.publisher->counters().refused, 5u);
}

TEST(WeightsWire, AFetchBeyondTheEndIsRefused) {
  Wire wire;
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(1)).ok());
  const auto hello = EncodeWeightsMessage(WeightsHello{WeightsProtocolVersion(), "a", 4});
  wire.publisher->Receive("a", hello, wire.now);
  wire.publisher->TakeOutbox();
  wire.publisher->Receive("a", EncodeWeightsMessage(WeightsFetch{1, 1u << 30, 10}), wire.now);
  EXPECT_TRUE(wire.publisher->TakeOutbox().empty());
  EXPECT_EQ(wire.publisher->counters().refused, 1u);
  // Longer than what is left: what is left.
  wire.publisher->Receive("a", EncodeWeightsMessage(WeightsFetch{1, 990, 1u << 30}), wire.now);
  const auto answers = wire.publisher->TakeOutbox();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].length, 10u);
}

TEST(WeightsWire, AnotherProtocolVersionIsRefusedInOneLine) {
  Wire wire;
  const auto hello = EncodeWeightsMessage(WeightsHello{WeightsProtocolVersion() + 1, "new", 4});
  wire.publisher->Receive("new", hello, wire.now);
  const auto answers = wire.publisher->TakeOutbox();
  ASSERT_EQ(answers.size(), 1u);
  const auto answer = DecodeWeightsMessage(answers[0].frame);
  ASSERT_TRUE(answer.ok());
  EXPECT_THAT(std::get<WeightsRefused>(*answer).reason, HasSubstr("same build"));
  EXPECT_TRUE(wire.publisher->Actors().empty());
}

}  // namespace
}  // namespace cohort
