// Gate and line with time moved by hand.
#include "reward_workers/plugins/service_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reward_workers/plugins/retry_delay.h"
#include "reward_workers/plugins/service_gate.h"

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Time kBegin{std::chrono::seconds(100)};
constexpr Duration kNone = Duration::zero();

Time At(double seconds) { return kBegin + Seconds(seconds); }

TEST(ServiceGate, IsClosedByARefusalAndOpenedByItsProbe) {
  ServiceGate gate(1);
  const ServiceGate::Pass first = gate.Enter();
  EXPECT_FALSE(first.probe);
  gate.Refused(first, At(0), kNone);
  EXPECT_EQ(gate.closed_since(), At(0));
  EXPECT_FALSE(gate.MayPass(At(0.12)));
  EXPECT_TRUE(gate.MayPass(At(0.25)));
  const ServiceGate::Pass probe = gate.Enter();
  EXPECT_TRUE(probe.probe);
  EXPECT_FALSE(gate.MayPass(At(60)));  // one at a time
  EXPECT_EQ(gate.OpensAt(), std::nullopt);
  gate.Answered(probe);
  EXPECT_TRUE(gate.IsOpen());
  EXPECT_TRUE(gate.MayPass(At(0.25)));
}

TEST(ServiceGate, StaysClosedForLongerAfterEachProbeUpToSixteenSeconds) {
  ServiceGate gate(1);
  Time now = At(0);
  gate.Refused(gate.Enter(), now, kNone);
  double longest = 0.25;
  for (int i = 0; i < 12; ++i) {
    const Duration closed = *gate.OpensAt() - now;
    EXPECT_GE(closed, Seconds(longest / 2));
    EXPECT_LE(closed, Seconds(longest));
    now = *gate.OpensAt();
    gate.Refused(gate.Enter(), now, kNone);
    longest = std::min(16.0, 2 * longest);
  }
  EXPECT_EQ(gate.closed_since(), At(0));
}

TEST(ServiceGate, KeepsToRetryAfter) {
  ServiceGate gate(1);
  const ServiceGate::Pass one = gate.Enter(), other = gate.Enter();
  gate.Refused(one, At(0), Seconds(3));
  EXPECT_EQ(gate.OpensAt(), At(3));
  gate.Refused(other, At(1), Seconds(7));  // was under way with it
  EXPECT_EQ(gate.OpensAt(), At(8));
  gate.Refused(other, At(1), Seconds(2));
  EXPECT_EQ(gate.OpensAt(), At(8));
}

TEST(ServiceGate, ManyThatWereUnderWayCloseItOnce) {
  ServiceGate gate(1);
  std::vector<ServiceGate::Pass> passes;
  for (int i = 0; i < 256; ++i) passes.push_back(gate.Enter());
  for (const ServiceGate::Pass pass : passes) gate.Refused(pass, At(0), kNone);
  EXPECT_LE(*gate.OpensAt(), At(0.25));
}

TEST(ServiceGate, LateNewsOfAnOutageThatIsOverCloseNothing) {
  ServiceGate gate(1);
  const ServiceGate::Pass late = gate.Enter();
  gate.Refused(gate.Enter(), At(0), kNone);
  gate.Answered(gate.Enter());
  ASSERT_TRUE(gate.IsOpen());
  gate.Refused(late, At(5), Seconds(60));
  EXPECT_TRUE(gate.IsOpen());
  gate.Refused(gate.Enter(), At(6), kNone);  // and this is a new one
  EXPECT_EQ(gate.closed_since(), At(6));
  EXPECT_LE(*gate.OpensAt(), At(6.25));
}

TEST(ServiceGate, AnAnswerToWhatWasUnderWayBeforeOpensNothing) {
  ServiceGate gate(1);
  const ServiceGate::Pass before = gate.Enter();
  gate.Refused(gate.Enter(), At(0), kNone);
  gate.Answered(before);
  EXPECT_FALSE(gate.IsOpen());
}

TEST(ServiceGate, WhatBreaksOffNeitherClosesItNorOpensIt) {
  ServiceGate gate(1);
  gate.BrokeOff(gate.Enter(), At(0));
  EXPECT_TRUE(gate.IsOpen());
  gate.Refused(gate.Enter(), At(0), kNone);
  gate.Refused(gate.Enter(), At(1), kNone);
  for (int i = 0; i < 20; ++i) {  // no longer for it
    gate.BrokeOff(gate.Enter(), At(2));
    EXPECT_FALSE(gate.MayPass(At(2)));
    EXPECT_TRUE(gate.MayPass(At(2.5)));
  }
}

TEST(ServiceGate, AProbeThatIsGivenUpMakesRoomForAnother) {
  ServiceGate gate(1);
  gate.Refused(gate.Enter(), At(0), kNone);
  gate.GivenUp(gate.Enter());
  EXPECT_FALSE(gate.IsOpen());
  EXPECT_TRUE(gate.MayPass(At(0.25)));
}

ServiceLine::Options Patience(double seconds) {
  ServiceLine::Options options;
  options.patience = Seconds(seconds);
  return options;
}

ServiceLine LineOf(int members, double patience) {
  ServiceLine line(Patience(patience));
  for (int id = 1; id <= members; ++id) line.Add(id, /*alone=*/false, At(0));
  return line;
}

TEST(ServiceLine, SendsInTurnAndTogetherWhoMayShare) {
  ServiceLine line = LineOf(3, 1);
  line.Add(4, /*alone=*/true, At(0));
  line.Add(5, /*alone=*/false, At(0));
  line.Remove(2);
  EXPECT_THAT(line.Take(8, At(0)).ids, ElementsAre(1, 3));
  EXPECT_THAT(line.Take(8, At(0)).ids, ElementsAre(4));
  EXPECT_THAT(line.Take(8, At(0)).ids, ElementsAre(5));
  EXPECT_THAT(line.Take(8, At(0)).ids, IsEmpty());
}

TEST(ServiceLine, WhoIsRefusedGoesToTheEnd) {
  ServiceLine line = LineOf(4, 100);
  const ServiceLine::Batch one = line.Take(1, At(0)), two = line.Take(1, At(0));
  line.Refused(two, At(0), kNone);
  line.Refused(one, At(0), kNone);
  EXPECT_THAT(line.Take(1, At(0.1)).ids, IsEmpty());
  const ServiceLine::Batch probe = line.Take(1, At(1));
  EXPECT_THAT(probe.ids, ElementsAre(3));
  EXPECT_THAT(line.Take(1, At(1)).ids, IsEmpty());
  line.Refused(probe, At(1), kNone);
  const ServiceLine::Batch next = line.Take(1, At(2));
  EXPECT_THAT(next.ids, ElementsAre(1));  // from the middle
  line.Answered(next, At(9));
  EXPECT_THAT(line.Take(8, At(2)).ids, ElementsAre(4, 2, 3));
}

TEST(ServiceLine, PatienceCountsFromTheOutageOrFromWhenOneCame) {
  ServiceLine line = LineOf(2, 10);
  line.Refused(line.Take(1, At(50)), At(50), kNone);  // waited long before: that does not count
  line.Add(3, /*alone=*/false, At(55));
  line.AddAt(At(57), 4, /*alone=*/true);
  EXPECT_THAT(line.Advance(At(59.9)), IsEmpty());
  EXPECT_THAT(line.Advance(At(60)), ElementsAre(2, 1));
  EXPECT_EQ(line.NextDue(/*full=*/true), At(65));
  EXPECT_THAT(line.Advance(At(65)), ElementsAre(3));
  EXPECT_THAT(line.Advance(At(66.9)), IsEmpty());
  EXPECT_THAT(line.Advance(At(67)), ElementsAre(4));
  EXPECT_EQ(line.NextDue(/*full=*/false), std::nullopt);
}

TEST(ServiceLine, AnOutageThatEndsLosesNobodyAndPatienceBeginsAnew) {
  ServiceLine line = LineOf(3, 10);
  line.Refused(line.Take(1, At(0)), At(0), kNone);
  EXPECT_THAT(line.Advance(At(9)), IsEmpty());
  line.Answered(line.Take(1, At(9)), At(9));
  line.Refused(line.Take(1, At(9)), At(9), kNone);
  EXPECT_THAT(line.Advance(At(18.9)), IsEmpty());
  EXPECT_THAT(line.Advance(At(19)), ElementsAre(1, 3));
}

TEST(ServiceLine, WhoIsSentAwayWhileOthersAreAnsweredIsGivenUpAfterManyTimes) {
  ServiceLine line(Patience(10));
  line.Add(1, /*alone=*/false, At(0));
  int refusals = 0;
  std::vector<uint64_t> ended;
  for (int second = 0; second < 200 && ended.empty(); ++second, ++refusals) {
    line.Add(100 + second, /*alone=*/false, At(second));
    const ServiceLine::Batch sent_away = line.Take(1, At(second));
    ASSERT_THAT(sent_away.ids, ElementsAre(1));
    line.Refused(sent_away, At(second), kNone);
    const ServiceLine::Batch other = line.Take(1, At(second + 0.5));
    ASSERT_THAT(other.ids, ElementsAre(100 + second));
    line.Answered(other, At(second + 0.5));
    line.Remove(100 + second);
    ended = line.Advance(At(second + 0.6));
  }
  EXPECT_THAT(ended, ElementsAre(1));
  EXPECT_EQ(refusals, 50);
}

TEST(ServiceLine, WithoutPatienceTheFirstRefusalIsTheLast) {
  ServiceLine line = LineOf(2, 0);
  line.Refused(line.Take(1, At(0)), At(0), kNone);
  EXPECT_THAT(line.Advance(At(0)), ElementsAre(1, 2));
}

TEST(ServiceLine, KeepsToItsRate) {
  ServiceLine::Options options = Patience(10);
  options.requests_per_second = 10;
  ServiceLine line(options);
  for (int id = 1; id <= 3; ++id) line.Add(id, /*alone=*/false, At(0));
  EXPECT_THAT(line.Take(1, At(0)).ids, ElementsAre(1));
  EXPECT_THAT(line.Take(1, At(0)).ids, IsEmpty());
  EXPECT_EQ(line.NextDue(/*full=*/false), At(0.1));
  EXPECT_THAT(line.Take(1, At(0.11)).ids, ElementsAre(2));
}

TEST(ServiceLine, SaysWhenToLookAgain) {
  ServiceLine line = LineOf(2, 10);
  const ServiceLine::Batch first = line.Take(1, At(0));
  line.Refused(first, At(0), Seconds(4));
  EXPECT_EQ(line.NextDue(/*full=*/false), At(2.5));  // a quarter of the patience at most
  EXPECT_EQ(line.NextDue(/*full=*/true), At(10));
  const ServiceLine::Batch probe = line.Take(1, At(2.5));
  EXPECT_EQ(line.NextDue(/*full=*/false), At(10));  // news of the probe, or the end of patience
  line.GivenUp(probe);
  EXPECT_EQ(line.NextDue(/*full=*/false), At(2.5));
}

TEST(RateLimit, KeepsToItsRate) {
  RateLimit limit(10);
  Time now{std::chrono::seconds(100)};
  EXPECT_TRUE(limit.Take(now));
  EXPECT_FALSE(limit.Take(now));
  EXPECT_EQ(limit.Wait(), Seconds(0.1));
  EXPECT_FALSE(limit.Take(now + Seconds(0.05)));
  EXPECT_TRUE(limit.Take(now + Seconds(0.11)));
  RateLimit none(0);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(none.Take(now));
}

TEST(RetryDelay, DoublesUpToAMinute) {
  EXPECT_EQ(RetryDelay(0, 0), Seconds(0.125));
  EXPECT_EQ(RetryDelay(2, 0), Seconds(0.5));
  EXPECT_EQ(RetryDelay(2, 0.5), Seconds(0.75));
  EXPECT_EQ(RetryDelay(30, 0), Seconds(30));
}

}  // namespace
}  // namespace cohort
