// The publication protocol, without sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/libs/weights/weights_testing.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

TEST(Publication, ReachesAnActorByteByByteAndCountsAsDeliveredOnceItsDigestReturns) {
  Wire wire;
  SubscriberCore& actor = wire.Join("actor-1");
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(1)).ok());
  wire.Carry();
  const auto snapshots = wire.Snapshots("actor-1");
  ASSERT_EQ(snapshots.size(), 1u);
  EXPECT_EQ(snapshots[0].version, 1u);
  EXPECT_TRUE(snapshots[0].newest);
  EXPECT_FALSE(snapshots[0].for_evaluation);
  EXPECT_EQ(BytesOf(*snapshots[0].weights), BytesOf(*MakeWeights(1)));
  EXPECT_EQ(wire.StateOf("actor-1").version, 0u);

  actor.Acknowledge(1, snapshots[0].digest);
  wire.Carry();
  EXPECT_EQ(wire.StateOf("actor-1").version, 1u);
  EXPECT_EQ(wire.publisher->counters().acknowledgements, 1u);
}

TEST(Publication, NeverHasMoreChunksUnderWayThanTheActorsCredit) {
  Wire wire;
  SubscriberCore& actor = wire.Join("actor-1");
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(1)).ok());
  int fetches = 0, chunks = 0, most = 0;
  wire.meddle = [&](const OutgoingWeights&, std::string&) {
    fetches = static_cast<int>(wire.publisher->counters().chunks);
    most = std::max(most, fetches - chunks);
    ++chunks;
    return true;
  };
  wire.Carry();
  EXPECT_EQ(chunks, 10);
  EXPECT_LE(most, 3);
  EXPECT_EQ(actor.counters().snapshots, 1u);
}

TEST(Publication, ANewcomerGetsTheNewestAndTheOneForEvaluation) {
  Wire wire;
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(1, /*for_evaluation=*/true)).ok());
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(2)).ok());
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(3)).ok());
  wire.Join("late");
  wire.Carry();
  const auto snapshots = wire.Snapshots("late");
  ASSERT_EQ(snapshots.size(), 2u);
  EXPECT_EQ(snapshots[0].version, 3u);
  EXPECT_TRUE(snapshots[0].newest);
  EXPECT_EQ(snapshots[1].version, 1u);
  EXPECT_TRUE(snapshots[1].for_evaluation);
  EXPECT_FALSE(snapshots[1].newest);
  EXPECT_EQ(wire.publisher->held(), 2u);
}

TEST(Publication, IsFetchedOnceWhenItIsNewestAndForEvaluation) {
  Wire wire;
  SubscriberCore& actor = wire.Join("actor-1");
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(1)).ok());
  wire.Carry();
  auto snapshots = wire.Snapshots("actor-1");
  ASSERT_EQ(snapshots.size(), 1u);
  // The same version, now wanted for evaluation as well: handed over again, not fetched again.
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(1, /*for_evaluation=*/true)).ok());
  wire.Carry();
  const auto again = wire.Snapshots("actor-1");
  ASSERT_EQ(again.size(), 1u);
  EXPECT_TRUE(again[0].for_evaluation);
  EXPECT_FALSE(again[0].newest);
  EXPECT_EQ(actor.counters().snapshots, 1u);
}

TEST(Publication, SupersedesOneThatIsHalfReceivedButNotTwiceInARow) {
  Wire wire;
  SubscriberCore& actor = wire.Join("slow");
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(1)).ok());
  wire.Carry(8);
  EXPECT_GT(actor.counters().chunks, 0u);
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(2)).ok());
  while (actor.counters().superseded == 0) ASSERT_EQ(wire.Carry(1), 1);
  wire.Carry(3);
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(3)).ok());
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(4)).ok());
  wire.Carry();
  const auto snapshots = wire.Snapshots("slow");
  ASSERT_EQ(snapshots.size(), 2u);
  EXPECT_EQ(snapshots[0].version, 2u);  // finished although 3 and 4 were there already
  EXPECT_EQ(BytesOf(*snapshots[0].weights), BytesOf(*MakeWeights(2)));
  EXPECT_EQ(snapshots[1].version, 4u);
  EXPECT_EQ(BytesOf(*snapshots[1].weights), BytesOf(*MakeWeights(4)));
  EXPECT_EQ(actor.counters().superseded, 1u);
}

TEST(Publication, OldOnesAreKeptWhileTheyAreReadAndThenLetGo) {
  Wire wire;
  SubscriberCore& actor = wire.Join("reader");
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(1)).ok());
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(2)).ok());
  EXPECT_EQ(wire.publisher->held(), 1u);
  while (actor.counters().chunks == 0) ASSERT_EQ(wire.Carry(1), 1);
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(3)).ok());
  EXPECT_EQ(wire.publisher->held(), 2u);  // 2 is being read
  wire.Carry();
  EXPECT_EQ(wire.publisher->held(), 1u);
}

TEST(Publication, AnActorWhoseDigestDiffersIsToldCountedAndQuarantinedUntilItIsRight) {
  Wire wire;
  SubscriberCore& actor = wire.Join("bad");
  wire.Join("good");
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(1)).ok());
  bool damage = true;
  wire.meddle = [&](const OutgoingWeights& message, std::string& body) {
    if (damage && message.peer.starts_with("bad") && message.offset == 300) body[7] ^= 1;
    return true;
  };
  wire.Carry();
  EXPECT_TRUE(wire.Snapshots("bad").empty());  // damaged weights are never handed over
  EXPECT_EQ(wire.Snapshots("good").size(), 1u);
  EXPECT_EQ(actor.counters().mismatches, 1u);
  EXPECT_EQ(actor.counters().quarantined, 1u);
  EXPECT_THAT(actor.State("ipc://x", wire.now), HasSubstr("quarantined"));
  EXPECT_TRUE(wire.StateOf("bad").quarantined);
  EXPECT_THAT(wire.StateOf("bad").why, HasSubstr("published was"));
  EXPECT_FALSE(wire.StateOf("good").quarantined);
  EXPECT_EQ(wire.publisher->counters().quarantines, 1u);

  damage = false;
  wire.Advance(Seconds(2));  // it tries again by itself
  wire.Carry();
  const auto snapshots = wire.Snapshots("bad");
  ASSERT_EQ(snapshots.size(), 1u);
  actor.Acknowledge(1, snapshots[0].digest);
  wire.Carry();
  EXPECT_FALSE(wire.StateOf("bad").quarantined);
  EXPECT_EQ(wire.StateOf("bad").version, 1u);
}

TEST(Publication, AnActorThatLoadedSomethingElseIsQuarantined) {
  Wire wire;
  SubscriberCore& actor = wire.Join("actor-1");
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(1)).ok());
  wire.Carry();
  actor.Acknowledge(1, Digest{1, 2});
  wire.Carry();
  EXPECT_TRUE(wire.StateOf("actor-1").quarantined);
  EXPECT_EQ(wire.StateOf("actor-1").version, 0u);
}

TEST(Publication, WeightsOfAnotherModelAreRefusedBeforeAByteIsFetched) {
  Wire wire;
  WeightsSubscriber::Options options;
  options.expected = MakeWeights(0, 2000)->manifest;
  SubscriberCore& actor = wire.Join("other-model", options);
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(1)).ok());
  wire.Carry();
  EXPECT_EQ(actor.counters().chunks, 0u);
  EXPECT_TRUE(wire.StateOf("other-model").quarantined);
  EXPECT_THAT(wire.StateOf("other-model").why, HasSubstr("layout"));
}

TEST(Publication, ARestartedLearnerIsToldWhatItsActorsHoldAndGoesOn) {
  Wire wire;
  SubscriberCore& actor = wire.Join("actor-1");
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(5)).ok());
  wire.Carry();
  actor.Acknowledge(5, wire.Snapshots("actor-1")[0].digest);
  wire.Carry();

  wire.RestartPublisher(/*life=*/78);
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(5)).ok());
  EXPECT_TRUE(wire.publisher->Actors().empty());
  wire.Advance(Seconds(1));  // the ping is answered: who are you?
  wire.Carry();
  EXPECT_EQ(wire.StateOf("actor-1").version, 5u);
  EXPECT_EQ(actor.counters().snapshots, 1u);  // not fetched again

  ASSERT_TRUE(wire.publisher->Publish(MakePublication(6)).ok());
  wire.Carry();
  const auto snapshots = wire.Snapshots("actor-1");
  ASSERT_EQ(snapshots.size(), 1u);
  EXPECT_EQ(snapshots[0].version, 6u);
}

TEST(Publication, ATransferGoesOnOverANewConnection) {
  Wire wire;
  SubscriberCore& actor = wire.Join("actor-1");
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(1)).ok());
  while (actor.counters().chunks < 5) ASSERT_EQ(wire.Carry(1), 1);
  wire.Connect("actor-1");
  wire.Carry();
  const auto snapshots = wire.Snapshots("actor-1");
  ASSERT_EQ(snapshots.size(), 1u);
  EXPECT_EQ(BytesOf(*snapshots[0].weights), BytesOf(*MakeWeights(1)));
  EXPECT_LE(actor.counters().chunks, 13u);  // what had arrived is not fetched again
  EXPECT_EQ(wire.publisher->Actors().size(), 1u);
}

TEST(Publication, LostChunksAreNoticed) {
  Wire wire;
  SubscriberCore& actor = wire.Join("actor-1");
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(1)).ok());
  bool lose = true;
  wire.meddle = [&](const OutgoingWeights&, std::string&) { return !lose; };
  wire.Carry();
  for (int i = 0; i < 7; ++i) {
    wire.Advance(Seconds(1));  // the pings are answered all the while
    wire.Carry();
  }
  EXPECT_TRUE(actor.Stalled(wire.now));
  lose = false;
  wire.Connect("actor-1");
  wire.Carry();
  EXPECT_EQ(wire.Snapshots("actor-1").size(), 1u);
  EXPECT_FALSE(actor.Stalled(wire.now));
}

TEST(Publication, AnActorSaysSinceWhenItWaitsForTheLearnerHoweverOftenItConnects) {
  Wire wire;
  const SubscriberCore& actor = wire.Join("actor-1");
  for (int i = 0; i < 3; ++i) {
    wire.now += Seconds(5);
    wire.Connect("actor-1");
  }
  EXPECT_EQ(actor.State("ipc://x", wire.now), "waiting for the learner at ipc://x since 15 s");
  wire.Carry();
  EXPECT_THAT(actor.State("ipc://x", wire.now), HasSubstr("waiting for the first publication"));
}

TEST(Publication, ChunksThatNobodyAskedForOrOfWrongSizeAreRefused) {
  Wire wire;
  SubscriberCore& actor = wire.Join("actor-1");
  actor.Receive(EncodeWeightsMessage(WeightsChunk{1, 0}), "abc", wire.now);
  EXPECT_EQ(actor.counters().refused, 1u);
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(1)).ok());
  int damaged = 0;
  wire.meddle = [&](const OutgoingWeights&, std::string& body) {
    if (damaged < 2) body = damaged++ == 0 ? std::string() : body + "more";
    return true;
  };
  wire.Carry();
  EXPECT_EQ(actor.counters().refused, 3u);
  EXPECT_EQ(wire.Snapshots("actor-1").size(), 1u);  // asked for again
}

TEST(Publication, SilentActorsAreForgottenAndTheirReadingsWithThem) {
  Wire wire;
  SubscriberCore& actor = wire.Join("actor-1");
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(1)).ok());
  while (actor.counters().chunks == 0) ASSERT_EQ(wire.Carry(1), 1);
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(2)).ok());
  EXPECT_EQ(wire.publisher->held(), 2u);
  wire.publisher->Tick(wire.now + Seconds(11));
  EXPECT_TRUE(wire.publisher->Actors().empty());
  EXPECT_EQ(wire.publisher->held(), 1u);
}

TEST(Publication, ARestartedActorEndsItsEarlierLife) {
  Wire wire;
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(1)).ok());
  SubscriberCore& first = wire.Join("actor-1");
  wire.Carry();
  first.Acknowledge(1, wire.Snapshots("actor-1")[0].digest);
  wire.Carry();
  wire.Join("actor-1");
  wire.Carry();
  EXPECT_EQ(wire.publisher->Actors().size(), 1u);
  EXPECT_EQ(wire.StateOf("actor-1").version, 0u);
  EXPECT_EQ(wire.Snapshots("actor-1").size(), 1u);
}

TEST(Publication, VersionsOnlyGrow) {
  Wire wire;
  ASSERT_TRUE(wire.publisher->Publish(MakePublication(2)).ok());
  EXPECT_EQ(wire.publisher->Publish(MakePublication(1)).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(wire.publisher->Publish(MakePublication(0)).code(), StatusCode::kFailedPrecondition);
  Publication other = MakePublication(2);
  other.digest.low ^= 1;
  EXPECT_EQ(wire.publisher->Publish(other).code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace cohort
