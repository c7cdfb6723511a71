// What a machine knows that was given the changes of another.
#include <gtest/gtest.h>

#include "broker/change_codec.h"
#include "broker/journal/format.h"
#include "tests/broker/machine_driver.h"
#include "tests/broker/machine_dump.h"

namespace cohort {
namespace {

using M = MachineDriver;

// A broker that dies and is brought back from what it wrote.
class RestoringTest : public testing::Test {
 protected:
  static MachineConfig Durable() {
    MachineConfig config = M::Config();
    config.durable = true;
    config.max_attempts = 1;
    return config;
  }
  void Begin(MachineConfig config = Durable()) {
    config_ = std::move(config);
    machine_.emplace(config_, now_);
    Effects effects;
    machine_->Start(now_, /*damaged=*/false, effects);
    Take(effects);
  }
  // All that was written is there, nobody is connected.
  void Die() {
    machine_.emplace(config_, now_);
    for (const Change& change : journal_) machine_->Restore(change);
    machine_->SkipTo(journal_.back().sequence);
    Effects effects;
    machine_->Start(now_, /*damaged=*/false, effects);
    Take(effects);
  }
  void Hello(SessionId session, std::vector<LeaseToken> held = {}, Role role = Role::kActor) {
    HelloMessage hello;
    hello.role = role;
    hello.instance = "worker-" + std::to_string(session);
    hello.held = std::move(held);
    Effects effects;
    ASSERT_TRUE(machine_->Hello(now_, session, hello, effects).ok());
    Take(effects);
  }
  // What it makes the machine say.
  std::vector<Effect> Do(SessionId session, Verb verb) {
    Effects effects;
    machine_->Apply(now_, session, {++number_, std::move(verb)}, effects);
    Take(effects);
    return effects.events;
  }
  // The first task of a queue that a new consumer is sent.
  Effect DeliverEffect(SessionId session, const std::string& queue) {
    Do(session, SubscribeCommand{queue});
    for (Effect& effect : Do(session, CreditCommand{queue, 100, 1 << 20})) {
      if (std::holds_alternative<DeliverEvent>(effect.event)) return std::move(effect);
    }
    ADD_FAILURE() << "nothing was delivered of " << queue;
    return {session, DeliverEvent{}};
  }
  DeliverEvent Deliver(SessionId session, const std::string& queue) {
    return std::get<DeliverEvent>(DeliverEffect(session, queue).event);
  }
  MachineDump Dump() {
    Effects effects;
    MachineDump dump = DumpOf(*machine_, now_, effects);
    Take(effects);
    return dump;
  }
  void Take(const Effects& effects) {
    journal_.insert(journal_.end(), effects.changes.begin(), effects.changes.end());
  }

  MachineConfig config_;
  Time now_ = Time(Seconds(1000));
  std::optional<QueueMachine> machine_;
  std::vector<Change> journal_;
  uint64_t number_ = 0;
};

TEST_F(RestoringTest, KnowsWhatTheMachineKnewThatWroteTheChanges) {
  MachineConfig config = Durable();
  config.max_attempts = 2;
  Begin(config);
  Hello(1);
  Hello(2);
  for (uint64_t cursor = 1; cursor <= 8; ++cursor) Do(1, PutCommand{M::Prompt(cursor)});
  const DeliverEvent first = Deliver(2, "prompts");
  TaskSpec child = M::Spec("rollouts", M::Id(1, 1));
  child.results = "scored";
  Do(2, EmitCommand{first.token, {child}});
  LeaseToken token = first.token;
  token.lease += 1;
  Do(2, FailCommand{token, "broken"});
  token.lease += 1;
  Do(2, SettleCommand{token, "prompts", M::Id(3), {M::Spec("rollouts", M::Id(3, 1))}});
  token.lease += 1;
  Do(2, AcceptCommand{token});
  Do(1, CancelCommand{7, 1, 5, 5});
  Do(1, FloorCommand{"rollouts", 7, 1, 2});
  const MachineDump before = Dump();
  EXPECT_EQ(before.live.size(), 9u);  // six prompts, two rollouts, one obituary
  EXPECT_EQ(before.over.size(), 2u);
  // The whole journal, and no more than what was written anew at its end.
  Die();
  EXPECT_EQ(Difference(before, Dump()), "");
  const uint64_t needed = machine_->oldest_needed();
  EXPECT_GT(needed, 1u);
  std::erase_if(journal_, [&](const Change& change) { return change.sequence < needed; });
  Die();
  EXPECT_EQ(Difference(before, Dump()), "");
}

// A journal that took more than the machine thinks would be written anew for ever.
TEST_F(RestoringTest, WhatIsWrittenAnewTakesAboutWhatItCountsFor) {
  Begin();
  Hello(1);
  Hello(2);
  for (const std::string queue : {"prompts", "rollouts"}) {
    Do(2, SubscribeCommand{queue});
    Do(2, CreditCommand{queue, 2000, 1 << 20});
  }
  for (uint64_t cursor = 1; cursor <= 2000; ++cursor) {
    const std::string queue = cursor % 2 == 0 ? "prompts" : "rollouts";
    const std::vector<Effect> events = Do(1, PutCommand{M::Spec(queue, M::Id(cursor))});
    for (const Effect& effect : events) {
      const auto* deliver = std::get_if<DeliverEvent>(&effect.event);
      if (deliver != nullptr) Do(2, SettleCommand{deliver->token, queue, deliver->id, {}});
    }
  }
  Effects effects;
  machine_->Rewrite(now_, machine_->tail() + 1, SIZE_MAX, effects);
  uint64_t bytes = 0;
  for (const Change& change : effects.changes) {
    const JournalRecord record = EncodeChange(change);
    bytes += journal::RecordBytes(record.head.size());
    for (const Body& body : record.bodies) bytes += body.size();
  }
  EXPECT_LE(bytes, machine_->live_bytes() * 6 / 5);
  EXPECT_GE(bytes, machine_->live_bytes() * 4 / 5);
  EXPECT_EQ(DumpOf(effects.changes).over.size(), 2000u);
}

TEST_F(RestoringTest, TasksThatAFileGivesOneOrderAreAllServed) {
  Begin();
  Hello(1);
  for (uint64_t cursor = 1; cursor <= 3; ++cursor) Do(1, PutCommand{M::Prompt(cursor)});
  for (Change& change : journal_) {
    if (auto* task = std::get_if<TaskChange>(&change.what)) task->task.order = 7;
  }
  Die();
  Hello(2);
  Do(2, SubscribeCommand{"prompts"});
  EXPECT_EQ(std::ssize(Do(2, CreditCommand{"prompts", 3, 1000})), 3);
}

TEST_F(RestoringTest, AChildThatExistedAlreadyIsStillItsParentsOwn) {
  Begin();
  Hello(1);
  Do(1, PutCommand{M::Prompt(1)});
  Do(1, PutCommand{M::Spec("rollouts", M::Id(1, 1))});
  const DeliverEvent first = Deliver(1, "prompts");
  Do(1, EmitCommand{first.token, {M::Spec("rollouts", M::Id(1, 1))}});
  Die();
  Hello(1);  // it lists no lease: the task is handed back
  EXPECT_EQ(Deliver(1, "prompts").emitted, std::vector<TaskId>{M::Id(1, 1)});
}

TEST_F(RestoringTest, DeadLettersStayBounded) {
  MachineConfig config = Durable();
  config.dead_tasks = 2;
  Begin(config);
  Hello(1);
  for (uint64_t cursor = 1; cursor <= 2; ++cursor) {
    Do(1, PutCommand{M::Prompt(cursor)});
    Do(1, FailCommand{Deliver(1, "prompts").token, "broken"});
    Do(1, CreditCommand{"prompts", 0, 0});
  }
  Dump();  // as images
  Die();
  Hello(1);
  Do(1, PutCommand{M::Prompt(3)});
  Do(1, FailCommand{Deliver(1, "prompts").token, "broken"});
  uint64_t dead = 0;
  for (const auto& [key, image] : Dump().live) dead += image.dead ? 1 : 0;
  EXPECT_EQ(dead, 2u);
}

TEST_F(RestoringTest, NobodyIsToldOfTheLeaseOfADeadLetter) {
  Begin();
  Hello(1);
  Do(1, PutCommand{M::Prompt(1)});
  Do(1, FailCommand{Deliver(1, "prompts").token, "broken"});
  Die();
  Hello(1);
  for (const Effect& effect : Do(1, CancelCommand{7, 1, 1, 1})) {
    EXPECT_FALSE(std::holds_alternative<LeaseLostEvent>(effect.event));
  }
}

TEST_F(RestoringTest, ChildrenOnDiskAreConfirmedAfterTheirSyncThoughTheirParentLivesInMemory) {
  MachineConfig config = Durable();
  config.memory_queues = {"prompts"};
  Begin(config);
  Hello(1);
  Do(1, PutCommand{M::Prompt(1)});
  const LeaseToken token = Deliver(1, "prompts").token;
  const auto emitted = Do(1, EmitCommand{token, {M::Spec("rollouts", M::Id(1, 1))}});
  ASSERT_EQ(emitted.size(), 1u);
  EXPECT_EQ(emitted[0].after, machine_->tail());
  const SettleCommand settle{token, "prompts", M::Id(1), {M::Spec("rollouts", M::Id(1, 2))}};
  for (const bool again : {false, true}) {
    const auto settled = Do(1, settle);
    ASSERT_EQ(settled.size(), 1u);
    EXPECT_EQ(settled[0].after, machine_->tail()) << (again ? "said again" : "");
  }
}

TEST_F(RestoringTest, WhatAProducerPutIsDeliveredBeforeItsSyncAndResultsAfterTheirs) {
  Begin();
  Hello(1);
  const auto put = Do(1, PutCommand{M::Prompt(1)});
  ASSERT_EQ(put.size(), 1u);
  EXPECT_EQ(put[0].after, machine_->tail());
  const Effect prompt = DeliverEffect(1, "prompts");
  EXPECT_EQ(prompt.after, 0u);
  const LeaseToken token = std::get<DeliverEvent>(prompt.event).token;

  Do(1, EmitCommand{token, {M::Spec("rollouts", M::Id(1, 1))}});
  const uint64_t emitted = machine_->tail();
  EXPECT_EQ(DeliverEffect(1, "rollouts").after, emitted);
  Do(1, SettleCommand{token, "prompts", M::Id(1), {M::Spec("more", M::Id(1, 2))}});
  const uint64_t settled = machine_->tail();
  EXPECT_EQ(DeliverEffect(1, "more").after, settled);
}

TEST_F(RestoringTest, ARevivalAndAnObituaryAreDeliveredOnceTheyAreDurable) {
  Begin();
  Hello(1);
  Hello(2, {}, Role::kOperator);
  Do(1, PutCommand{M::Prompt(1)});
  Do(1, FailCommand{Deliver(1, "prompts").token, "broken"});
  const uint64_t buried = machine_->tail();

  std::optional<Effect> again;
  for (const Effect& effect : Do(2, ReviveCommand{"prompts", std::nullopt})) {
    if (std::holds_alternative<DeliverEvent>(effect.event)) again = effect;
  }
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->after, buried + 1);
  Do(1, FailCommand{std::get<DeliverEvent>(again->event).token, "broken still"});
  const uint64_t buried_again = machine_->tail();
  EXPECT_EQ(DeliverEffect(1, "scored").after, buried_again);
}

}  // namespace
}  // namespace cohort
