// How fast tasks pass: put, deliver, settle of 4 KiB, three parties on one machine. The figures are
// printed; the bounds are low enough for a busy machine and only catch collapse.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <thread>
#include <vector>

#include "tests/broker/live_broker.h"

namespace cohort {
namespace {

constexpr size_t kBytes = 4096;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kAllowance = 10;  // what a sanitizer may cost
#else
constexpr double kAllowance = 1;
#endif

NewTask Task(uint64_t cursor) {
  NewTask task;
  task.queue = "q";
  task.id = Id(cursor);
  task.body = std::string(kBytes, 'x');
  return task;
}

TEST(ThroughputTest, PassesThousandsOfTasksASecond) {
  constexpr uint64_t kTasks = 40'000;
  constexpr uint64_t kWindow = 512;
  TemporaryFolder folder;
  const std::string endpoint = "ipc://" + folder.path() + "/sockets/broker";
  LiveBroker broker(endpoint);
  auto producer = ConnectTo(endpoint, Role::kLearner, "learner");
  auto consumer = ConnectTo(endpoint, Role::kActor, "actor-1");
  consumer->Subscribe("q");
  consumer->Grant("q", 512, 8 << 20);
  NextOf<SessionStarted>(*producer);
  NextOf<SessionStarted>(*consumer);
  const SystemClock clock;
  const Time start = clock.Now();
  std::thread producing([&] {
    uint64_t put = 0;
    for (uint64_t answered = 0; answered < kTasks;) {
      while (put < kTasks && put - answered < kWindow) {
        ++put;
        producer->Put(Task(put), put);
      }
      if (!NextOf<Answer>(*producer).has_value()) return;
      answered += 1;
    }
  });
  for (uint64_t settled = 0; settled < kTasks;) {
    const auto event = consumer->Next(kPatience);
    ASSERT_TRUE(event.has_value());
    if (const auto* delivery = std::get_if<Delivery>(&*event)) {
      consumer->Settle(delivery->token, {}, delivery->id.cursor);
    } else if (const auto* answer = std::get_if<Answer>(&*event)) {
      ASSERT_TRUE(answer->status.ok());
      settled += 1;
    }
  }
  const double seconds = ToSeconds(clock.Now() - start);
  producing.join();
  std::printf("put, deliver, settle: %.0f tasks/s of %zu bytes\n", kTasks / seconds, kBytes);
  EXPECT_GT(kTasks / seconds, 2000 / kAllowance);
}

TEST(ThroughputTest, DeliversSoonWhenThereIsLittleToDo) {
  constexpr uint64_t kTasks = 1000;
  TemporaryFolder folder;
  const std::string endpoint = "ipc://" + folder.path() + "/sockets/broker";
  LiveBroker broker(endpoint);
  auto producer = ConnectTo(endpoint, Role::kLearner, "learner");
  auto consumer = ConnectTo(endpoint, Role::kActor, "actor-1");
  consumer->Subscribe("q");
  consumer->Grant("q", 1, 1 << 20);
  producer->Put(Task(kTasks + 1), 1);  // once around, past the grace
  consumer->Settle(NextOf<Delivery>(*consumer)->token, {}, 0);
  const SystemClock clock;
  std::vector<double> seconds;
  for (uint64_t cursor = 1; cursor <= kTasks; ++cursor) {
    const Time start = clock.Now();
    producer->Put(Task(cursor), 0);
    const auto delivery = NextOf<Delivery>(*consumer);
    seconds.push_back(ToSeconds(clock.Now() - start));
    consumer->Settle(delivery->token, {}, 0);
  }
  std::sort(seconds.begin(), seconds.end());
  std::printf("put to delivery: p50 %.0f us, p99 %.0f us\n", seconds[kTasks / 2] * 1e6,
              seconds[kTasks * 99 / 100] * 1e6);
  EXPECT_LT(seconds[kTasks / 2], 0.05 * kAllowance);
}

}  // namespace
}  // namespace cohort
