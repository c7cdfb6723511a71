#include "learner/admission.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "libs/base/rng.h"

namespace cohort {
namespace {

constexpr uint64_t kManySteps = 1000;

TEST(Admission, AtStalenessZeroExactlyOneShareIsUnderWay) {
  const Admission admission({{8, 0}});
  EXPECT_EQ(admission.MayIssue(0, 0, kManySteps), 8u);
  EXPECT_EQ(admission.MayIssue(0, 8, kManySteps), 0u);
  EXPECT_EQ(admission.MayIssue(0, 7, kManySteps),
            1u);  // one ended unused: its turn goes to the next
}

TEST(Admission, NeverExceedsShareTimesStalenessPlusOne) {
  const Admission admission({{8, 3}});
  EXPECT_EQ(admission.MayIssue(0, 0, kManySteps), 32u);
  EXPECT_EQ(admission.MayIssue(0, 30, kManySteps), 2u);
}

TEST(Admission, IssuesNoMoreThanTheStageCanStillTrain) {
  const Admission admission({{8, 3}});
  EXPECT_EQ(admission.MayIssue(0, 0, 2), 16u);
  EXPECT_EQ(admission.MayIssue(0, 8, 1), 0u);
  EXPECT_EQ(admission.MayIssue(0, 0, 0), 0u);
}

TEST(Admission, APatientRouteIsIssuedAtThePaceOfItsShare) {
  Admission admission({{12, 1}, {4, 120}});
  EXPECT_EQ(admission.MayIssue(1, 0, kManySteps), 8u);
  admission.Issued(1, 8);
  EXPECT_EQ(admission.MayIssue(1, 8, kManySteps), 0u);
  admission.StepDone({{}, {8, 0}});
  EXPECT_EQ(admission.MayIssue(1, 8, kManySteps), 4u);
  uint64_t pending = 8;
  for (int step = 0; step < 500; ++step) {
    const uint64_t issue = admission.MayIssue(1, pending, kManySteps);
    admission.Issued(1, issue);
    pending += issue;
    admission.StepDone({{}, {pending, 0}});
  }
  EXPECT_EQ(pending, 4u * 121u);  // nothing came back: the staleness bound holds it
}

TEST(Admission, APromptThatEndedUnusedGivesItsTurnToAnother) {
  Admission admission({{12, 1}, {4, 120}});
  admission.Issued(1, 8);
  admission.EndedUnused(1, /*stale=*/false);
  EXPECT_EQ(admission.MayIssue(1, 7, kManySteps), 1u);
}

// A patient route whose groups complete a number of steps after their issue.
struct SlowRoute {
  std::function<uint64_t(uint64_t step, Rng& rng)> steps_to_complete;
  double unused = 0;  // share of groups that end without a place in a step
  RouteShare limits = {4, 120};
};
struct Usage {
  double filled = 0;  // share of the places that had a group
  double age = 0;     // steps from issue to step, mean
  uint64_t oldest = 0;
  double stale = 0;  // share of the ends
};

// Plays `steps` of them; what steps `from` on were given.
Usage Play(const SlowRoute& slow, uint64_t steps, uint64_t from) {
  Rng rng(11);
  Admission admission({{12, 1}, slow.limits});
  std::multimap<uint64_t, uint64_t> under_way;  // step of completion → step of issue
  std::multiset<uint64_t> ready;                // steps of issue
  uint64_t trained = 0, stale = 0, ages = 0;
  Usage usage;
  for (uint64_t step = 0; step < steps; ++step) {
    for (; !under_way.empty() && under_way.begin()->first <= step;
         under_way.erase(under_way.begin())) {
      admission.Judged(1, 1);
      admission.Completed(1);
      if (rng.Uniform() < slow.unused) {
        admission.EndedUnused(1, /*stale=*/false);
      } else {
        ready.insert(under_way.begin()->second);
      }
    }
    for (; !ready.empty() && step - *ready.begin() > slow.limits.max_staleness;
         ready.erase(ready.begin())) {
      admission.EndedUnused(1, /*stale=*/true);
      stale += step >= from ? 1 : 0;
    }
    for (uint64_t n = 0; n < slow.limits.share && !ready.empty(); ++n, ready.erase(ready.begin())) {
      if (step < from) continue;
      trained += 1;
      ages += step - *ready.begin();
      usage.oldest = std::max(usage.oldest, step - *ready.begin());
    }
    admission.StepDone({{}, {under_way.size(), ready.size()}});
    const uint64_t issue = admission.MayIssue(1, under_way.size() + ready.size(), kManySteps);
    admission.Issued(1, issue);
    for (uint64_t n = 0; n < issue; ++n) {
      under_way.emplace(step + 1 + slow.steps_to_complete(step, rng), step + 1);
    }
  }
  usage.filled =
      static_cast<double>(trained) / static_cast<double>((steps - from) * slow.limits.share);
  usage.age = static_cast<double>(ages) / static_cast<double>(trained);
  usage.stale = static_cast<double>(stale) / static_cast<double>(trained + stale);
  return usage;
}

uint64_t AboutSixty(uint64_t, Rng& rng) { return 60 + rng.Below(16); }

TEST(Admission, SlowGroupsFillTheirShareAndAreTrainedSoonAfterTheyAreComplete) {
  for (const uint64_t share : {1, 4}) {
    const Usage usage = Play({AboutSixty, 0, {share, 120}}, 600, 100);
    EXPECT_GE(usage.filled, 0.98) << share;
    EXPECT_LE(usage.age, 76) << share;
    EXPECT_EQ(usage.stale, 0) << share;
  }
}

TEST(Admission, GroupsThatEndUnusedAreReplaced) {
  const Usage usage = Play({AboutSixty, /*unused=*/0.3}, 900, 200);
  EXPECT_GE(usage.filled, 0.95);
}

TEST(Admission, WhatLiesReadyAfterEvaluationsBecameQuickerIsUsedUp) {
  const auto from_100_to_20 = [](uint64_t step, Rng& rng) -> uint64_t {
    return step < 300 ? 100 + rng.Below(8) : 20 + rng.Below(4);
  };
  const Usage right_after = Play({from_100_to_20}, 420, 330);
  EXPECT_GE(right_after.age, 60);  // they had been issued long before
  const Usage later = Play({from_100_to_20}, 1200, 800);
  EXPECT_LE(later.age, 30);
  EXPECT_GE(later.filled, 0.95);
}

TEST(Admission, SlowerEvaluationsGetTheirShareAgain) {
  const auto from_20_to_100 = [](uint64_t step, Rng& rng) -> uint64_t {
    return step < 300 ? 20 + rng.Below(4) : 100 + rng.Below(8);
  };
  const Usage later = Play({from_20_to_100}, 900, 500);
  EXPECT_GE(later.filled, 0.98);
  EXPECT_LE(later.stale, 0.01);
}

TEST(Admission, WhereEvaluationsAreTooFewWhatIsEvaluatedIsTrained) {
  // One queue: four groups in ten steps, ten steps each, behind those that came before.
  double free_at = 0;
  const auto queue = [&free_at](uint64_t step, Rng&) -> uint64_t {
    free_at = std::max(free_at, static_cast<double>(step)) + 2.5;
    return static_cast<uint64_t>(free_at) + 10 - step;
  };
  for (const uint64_t bound : {30, 120}) {
    free_at = 0;
    const Usage later = Play({queue, 0, {1, bound}}, 3000, 1000);
    EXPECT_LE(later.stale, 0.1) << bound;
    EXPECT_GE(later.filled, 0.9 * 0.4) << bound;
  }
}

TEST(Admission, OverSamplingKeepsAReserveForTheAgeThatItCosts) {
  // Every 300 steps evaluations stand still for 15 of them.
  const auto with_hiccups = [](uint64_t step, Rng&) -> uint64_t {
    const uint64_t done = step + 60;
    return done % 300 < 15 ? 60 + 15 - done % 300 : 60;
  };
  const Usage plain = Play({with_hiccups, 0, {4, 120}}, 1800, 300);
  const Usage reserved = Play({with_hiccups, 0, {4, 120, true, 1.25}}, 1800, 300);
  EXPECT_GT(reserved.filled, plain.filled);
  EXPECT_GE(reserved.filled, 0.995);
  EXPECT_GT(reserved.age, plain.age);
  EXPECT_LE(reserved.age, 1.5 * 61);
  EXPECT_EQ(reserved.stale, 0);
}

TEST(Admission, AStepIsDueWhenThePacingRoutesHaveTheirShare) {
  const Admission admission({{12, 1}, {4, 120}});
  EXPECT_FALSE(admission.HasItsShare(0, 11));
  EXPECT_TRUE(admission.HasItsShare(0, 12));
  EXPECT_TRUE(admission.HasItsShare(1, 0));
  const Admission synchronous({{12, 0}, {4, 0}});
  EXPECT_FALSE(synchronous.HasItsShare(1, 3));
  EXPECT_TRUE(synchronous.HasItsShare(1, 4));
}

TEST(Admission, NoStepWaitsForARouteThatIsNotTrained) {
  const Admission admission({{12, 1}, {4, 0, /*trained=*/false}});
  EXPECT_TRUE(admission.HasItsShare(1, 0));
  EXPECT_FALSE(admission.HasItsShare(0, 0));
}

}  // namespace
}  // namespace cohort
