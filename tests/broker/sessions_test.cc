// Sessions: hello, loss, grace, restart of instance and broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/broker/machine_driver.h"

namespace cohort {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr SessionId kProducer = 1;
constexpr SessionId kWorker = 2;
constexpr SessionId kOther = 3;

class SessionsTest : public testing::Test {
 protected:
  void SetUp() override {
    for (SessionId session : {kProducer, kWorker, kOther}) ASSERT_TRUE(d.Hello(session).ok());
    d.Do(kProducer, PutCommand{d.Prompt(1)});
    d.Consume(kWorker, "prompts");
    delivery = d.Delivered(kWorker);
  }
  bool Settles(SessionId session) {
    return d.StatusOf(session, SettleCommand{delivery.token, "prompts", delivery.id, {}}).ok();
  }
  MachineDriver d;
  DeliverEvent delivery;
};

TEST_F(SessionsTest, KeepsTheLeasesOfALostConnectionForTheGrace) {
  d.Disconnect(kWorker);
  d.Consume(kOther, "prompts");
  d.AdvanceAlive(Seconds(2), {kOther});
  EXPECT_THAT(d.Deliveries(kOther), IsEmpty());
  const auto answer = d.Hello(kWorker, "", {delivery.token});
  ASSERT_TRUE(answer.ok());
  EXPECT_THAT(answer->lost, IsEmpty());
  EXPECT_TRUE(Settles(kWorker));
}

TEST_F(SessionsTest, FreesThemAfterTheGrace) {
  d.Disconnect(kWorker);
  d.Consume(kOther, "prompts");
  d.AdvanceAlive(Seconds(4), {kOther});
  EXPECT_EQ(d.Delivered(kOther).token.attempt, 1u);
  const auto answer = d.Hello(kWorker, "", {delivery.token});
  ASSERT_TRUE(answer.ok());
  EXPECT_THAT(answer->lost, ElementsAre(delivery.token));
}

TEST_F(SessionsTest, CountsStartedWorkOfALostSession) {
  d.Do(kWorker, BeginCommand{delivery.token});
  d.Disconnect(kWorker);
  d.Consume(kOther, "prompts");
  d.AdvanceAlive(Seconds(4), {kOther});
  EXPECT_EQ(d.Delivered(kOther).token.attempt, 2u);
}

TEST_F(SessionsTest, HandsBackWhatAHelloDoesNotList) {
  d.Consume(kOther, "prompts");
  ASSERT_TRUE(d.Hello(kWorker, "", {}).ok());
  EXPECT_EQ(d.Delivered(kOther).token.attempt, 1u);
}

TEST_F(SessionsTest, ARestartedInstanceEndsItsOldSession) {
  d.Consume(kOther, "prompts");
  ASSERT_TRUE(d.Hello(77, "worker-2").ok());
  EXPECT_EQ(d.Delivered(kOther).id, delivery.id) << "freed at once";
  const auto ended = d.Ended();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].session, kWorker);
  EXPECT_TRUE(ended[0].final);
  const auto back = d.Hello(kWorker, "worker-2");
  EXPECT_EQ(back.status().code(), StatusCode::kFailedPrecondition)
      << "two processes of one name must not end each other for ever";
}

TEST_F(SessionsTest, TheSameNameInAnotherRoleIsAnotherInstance) {
  ASSERT_TRUE(d.Hello(77, "worker-2", {}, Role::kRewardWorker).ok());
  EXPECT_THAT(d.Ended(), IsEmpty());
}

TEST_F(SessionsTest, GoodbyeFreesLeasesAtOnceWithoutAnAttempt) {
  d.Do(kWorker, BeginCommand{delivery.token});
  d.Consume(kOther, "prompts");
  d.Goodbye(kWorker);
  EXPECT_EQ(d.Delivered(kOther).token.attempt, 1u);
  EXPECT_FALSE(d.machine.Knows(kWorker));
}

TEST_F(SessionsTest, TakesASilentSessionForLost) {
  d.Consume(kOther, "prompts");
  d.AdvanceAlive(Seconds(7), {kOther, kProducer});
  const auto ended = d.Ended();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].session, kWorker);
  EXPECT_FALSE(ended[0].final);
  d.AdvanceAlive(Seconds(4), {kOther, kProducer});
  EXPECT_EQ(d.Delivered(kOther).id, delivery.id);
}

TEST_F(SessionsTest, DeliversNothingToALostConnection) {
  d.Disconnect(kWorker);
  d.Do(kProducer, PutCommand{d.Prompt(2)});
  EXPECT_THAT(d.Deliveries(kWorker), IsEmpty());
  EXPECT_EQ(d.Stats("prompts").waits_for, "a consumer");
}

TEST_F(SessionsTest, CreditStartsAnewWithEachHello) {
  ASSERT_TRUE(d.Hello(kWorker, "", {delivery.token}).ok());
  d.Do(kProducer, PutCommand{d.Prompt(2)});
  EXPECT_THAT(d.Deliveries(kWorker), IsEmpty()) << "no credit was given since hello";
  d.Consume(kWorker, "prompts", 1);
  EXPECT_EQ(d.Delivered(kWorker).id, d.Id(2));
}

TEST_F(SessionsTest, RemembersWhatItProcessedAcrossReconnections) {
  const uint64_t last = d.Do(kWorker, BeginCommand{delivery.token});
  EXPECT_EQ(d.machine.processed(kWorker), last);
  d.Disconnect(kWorker);
  EXPECT_EQ(d.Hello(kWorker, "", {delivery.token})->processed, last);
}

TEST_F(SessionsTest, DeliversNothingDuringTheGraceAfterTheStart) {
  MachineConfig config = MachineDriver::Config();
  config.restart_grace = Seconds(2);
  MachineDriver fresh(config);
  ASSERT_TRUE(fresh.Hello(kWorker).ok());
  fresh.Consume(kWorker, "prompts");
  fresh.Do(kWorker, PutCommand{fresh.Prompt(1)});
  fresh.AdvanceAlive(Seconds(1), {kWorker});
  EXPECT_THAT(fresh.Deliveries(kWorker), IsEmpty());
  EXPECT_EQ(fresh.Stats("prompts").waits_for, "the end of the grace after the broker's start");
  fresh.AdvanceAlive(Seconds(1), {kWorker});
  EXPECT_EQ(fresh.Deliveries(kWorker).size(), 1u);
}

TEST_F(SessionsTest, ANewBrokerKnowsNoLeaseOfAnEarlierOne) {
  MachineConfig config = MachineDriver::Config();
  config.epoch = 101;
  MachineDriver next(config);
  const auto answer = next.Hello(kWorker, "", {delivery.token});
  ASSERT_TRUE(answer.ok());
  EXPECT_THAT(answer->lost, ElementsAre(delivery.token));
  EXPECT_EQ(answer->processed, 0u);
}

TEST_F(SessionsTest, DeliversNothingOnceItIsStopping) {
  d.machine.StopDelivering(d.now());
  d.Do(kProducer, PutCommand{d.Prompt(2)});
  EXPECT_THAT(d.Deliveries(kWorker), IsEmpty());
  EXPECT_TRUE(Settles(kWorker)) << "answers still count";
}

}  // namespace
}  // namespace cohort
