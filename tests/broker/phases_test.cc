// What holders of leases say that they do: shown, and forgotten with the lease.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/broker/machine_driver.h"

namespace cohort {
namespace {

using testing::IsEmpty;

constexpr SessionId kProducer = 1;
constexpr SessionId kWorker = 2;
constexpr SessionId kOther = 3;

class PhasesTest : public testing::Test {
 protected:
  explicit PhasesTest(MachineConfig config = MachineDriver::Config()) : d(config) {
    for (SessionId session : {kProducer, kWorker, kOther}) EXPECT_TRUE(d.Hello(session).ok());
  }
  DeliverEvent PutAndDeliver(TaskSpec spec) {
    d.Do(kProducer, PutCommand{spec});
    d.Consume(kWorker, spec.queue);
    return d.Delivered(kWorker);
  }
  // All three stay connected.
  void Wait(Duration by) { d.AdvanceAlive(by, {kProducer, kWorker, kOther}); }

  MachineDriver d;
};

TEST_F(PhasesTest, ShowsWhatIsDoneForTheOldestTaskAndSinceWhen) {
  const DeliverEvent older = PutAndDeliver(d.Prompt(1));
  const DeliverEvent newer = PutAndDeliver(d.Prompt(2));
  const auto renew = [&](const std::string& first, const std::string& second) {
    d.Do(kWorker, RenewCommand{{newer.token, older.token}, {second, first}});
  };
  EXPECT_EQ(d.Stats("prompts").phase, "");
  renew("reading", "testing");
  Wait(Seconds(10));
  EXPECT_EQ(d.Stats("prompts").phase, "reading");
  EXPECT_EQ(d.Stats("prompts").phase_since_seconds, 10);
  EXPECT_EQ(d.Stats("prompts").phase_of, older.id);
  renew("reading", "testing");
  EXPECT_EQ(d.Stats("prompts").phase_since_seconds, 10)
      << "told again it holds since the first time";
  renew("testing", "testing");
  EXPECT_EQ(d.Stats("prompts").phase, "testing");
  EXPECT_EQ(d.Stats("prompts").phase_since_seconds, 0);
  EXPECT_EQ(d.Stats("prompts").phase_of, older.id);
  Wait(Seconds(1));
  renew("", "testing");
  EXPECT_EQ(d.Stats("prompts").phase_of, newer.id);
  EXPECT_EQ(d.Stats("prompts").phase_since_seconds, 11);
  d.Do(kWorker, RenewCommand{{newer.token, older.token}});
  EXPECT_EQ(d.Stats("prompts").phase, "") << "this holder does not tell any more";
}

TEST_F(PhasesTest, ForgetsWhatIsDoneWithTheLease) {
  const auto tell = [&](const DeliverEvent& delivery) {
    d.Do(kWorker, RenewCommand{{delivery.token}, {"testing"}});
    return d.Stats("prompts").phase == "testing";
  };
  DeliverEvent delivery = PutAndDeliver(d.Prompt(1));
  ASSERT_TRUE(tell(delivery));
  Wait(Seconds(30));
  EXPECT_EQ(d.Stats("prompts").phase, "") << "expired and delivered again";
  delivery = d.Delivered(kWorker);
  ASSERT_TRUE(tell(delivery));
  d.Do(kWorker, ReleaseCommand{delivery.token});
  EXPECT_EQ(d.Stats("prompts").phase, "");
  delivery = d.Delivered(kWorker);
  ASSERT_TRUE(tell(delivery));
  d.Do(kWorker, FailCommand{delivery.token, "because"});
  EXPECT_EQ(d.Stats("prompts").phase, "");
  Wait(Seconds(2));
  delivery = d.Delivered(kWorker);
  ASSERT_TRUE(tell(delivery));
  d.Do(kWorker, SettleCommand{delivery.token, "prompts", delivery.id, {}});
  EXPECT_EQ(d.Stats("prompts").phase, "");
  delivery = PutAndDeliver(d.Prompt(2));
  ASSERT_TRUE(tell(delivery));
  d.Do(kWorker, AcceptCommand{delivery.token});
  EXPECT_EQ(d.Stats("prompts").phase, "") << "it is held for a checkpoint now";
  EXPECT_FALSE(tell(delivery));
}

TEST_F(PhasesTest, TakesNobodysWordForAnothersTask) {
  const DeliverEvent delivery = PutAndDeliver(d.Prompt(1));
  d.Do(kOther, RenewCommand{{delivery.token}, {"testing"}});
  EXPECT_EQ(d.Stats("prompts").phase, "");
}

class PhasesOnDiskTest : public PhasesTest {
 protected:
  static MachineConfig Durable() {
    MachineConfig config = MachineDriver::Config();
    config.durable = true;
    return config;
  }
  PhasesOnDiskTest() : PhasesTest(Durable()) {}
};

TEST_F(PhasesOnDiskTest, LeaveNothingInTheJournal) {
  const DeliverEvent delivery = PutAndDeliver(d.Prompt(1));
  Effects effects;
  d.machine.Apply(d.now(), kWorker, {0, RenewCommand{{delivery.token}, {"testing"}}}, effects);
  EXPECT_EQ(d.Stats("prompts").phase, "testing");
  EXPECT_THAT(effects.changes, IsEmpty());
  EXPECT_THAT(effects.events, IsEmpty());
}

}  // namespace
}  // namespace cohort
