// No cycle of queues can lock: a search for a lock over random webs of queues.
//
// Producers and consumers ask for random flows of results; what the machine refuses is refused for
// being a circle. Whatever is left must drain under any bounds, as long as consumers take what they
// are given and settle it. (docs/broker.md has the argument.)
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "broker/machine/queue_machine.h"
#include "libs/base/rng.h"

namespace cohort {
namespace {

constexpr SessionId kProducer = 1;
constexpr SessionId kFirstConsumer = 2;
const std::vector<std::string> kQueues = {"a", "b", "c", "d", "e"};

class Web {
 public:
  explicit Web(uint64_t seed) : rng_(RandomAt({seed, 2})), machine_(AnyConfig(), now_) {
    effects_.Clear();
    machine_.Start(now_, /*damaged=*/false, effects_);
    Take();
    Hello(kProducer, "producer");
    for (size_t i = 0; i < kQueues.size(); ++i) {
      const SessionId consumer = kFirstConsumer + i;
      Hello(consumer, "consumer-" + kQueues[i]);
      Do(consumer, SubscribeCommand{kQueues[i]});
      Do(consumer, CreditCommand{kQueues[i], UINT64_MAX, UINT64_MAX});
    }
  }

  // Random puts and settles in random order; consumers may sit on what they have.
  void Churn(int steps) {
    for (int i = 0; i < steps; ++i) {
      if (rng_.Below(2) == 0) {
        const std::string queue = floors_ ? kQueues[0] : AnyQueue();
        const TaskSpec task = AnyTask(queue, {7, 1, ++cursor_, 0}, /*depth=*/0);
        unanswered_[number_ + 1] = cursor_;
        Do(kProducer, PutCommand{task});
      } else if (!held_.empty()) {
        const size_t which = rng_.Below(held_.size());
        if (rng_.Below(4) == 0) {
          Do(held_[which].consumer, AcceptCommand{held_[which].delivery.token});
        } else {
          SettleHeld(which, /*growing=*/true);
        }
      }
    }
  }

  // Everything that is delivered is settled. The steps that it took; 0: it stands still.
  int Drain(int most) {
    for (int steps = 1; steps <= most; ++steps) {
      if (!held_.empty()) {
        SettleHeld(rng_.Below(held_.size()), /*growing=*/steps < most / 2);
      } else if (Left() == 0) {
        return steps;
      } else {
        // Nobody holds anything and tasks are left: only a floor may be what they wait for.
        const uint64_t floor = unanswered_.empty() ? cursor_ + 1 : unanswered_.begin()->second;
        for (const std::string& queue : kQueues) Do(kProducer, FloorCommand{queue, 7, 1, floor});
        if (held_.empty()) return 0;
      }
    }
    return 0;
  }

  // Tasks and puts that are still there.
  uint64_t Left() const {
    uint64_t left = 0;
    for (const QueueSnapshot& queue : machine_.Snapshot(now_).queues) {
      left += queue.stats.ready + queue.stats.leased + queue.stats.accepted + queue.stats.delayed +
              queue.held_back_puts;
    }
    return left;
  }
  std::string Waits() const {
    std::string text;
    for (const QueueSnapshot& queue : machine_.Snapshot(now_).queues) {
      text += queue.stats.name + ": " + std::to_string(queue.stats.ready) + " ready, " +
              std::to_string(queue.held_back_puts) + " held back, waits for " +
              queue.stats.waits_for + "\n";
    }
    return text;
  }
  uint64_t done() const { return done_; }
  uint64_t refused() const { return refused_; }
  uint64_t blocked() const { return blocked_; }

 private:
  struct Held {
    SessionId consumer;
    DeliverEvent delivery;
  };

  MachineConfig AnyConfig() {
    MachineConfig config;
    config.durable = rng_.Below(2) == 0;
    config.restart_grace = Duration(0);
    config.lease = Seconds(1e6);
    config.silence = Seconds(1e6);
    config.queue_tasks = 1 + rng_.Below(3);
    config.queue_bytes = 60 + rng_.Below(200);
    config.held_tasks = rng_.Below(3);
    floors_ = rng_.Below(3) == 0;
    if (floors_) config.remembered_ids = 2 + rng_.Below(10);
    return config;
  }
  const std::string& AnyQueue() { return kQueues[rng_.Below(kQueues.size())]; }
  // Where ids are bounded, producers have a queue of their own, as learners do: nothing flows back
  // into it, and its floor follows its oldest put without an answer.
  TaskSpec AnyTask(const std::string& queue, TaskId id, int depth) {
    TaskSpec spec;
    spec.queue = queue;
    spec.id = id;
    spec.body = Body::Own(std::string(rng_.Below(60), 'b'));
    spec.priority = static_cast<uint8_t>(rng_.Below(3));
    if (rng_.Below(4) != 0) {
      spec.results = floors_ ? kQueues[1 + rng_.Below(kQueues.size() - 1)] : AnyQueue();
    }
    made_[{queue, id}] = {spec.results, depth};
    return spec;
  }

  // Children go where the task said.
  void SettleHeld(size_t which, bool growing) {
    const Held held = held_[which];
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(which));
    SettleCommand settle{held.delivery.token, held.delivery.queue, held.delivery.id, {}};
    const auto [results, depth] = made_[{held.delivery.queue, held.delivery.id}];
    if (!results.empty() && depth < 3) {
      for (uint64_t n = growing ? rng_.Below(4) : 0; n > 0; --n) {
        TaskId id = held.delivery.id;
        id.index = ++children_;
        settle.children.push_back(AnyTask(results, id, depth + 1));
      }
    }
    // A child whose flow is refused is put without results.
    if (!Do(held.consumer, settle)) {
      for (TaskSpec& child : settle.children) {
        child.results.clear();
        made_[{child.queue, child.id}].first.clear();
      }
      EXPECT_TRUE(Do(held.consumer, settle));
    }
  }

  void Hello(SessionId session, const std::string& instance) {
    HelloMessage hello;
    hello.role = Role::kActor;
    hello.instance = instance;
    EXPECT_TRUE(machine_.Hello(now_, session, hello, effects_).ok());
    Take();
  }
  // False when it was refused.
  bool Do(SessionId session, Verb verb) {
    const bool settles = std::holds_alternative<SettleCommand>(verb);
    machine_.Apply(now_, session, {++number_, std::move(verb)}, effects_);
    const bool ok = Take();
    done_ += settles && ok ? 1 : 0;
    for (const QueueSnapshot& queue : machine_.Snapshot(now_).queues) {
      blocked_ += queue.stats.waits_for.starts_with("room in") ? 1 : 0;
    }
    return ok;
  }
  bool Take() {
    bool ok = true;
    for (const Effect& effect : effects_.events) {
      if (const auto* deliver = std::get_if<DeliverEvent>(&effect.event)) {
        held_.push_back({effect.session, *deliver});
      } else if (const auto* answer = std::get_if<AnswerEvent>(&effect.event)) {
        unanswered_.erase(answer->number);
        if (answer->status.ok()) continue;
        EXPECT_EQ(answer->status.code(), StatusCode::kInvalidArgument) << answer->status.ToString();
        ok = false;
        refused_ += 1;
      }
    }
    effects_.Clear();
    return ok;
  }

  bool floors_ = false;  // ids are bounded
  Rng rng_;
  Time now_{Seconds(50)};
  QueueMachine machine_;
  Effects effects_;
  std::vector<Held> held_;
  std::map<std::pair<std::string, TaskId>, std::pair<std::string, int>> made_;  // results, depth
  std::map<uint64_t, uint64_t> unanswered_;  // puts: number → cursor
  uint32_t children_ = 0;
  uint64_t cursor_ = 0, number_ = 0, done_ = 0, refused_ = 0, blocked_ = 0;
};

TEST(DrainTest, EveryWebOfQueuesDrainsWhateverItsBounds) {
  uint64_t done = 0, refused = 0, blocked = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    Web web(seed);
    web.Churn(150);
    ASSERT_GT(web.Drain(20'000), 0) << "seed " << seed << " stands still:\n" << web.Waits();
    done += web.done();
    refused += web.refused();
    blocked += web.blocked();
  }
  // There were circles to refuse, and full queues that held up others.
  EXPECT_GT(done, 10'000u);
  EXPECT_GT(refused, 1'000u);
  EXPECT_GT(blocked, 1'000u);
  std::printf("%llu settled, %llu circles refused, %llu times a queue waited for its results\n",
              static_cast<unsigned long long>(done), static_cast<unsigned long long>(refused),
              static_cast<unsigned long long>(blocked));
}

}  // namespace
}  // namespace cohort
