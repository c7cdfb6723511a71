#include "learner/ledger.h"

#include <gtest/gtest.h>

#include "libs/base/rng.h"

namespace cohort {
namespace {

TEST(Ledger, APromptEndsOnce) {
  Ledger ledger(1);
  const uint64_t cursor = ledger.Issue(0);
  EXPECT_TRUE(ledger.End(0, cursor, GroupEnd::kTrained));
  EXPECT_FALSE(ledger.End(0, cursor, GroupEnd::kStale));
  EXPECT_EQ(ledger.route(0).ended(GroupEnd::kTrained), 1u);
  EXPECT_EQ(ledger.route(0).ended(GroupEnd::kStale), 0u);
  EXPECT_TRUE(ledger.route(0).HasEnded(cursor));
}

TEST(Ledger, ACursorThatWasNeverIssuedHasNotEnded) {
  Ledger ledger(1);
  EXPECT_FALSE(ledger.route(0).HasEnded(0));
  EXPECT_FALSE(ledger.End(0, 0, GroupEnd::kTrained));
}

TEST(Ledger, TheFloorIsTheOldestPendingPrompt) {
  Ledger ledger(1);
  for (int i = 0; i < 3; ++i) ledger.Issue(0);
  ledger.End(0, 0, GroupEnd::kTrained);
  ledger.End(0, 2, GroupEnd::kTrained);
  EXPECT_EQ(ledger.route(0).Floor(), 1u);
  ledger.End(0, 1, GroupEnd::kExpired);
  EXPECT_EQ(ledger.route(0).Floor(), 3u);
}

TEST(Ledger, BalancesThroughAnyHistoryAndSurvivesItsCheckpoint) {
  Rng rng(7);
  Ledger ledger(2);
  for (int i = 0; i < 20'000; ++i) {
    const size_t route = rng.Below(2);
    if (rng.Below(2) == 0) {
      ledger.Issue(route);
    } else {
      ledger.End(route, rng.Below(ledger.route(route).issued + 1),
                 kGroupEnds[rng.Below(kGroupEnds.size())]);
    }
    ASSERT_TRUE(ledger.Balances()) << "after " << i;
  }
  const Result<Ledger> restored = Ledger::FromJson(ledger.ToJson(), 2);
  ASSERT_TRUE(restored.ok()) << restored.status().ToString();
  EXPECT_EQ(restored->ToJson(), ledger.ToJson());
}

TEST(Ledger, ReadsACheckpointFromBeforeRoutesCouldBeObserved) {
  Ledger ledger(1);
  ledger.End(0, ledger.Issue(0), GroupEnd::kTrained);
  std::string json = ledger.ToJson();
  const std::string added = "\"observed\":0,";
  ASSERT_NE(json.find(added), std::string::npos) << json;
  json.erase(json.find(added), added.size());
  const Result<Ledger> restored = Ledger::FromJson(json, 1);
  ASSERT_TRUE(restored.ok()) << restored.status().ToString();
  EXPECT_EQ(restored->ToJson(), ledger.ToJson());
}

TEST(Ledger, RefusesACheckpointThatDoesNotBalance) {
  Ledger ledger(1);
  ledger.Issue(0);
  std::string json = ledger.ToJson();
  json.replace(json.find("\"issued\":1"), 10, "\"issued\":2");
  EXPECT_EQ(Ledger::FromJson(json, 1).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(Ledger::FromJson(ledger.ToJson(), 2).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Ledger::FromJson("{", 1).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace cohort
