#include "broker/server.h"

#include <gtest/gtest.h>

#include "tests/broker/live_broker.h"

namespace cohort {
namespace {

TEST(ServerTest, CarriesATaskFromPutOverDeliveryToItsSettle) {
  TemporaryFolder folder;
  const std::string endpoint = "ipc://" + folder.path() + "/sockets/broker";
  LiveBroker broker(endpoint);
  auto producer = ConnectTo(endpoint, Role::kLearner, "learner");
  auto consumer = ConnectTo(endpoint, Role::kActor, "actor-1");
  const auto started = NextOf<SessionStarted>(*producer);
  ASSERT_TRUE(started.has_value());
  EXPECT_EQ(started->weights_endpoint, "ipc:///weights");
  EXPECT_TRUE(started->fresh);

  consumer->Subscribe("prompts.main");
  consumer->Grant("prompts.main", 1, 1 << 20);
  NewTask task;
  task.queue = "prompts.main";
  task.id = Id(1);
  task.body = std::string(100'000, 'x');
  task.results = "rollouts.main";
  producer->Put(task, 11);
  const auto put = NextOf<Answer>(*producer);
  ASSERT_TRUE(put.has_value());
  EXPECT_EQ(put->tag, 11u);
  EXPECT_TRUE(put->status.ok());
  const auto delivery = NextOf<Delivery>(*consumer);
  ASSERT_TRUE(delivery.has_value());
  EXPECT_EQ(delivery->id, Id(1));
  EXPECT_EQ(delivery->body, task.body);
  consumer->Begin(delivery->token);
  NewTask child;
  child.queue = "rollouts.main";
  child.id = Id(1, 1);
  child.body = "small";
  consumer->Settle(delivery->token, {child}, 12);
  const auto settled = NextOf<Answer>(*consumer);
  ASSERT_TRUE(settled.has_value());
  EXPECT_TRUE(settled->status.ok()) << settled->status.ToString();
  producer->Subscribe("rollouts.main");
  producer->Grant("rollouts.main", 1, 1);
  const auto result = NextOf<Delivery>(*producer);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->body, "small");
}

}  // namespace
}  // namespace cohort
