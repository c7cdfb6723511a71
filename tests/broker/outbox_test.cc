#include "broker/outbox.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace cohort {
namespace {

class OutboxTest : public testing::Test {
 protected:
  static constexpr uint64_t kSynced = 80;

  bool Answer(uint64_t number, uint64_t after, uint64_t synced = kSynced) {
    return outbox_.Add({1, AnswerEvent{number, Status(), false}, after}, synced);
  }
  bool Deliver(uint64_t lease, uint64_t after, uint64_t synced = kSynced) {
    DeliverEvent deliver;
    deliver.token = {100, lease, 1};
    return outbox_.Add({1, std::move(deliver), after}, synced);
  }
  // "a3" is the answer to command 3, "d7" the delivery of lease 7.
  std::string Ready() {
    std::string words;
    for (const Event& event : outbox_.ready) {
      if (!words.empty()) words += ' ';
      if (const auto* deliver = std::get_if<DeliverEvent>(&event)) {
        words += 'd' + std::to_string(deliver->token.lease);
      } else {
        words += 'a' + std::to_string(std::get<AnswerEvent>(event).number);
      }
    }
    outbox_.ready.clear();
    return words;
  }

  Outbox outbox_;
};

TEST_F(OutboxTest, AnEventRestsUntilItsChangeIsDurable) {
  EXPECT_TRUE(Answer(1, 80));
  EXPECT_FALSE(Answer(2, 81));
  EXPECT_EQ(Ready(), "a1");
  EXPECT_EQ(outbox_.Synced(80), Outbox::News::kNone);
  EXPECT_EQ(outbox_.Synced(81), Outbox::News::kUrgent);
  EXPECT_FALSE(outbox_.rests());
  EXPECT_EQ(Ready(), "a2");
}

TEST_F(OutboxTest, TellsWhetherAnybodyWaitsForWhatBecameReady) {
  outbox_.Add({1, AnswerEvent{1, Status(), false}, 90, /*patient=*/true}, kSynced);
  outbox_.Add({1, AnswerEvent{2, Status(), false}, 91, /*patient=*/true}, kSynced);
  Answer(3, 91);
  EXPECT_EQ(outbox_.Synced(90), Outbox::News::kPatient);
  EXPECT_EQ(outbox_.Synced(91), Outbox::News::kUrgent);
}

TEST_F(OutboxTest, AnswersNeverOvertake) {
  Answer(1, 90);
  EXPECT_FALSE(Answer(2, 0));
  EXPECT_FALSE(Answer(3, 85));
  outbox_.Synced(89);
  EXPECT_EQ(Ready(), "");
  outbox_.Synced(90);
  EXPECT_EQ(Ready(), "a1 a2 a3");
}

TEST_F(OutboxTest, WhatAProducerPutGoesAheadOfWhatRests) {
  Answer(1, 90);
  EXPECT_TRUE(Deliver(7, 0));
  EXPECT_EQ(Ready(), "d7");
  EXPECT_TRUE(outbox_.rests());
}

// A result that rests behind an answer may be leased again before the disk is back.
TEST_F(OutboxTest, DeliveriesOfAResultStayInTheirOrder) {
  Answer(1, 100);
  EXPECT_FALSE(Deliver(3, 90));
  outbox_.Synced(95);
  EXPECT_FALSE(Deliver(4, 90, 95)) << "its change is durable, but lease 3 rests";
  outbox_.Synced(100);
  EXPECT_EQ(Ready(), "a1 d3 d4");
}

}  // namespace
}  // namespace cohort
