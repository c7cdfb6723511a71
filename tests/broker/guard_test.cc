#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/connection_guard.h"

namespace cohort {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint64_t kMiB = 1 << 20;

class GuardTest : public testing::Test {
 protected:
  GuardTest()
      : guard({.hello_deadline = Seconds(10),
               .unfinished_bytes = 16 * kMiB,
               .hello_bytes = kMiB,
               .unreadable_messages = 3,
               .pending = 4}) {}
  void Greeted(int descriptor, const std::string& key = "") {
    guard.Accepted(clock.Now(), descriptor, 100 + descriptor);
    guard.Met(clock.Now(), descriptor, 100 + descriptor, key);
    guard.HelloAccepted(descriptor, Role::kActor);
  }
  // "descriptor reason" of each cut.
  std::vector<std::string> Cuts() {
    std::vector<std::string> cuts;
    for (const auto& cut : guard.TakeCuts(clock.Now())) {
      cuts.push_back(std::to_string(cut.descriptor) + " " + std::string(cut.reason));
    }
    return cuts;
  }

  ManualClock clock;
  ConnectionGuard guard;
};

TEST_F(GuardTest, CutsWhoSaysNoHelloInTime) {
  guard.Accepted(clock.Now(), 5, 105);
  Greeted(6);
  clock.Advance(Seconds(10));
  EXPECT_THAT(Cuts(), IsEmpty());
  clock.Advance(Seconds(0.1));
  EXPECT_THAT(Cuts(), ElementsAre("5 no_hello"));
  EXPECT_THAT(Cuts(), IsEmpty()) << "told once";
  EXPECT_EQ(guard.pending(), 0u);
}

TEST_F(GuardTest, TheDeadlineBeginsAnewWhenASessionEnds) {
  Greeted(5);
  clock.Advance(Seconds(100));
  guard.SessionOver(clock.Now(), 5);
  clock.Advance(Seconds(9));
  EXPECT_THAT(Cuts(), IsEmpty());
  clock.Advance(Seconds(2));
  EXPECT_THAT(Cuts(), ElementsAre("5 no_hello"));
}

TEST_F(GuardTest, TheOldestPendingOneMakesRoom) {
  Greeted(9);
  for (int descriptor = 1; descriptor <= 5; ++descriptor) {
    clock.Advance(Seconds(1));
    guard.Accepted(clock.Now(), descriptor, 100 + descriptor);
  }
  EXPECT_THAT(Cuts(), ElementsAre("1 too_many_pending"));
  EXPECT_EQ(guard.pending(), 4u);
}

TEST_F(GuardTest, CutsAMessageWithoutEnd) {
  Greeted(5);
  guard.Received(5, 16 * kMiB);
  EXPECT_TRUE(guard.any_suspicious());
  EXPECT_THAT(Cuts(), IsEmpty());
  guard.Received(5, 16 * kMiB + 1);
  EXPECT_THAT(Cuts(), ElementsAre("5 unfinished_message"));
  EXPECT_FALSE(guard.Message(5, 10)) << "what it sends from now on counts for nothing";
  EXPECT_FALSE(guard.any_suspicious());
}

TEST_F(GuardTest, APendingOneMaySendNoMoreThanAHello) {
  guard.Accepted(clock.Now(), 5, 105);
  guard.Received(5, kMiB + 1);
  EXPECT_THAT(Cuts(), ElementsAre("5 unfinished_message"));
}

TEST_F(GuardTest, LetsThoseBeWhoFinishTheirMessages) {
  Greeted(5);
  uint64_t received = 0;
  for (int i = 0; i < 1000; ++i) {
    received += 4 * kMiB + 400;
    EXPECT_TRUE(guard.Message(5, 4 * kMiB));
    guard.Received(5, received);
  }
  EXPECT_THAT(Cuts(), IsEmpty());
  // Small ones too, of which most is not body but frame.
  for (int i = 0; i < 1000; ++i) {
    received += kMiB;
    EXPECT_TRUE(guard.Message(5, 10));
    guard.Received(5, received);
  }
  EXPECT_THAT(Cuts(), IsEmpty());
}

TEST_F(GuardTest, ManyBytesBetweenTwoLooksAreNoCrimeWhenTheyWereMessages) {
  Greeted(5);
  EXPECT_TRUE(guard.Message(5, 200 * kMiB));
  guard.Received(5, 201 * kMiB);
  EXPECT_THAT(Cuts(), IsEmpty());
  guard.Received(5, 217 * kMiB);  // and then nothing ends any more
  EXPECT_THAT(Cuts(), ElementsAre("5 unfinished_message"));
}

TEST_F(GuardTest, CutsWhoKeepsSendingTheUnreadable) {
  Greeted(5);
  guard.Unreadable(5);
  guard.Unreadable(5);
  EXPECT_THAT(Cuts(), IsEmpty());
  guard.Unreadable(5);
  EXPECT_THAT(Cuts(), ElementsAre("5 unreadable"));
}

TEST_F(GuardTest, CutsWhoseKeyIsNoLongerAllowed) {
  Greeted(5, "good");
  Greeted(6, "bad");
  guard.Accepted(clock.Now(), 7, 107);  // in its handshake: not known yet
  guard.Revoke([](const std::string& key, std::optional<Role> role) {
    EXPECT_EQ(role, Role::kActor);
    return key == "good";
  });
  EXPECT_THAT(Cuts(), ElementsAre("6 revoked"));
}

TEST_F(GuardTest, AHelloThatOvertakesItsAcceptStaysAccepted) {
  guard.Met(clock.Now(), 5, 105, "key");
  guard.HelloAccepted(5, Role::kActor);
  guard.Accepted(clock.Now(), 5, 105);
  clock.Advance(Seconds(11));
  EXPECT_THAT(Cuts(), IsEmpty());
  EXPECT_EQ(guard.KeyOf(5), "key");
  EXPECT_TRUE(guard.Ended(5));
}

TEST_F(GuardTest, ANumberThatIsUsedAgainIsAnotherConnection) {
  Greeted(5, "old");
  EXPECT_TRUE(guard.Met(clock.Now(), 5, 999, "new")) << "the old one has ended unseen";
  EXPECT_EQ(guard.KeyOf(5), "new");
  EXPECT_FALSE(guard.Ended(5)) << "the end of the old one";
  guard.Accepted(clock.Now(), 5, 999);
  EXPECT_EQ(guard.KeyOf(5), "new");
  clock.Advance(Seconds(11));
  const auto cuts = guard.TakeCuts(clock.Now());
  ASSERT_EQ(cuts.size(), 1u) << "it has said no hello";
  EXPECT_EQ(cuts[0].inode, 999u);
  EXPECT_FALSE(guard.Ended(5)) << "cut already";
}

TEST_F(GuardTest, AnEndThatIsToldBeforeItsAcceptCounts) {
  // Whatever the number is by then: still that socket, free, or somebody else's.
  for (const uint64_t inode : {105, 0, 106}) {
    guard.Met(clock.Now(), 5, 105, "key");
    guard.HelloAccepted(5, Role::kActor);
    EXPECT_FALSE(guard.Ended(5));
    EXPECT_TRUE(guard.Accepted(clock.Now(), 5, inode));
    EXPECT_THAT(guard.ToLookAt(9), IsEmpty());
    EXPECT_EQ(guard.KeyOf(5), "");
  }
  EXPECT_FALSE(guard.Ended(6)) << "one that said nothing";
  guard.Accepted(clock.Now(), 6, 106);
  EXPECT_EQ(guard.pending(), 0u);
  clock.Advance(Seconds(11));
  EXPECT_THAT(Cuts(), IsEmpty());
}

TEST_F(GuardTest, AnEarlyEndDoesNotHarmTheNextConnectionOfTheNumber) {
  EXPECT_FALSE(guard.Ended(5));
  guard.Accepted(clock.Now(), 5, 105);
  Greeted(5, "next");
  clock.Advance(Seconds(11));
  EXPECT_THAT(Cuts(), IsEmpty());
  EXPECT_EQ(guard.KeyOf(5), "next");
  EXPECT_TRUE(guard.Ended(5));
}

TEST_F(GuardTest, ThoseThatAreMetBeforeTheirAcceptCountAsPending) {
  for (int descriptor = 1; descriptor <= 5; ++descriptor) {
    clock.Advance(Seconds(1));
    guard.Met(clock.Now(), descriptor, 100 + descriptor, "");
    guard.Accepted(clock.Now(), descriptor, 100 + descriptor);
  }
  EXPECT_THAT(Cuts(), ElementsAre("1 too_many_pending"));
}

TEST_F(GuardTest, LooksAtTheSuspiciousEveryTimeAndTakesTurnsWithTheOthers) {
  for (int descriptor = 1; descriptor <= 6; ++descriptor) Greeted(descriptor);
  EXPECT_THAT(guard.ToLookAt(2), ElementsAre(1, 2));
  guard.Received(2, 2 * kMiB);
  EXPECT_THAT(guard.ToLookAt(2), ElementsAre(2, 3, 4));
  EXPECT_THAT(guard.ToLookAt(2), ElementsAre(2, 5, 6));
  EXPECT_THAT(guard.ToLookAt(2), ElementsAre(2, 1));
}

}  // namespace
}  // namespace cohort
