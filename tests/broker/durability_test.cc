// Brokers that die and come back, behind their sockets, with their journal in a temporary folder.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/broker/live_broker.h"

namespace cohort {
namespace {

class DurabilityTest : public testing::Test {
 protected:
  void SetUp() override {
    endpoint_ = "ipc://" + folder_.path() + "/sockets/broker";
    Restart();
  }
  static MachineConfig Durable() {
    MachineConfig config = LiveBroker::QuickConfig();
    config.durable = true;
    return config;
  }
  void Restart(MachineConfig config = Durable()) {
    broker_.reset();
    broker_.emplace(endpoint_, config, folder_.path() + "/journal", uint64_t{1} << 16);
  }
  std::unique_ptr<BrokerClient> Client(Role role, const std::string& instance) {
    return ConnectTo(endpoint_, role, instance);
  }
  static NewTask Task(const std::string& queue, uint64_t cursor, size_t bytes = 100) {
    NewTask task;
    task.queue = queue;
    task.id = Id(cursor);
    task.body = std::string(bytes, static_cast<char>('a' + cursor % 26));
    return task;
  }
  static void PutAndWait(BrokerClient& producer, NewTask task) {
    producer.Put(std::move(task), 1);
    const auto answer = NextOf<Answer>(producer);
    ASSERT_TRUE(answer.has_value());
    ASSERT_TRUE(answer->status.ok()) << answer->status.ToString();
  }

  TemporaryFolder folder_;
  std::string endpoint_;
  std::optional<LiveBroker> broker_;
};

TEST_F(DurabilityTest, ConfirmedTasksSurvive) {
  auto producer = Client(Role::kLearner, "learner");
  for (uint64_t cursor = 1; cursor <= 20; ++cursor) PutAndWait(*producer, Task("q", cursor, 5000));
  Restart();
  auto consumer = Client(Role::kActor, "actor-1");
  consumer->Subscribe("q");
  consumer->Grant("q", 100, 1 << 20);
  uint64_t delivered = 0;
  for (uint64_t settled = 0; settled < 20;) {
    const auto event = consumer->Next(kPatience);
    ASSERT_TRUE(event.has_value()) << delivered << " delivered, " << settled << " settled";
    if (const auto* delivery = std::get_if<Delivery>(&*event)) {
      delivered += 1;
      EXPECT_EQ(delivery->id, Id(delivered));
      EXPECT_EQ(delivery->body, Task("q", delivered, 5000).body);
      consumer->Settle(delivery->token, {}, delivered);
    } else if (const auto* answer = std::get_if<Answer>(&*event)) {
      EXPECT_TRUE(answer->status.ok());
      settled += 1;
    }
  }
  EXPECT_EQ(delivered, 20u);
  Restart();
  producer = Client(Role::kLearner, "learner");
  producer->Put(Task("q", 3), 1);
  EXPECT_TRUE(NextOf<Answer>(*producer)->known_before);
}

TEST_F(DurabilityTest, WhatAnOperatorDidSurvives) {
  auto producer = Client(Role::kLearner, "learner");
  auto consumer = Client(Role::kActor, "actor-1");
  auto hand = Client(Role::kOperator, "hand");
  const auto fail = [&] {
    consumer->Subscribe("q");
    consumer->Grant("q", 1, 1 << 20);
    const auto delivery = NextOf<Delivery>(*consumer);
    ASSERT_TRUE(delivery.has_value());
    EXPECT_EQ(delivery->token.attempt, 1u) << "attempts are fresh";
    consumer->Grant("q", 0, 0);
    consumer->Fail(delivery->token, "no luck");
    ASSERT_TRUE(Eventually([&] {
      const auto dead = hand->Peek("q", TaskState::kDead, 9, kPatience);
      return dead.ok() && dead->tasks.size() == 1;
    }));
  };
  NewTask task = Task("q", 1);
  task.max_attempts = 1;
  task.obituaries = "scored";
  PutAndWait(*producer, task);
  fail();
  EXPECT_EQ(hand->Revive("q", Id(1), kPatience)->done, 1u);
  EXPECT_TRUE(hand->Pause("q", kPatience).ok());
  hand.reset();
  Restart();
  hand = Client(Role::kOperator, "hand");
  const auto ready = hand->Peek("q", TaskState::kReady, 9, kPatience);
  ASSERT_TRUE(ready.ok()) << ready.status().ToString();
  ASSERT_EQ(ready->tasks.size(), 1u);
  EXPECT_EQ(ready->tasks[0].reasons,
            (std::vector<std::string>{"attempt 1 by actor-1: no luck", "revived by hand"}));
  const auto queues = hand->Stats(kPatience);
  ASSERT_TRUE(queues.ok());
  for (const QueueStats& queue : *queues) {
    EXPECT_EQ(queue.paused, queue.name == "q");
    EXPECT_EQ(queue.ready, queue.name == "q" ? 1u : 0u) << "the obituary was taken back";
  }
  EXPECT_TRUE(hand->Resume("q", kPatience).ok());
  fail();
  EXPECT_EQ(hand->Purge("q", PurgeScope::kDead, kPatience)->done, 1u);
  Restart();
  EXPECT_EQ(hand->Revive("q", std::nullopt, kPatience)->done, 0u) << "it is gone";
  producer->Subscribe("scored");
  producer->Grant("scored", 9, 1 << 20);
  const auto told = NextOf<Delivery>(*producer);
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->obituary->reason, EndReason::kDead) << "its second death was told";
}

TEST_F(DurabilityTest, LeasesStayValidOverARestart) {
  auto producer = Client(Role::kLearner, "learner");
  auto consumer = Client(Role::kActor, "actor-1");
  consumer->Subscribe("q");
  consumer->Grant("q", 1, 1 << 20);
  PutAndWait(*producer, Task("q", 1));
  const auto delivery = NextOf<Delivery>(*consumer);
  ASSERT_TRUE(delivery.has_value());
  Restart();
  consumer->Settle(delivery->token, {Task("r", 1)}, 7);
  const auto answer = NextOf<Answer>(*consumer);
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->status.ok()) << answer->status.ToString();
  Restart();
  auto next = Client(Role::kRewardWorker, "reward-worker-1");
  next->Subscribe("r");
  next->Grant("r", 1, 1 << 20);
  EXPECT_EQ(NextOf<Delivery>(*next)->id, Id(1));
}

TEST_F(DurabilityTest, ProducersAreNotAskedToPutAgainWhatIsKnown) {
  auto producer = Client(Role::kLearner, "learner");
  EXPECT_TRUE(NextOf<SessionStarted>(*producer)->fresh);
  Restart();
  EXPECT_FALSE(NextOf<SessionStarted>(*producer)->fresh);
  MachineConfig mixed = Durable();
  mixed.memory_queues = {"scratch.*"};
  Restart(mixed);
  EXPECT_TRUE(NextOf<SessionStarted>(*producer)->fresh);
}

TEST_F(DurabilityTest, HeldTasksStayHeld) {
  auto producer = Client(Role::kActor, "actor-1");
  auto learner = Client(Role::kLearner, "learner");
  learner->Subscribe("q");
  learner->Grant("q", 10, 1 << 20);
  PutAndWait(*producer, Task("q", 1));
  const auto delivery = NextOf<Delivery>(*learner);
  ASSERT_TRUE(delivery.has_value());
  learner->Accept(delivery->token);
  const auto accepted = [&] {
    const auto stats = learner->Stats(kPatience);
    return stats.ok() && stats->front().accepted == 1;
  };
  EXPECT_TRUE(Eventually(accepted));
  Restart();
  EXPECT_TRUE(Eventually(accepted));
  learner->Settle(delivery->token, {}, 5);
  EXPECT_TRUE(NextOf<Answer>(*learner)->status.ok());
}

TEST_F(DurabilityTest, TheJournalStaysShort) {
  auto producer = Client(Role::kLearner, "learner");
  auto consumer = Client(Role::kActor, "actor-1");
  consumer->Subscribe("q");
  consumer->Grant("q", 4, 1 << 20);
  PutAndWait(*producer, Task("stays", 1, 20'000));  // it lives in the oldest segment
  for (uint64_t cursor = 1; cursor <= 300; ++cursor) {
    PutAndWait(*producer, Task("q", cursor, 8000));
    const auto delivery = NextOf<Delivery>(*consumer);
    ASSERT_TRUE(delivery.has_value());
    consumer->Settle(delivery->token, {}, cursor);
    ASSERT_TRUE(NextOf<Answer>(*consumer).has_value());
    producer->Floor("q", 7, 1, cursor + 1);
  }
  // 2.4 MB went through; about 20 KB live.
  const auto bytes = [&] { return broker_->server().snapshot().journal->disk_bytes; };
  EXPECT_TRUE(Eventually([&] { return bytes() <= 2 * 21'000 + 2 * (uint64_t{1} << 16); }))
      << bytes() << " bytes of journal";
  Restart();
  auto other = Client(Role::kActor, "actor-2");
  other->Subscribe("stays");
  other->Grant("stays", 1, 1 << 20);
  EXPECT_EQ(NextOf<Delivery>(*other)->body, Task("stays", 1, 20'000).body);
}

TEST_F(DurabilityTest, ASecondBrokerIsRefusedTheJournal) {
  BrokerServer::Options options;
  options.endpoint = "ipc://" + folder_.path() + "/sockets/other";
  options.machine = Durable();
  options.journal_directory = folder_.path() + "/journal";
  const auto second = BrokerServer::Bind(options);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find(options.journal_directory), std::string::npos);
}

}  // namespace
}  // namespace cohort
