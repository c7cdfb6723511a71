// The queue machine beside the naive broker, under seeded random commands.
//
// COHORT_MODEL_COMMANDS sets how many (default 1,000,000), COHORT_MODEL_SEED the first seed. A
// failure prints its seed and the last commands.
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <sstream>

#include "broker/queue_machine.h"
#include "libs/base/rng.h"
#include "tests/broker/naive_broker.h"

namespace cohort {
namespace {

constexpr uint64_t kCommandsPerLife = 10'000;
constexpr uint64_t kRun = 7;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

MachineConfig ConfigFor(Rng& rng) {
  MachineConfig config;
  config.epoch = 100;
  config.lease = Seconds(5);
  config.session_grace = Seconds(2);
  config.silence = Seconds(6);
  config.restart_grace = Seconds(static_cast<double>(rng.Below(3)));
  config.retry_delay = Seconds(0.3);
  config.longest_retry_delay = Seconds(0.6);
  config.max_attempts = 1 + static_cast<uint32_t>(rng.Below(2));
  config.queue_tasks = 2 + rng.Below(12);
  config.queue_bytes = 100 + rng.Below(400);
  config.held_tasks = 1 + rng.Below(6);
  config.dead_tasks = 1'000'000;
  return config;
}

class Life {
 public:
  explicit Life(uint64_t seed) : rng_(seed), config_(ConfigFor(rng_)), now_(Seconds(50)) {
    Restart();
  }

  // What went wrong; empty: nothing.
  std::string Run(uint64_t commands) {
    for (uint64_t i = 0; i < commands; ++i) {
      if (std::string wrong = Turn(); !wrong.empty()) return wrong + "\nlast commands:\n" + Story();
      if (i % 16 == 0) {
        const std::string wrong = naive_->Compare(machine_->Snapshot(now_));
        if (!wrong.empty()) return wrong + "\nlast commands:\n" + Story();
      }
    }
    return "";
  }
  uint64_t deliveries = 0, ends = 0, revived = 0, purged = 0;

 private:
  void Restart() {
    if (naive_ != nullptr) {
      deliveries += naive_->deliveries();
      ends += naive_->ends_without_result();
      revived += naive_->revived();
      purged += naive_->purged();
    }
    config_.epoch += 1;
    machine_ = std::make_unique<QueueMachine>(config_, now_);
    naive_ = std::make_unique<NaiveBroker>(config_, now_);
    Tell("the broker restarts");
  }

  void Tell(std::string line) {
    story_.push_back(std::move(line));
    if (story_.size() > 40) story_.pop_front();
  }
  std::string Story() const {
    std::string text;
    for (const std::string& line : story_) text += "  " + line + "\n";
    return text;
  }

  std::string Turn() {
    effects_.Clear();
    const uint64_t draw = rng_.Below(1000);
    if (draw < 1) {
      Restart();
    } else if (draw < 40) {
      if (std::string wrong = SayHello(); !wrong.empty()) return wrong;
    } else if (draw < 45) {
      const SessionId id = AnySession();
      Tell("goodbye of " + std::to_string(id));
      machine_->Goodbye(now_, id, effects_);
      naive_->Goodbye(now_, id);
    } else if (draw < 55) {
      const SessionId id = AnySession();
      Tell("connection lost of " + std::to_string(id));
      machine_->ConnectionLost(now_, id, effects_);
      naive_->ConnectionLost(now_, id);
    } else if (draw < 200) {
      PassTime();
    } else {
      const SessionId id = AnySession();
      const Command command{++numbers_[id], AnyVerb(id)};
      Tell(Describe(id, command));
      machine_->Apply(now_, id, command, effects_);
      naive_->Apply(now_, id, command);
    }
    return naive_->Judge(effects_);
  }

  void PassTime() {
    // Most sessions show signs of life; sometimes the machine stands still for long.
    for (SessionId id : naive_->Connected()) {
      if (rng_.Below(4) == 0) continue;
      machine_->Heard(now_, id);
      naive_->Heard(now_, id);
    }
    now_ += Seconds(rng_.Below(50) == 0 ? 100 : 1 + static_cast<double>(rng_.Below(2)));
    Tell("tick at " + std::to_string(ToSeconds(now_.time_since_epoch())));
    machine_->Tick(now_, /*drained=*/true, effects_);
    naive_->Tick(now_);
  }

  std::string SayHello() {
    HelloMessage hello;
    const uint64_t instance = rng_.Below(4);
    hello.instance = "worker-" + std::to_string(instance);
    SessionId& current = instances_[instance];
    if (current == 0 || rng_.Below(3) == 0) current = ++last_session_;
    SessionId id = current;
    if (rng_.Below(20) == 0 && id > 4) id -= 4;  // an old one comes back, perhaps another's
    if (id != current && instance_of_.contains(id)) hello.instance = instance_of_[id];
    instance_of_[id] = hello.instance;
    hello.role = hello.instance == "worker-3" ? Role::kOperator : Role::kActor;
    for (const NaiveBroker::Held& held : naive_->HeldBy(id)) {
      if (rng_.Below(8) != 0) hello.held.push_back(held.token);
    }
    if (rng_.Below(4) == 0) hello.held.push_back(AnyToken());
    Tell("hello of " + std::to_string(id) + " as " + hello.instance);
    const auto answer = machine_->Hello(now_, id, hello, effects_);
    const auto expected = naive_->Hello(now_, id, hello);
    if (answer.ok() != expected.has_value()) return "hello refused or not";
    if (!answer.ok()) return "";
    const std::set<LeaseToken> lost(answer->lost.begin(), answer->lost.end());
    return lost == *expected ? "" : "hello names other lost leases";
  }

  SessionId AnySession() {
    const auto connected = naive_->Connected();
    if (connected.empty() || rng_.Below(50) == 0) return 1 + rng_.Below(last_session_ + 1);
    return connected[rng_.Below(connected.size())];
  }

  LeaseToken AnyToken() {
    return {config_.epoch - rng_.Below(2), 1 + rng_.Below(2000),
            1 + static_cast<uint32_t>(rng_.Below(2))};
  }

  TaskSpec AnyTask(const std::string& queue, TaskId id) {
    TaskSpec spec;
    spec.queue = queue;
    spec.id = id;
    // The body follows from the name, so that nobody gets another's.
    const size_t size = rng_.Below(100) == 0 ? 1000 : rng_.Below(60);
    spec.body = Body::Own(std::string(size, static_cast<char>('a' + (id.cursor + id.index) % 26)));
    spec.priority = static_cast<uint8_t>(rng_.Below(8) == 0 ? rng_.Below(3) : 0);
    if (queue == "prompts") spec.results = "rollouts";
    if (queue == "rollouts") spec.results = "scored";
    if (queue != "scored") spec.obituaries = "scored";
    if (rng_.Below(4) == 0) spec.deadline_seconds = 0.5 + static_cast<double>(rng_.Below(30));
    if (rng_.Below(4) == 0) spec.max_attempts = 1 + static_cast<uint32_t>(rng_.Below(2));
    return spec;
  }

  std::vector<TaskSpec> AnyChildren(const NaiveBroker::Held& parent) {
    const std::string queue = parent.queue == "prompts" ? "rollouts" : "scored";
    std::vector<TaskSpec> children;
    if (parent.queue == "scored") return children;
    for (uint64_t n = rng_.Below(4); n > 0; --n) {
      const uint32_t index =
          parent.queue == "prompts" ? 1 + static_cast<uint32_t>(rng_.Below(4)) : parent.id.index;
      TaskId id = parent.id;
      id.index = index;
      children.push_back(AnyTask(queue, id));
    }
    return children;
  }

  const std::string& AnyQueue() {
    static const std::string kQueues[] = {"prompts", "rollouts", "scored"};
    return kQueues[rng_.Below(3)];
  }

  Verb AnyVerb(SessionId id) {
    const std::vector<NaiveBroker::Held> held = naive_->HeldBy(id);
    NaiveBroker::Held one{AnyToken(), AnyQueue(), {kRun, 1, cursor_, 0}};
    if (!held.empty() && rng_.Below(10) != 0) one = held[rng_.Below(held.size())];
    if (rng_.Below(6) == 0 && !settled_.empty()) one = settled_[rng_.Below(settled_.size())];
    switch (rng_.Below(20)) {
      case 0:
      case 1:
      case 2:
        cursor_ += rng_.Below(3) == 0 ? 1 : 0;
        return PutCommand{
            AnyTask("prompts", {kRun, 1, cursor_ - rng_.Below(std::min<uint64_t>(cursor_, 8)), 0})};
      case 3:
        if (rng_.Below(10) != 0) return SubscribeCommand{AnyQueue()};
        return FloorCommand{AnyQueue(), kRun, 1, cursor_ > 12 ? cursor_ - 12 : 1};
      case 4:
        if (rng_.Below(12) != 0) return SubscribeCommand{AnyQueue()};
        return CancelCommand{kRun, 1, cursor_ - rng_.Below(cursor_), cursor_ - rng_.Below(2)};
      case 5:
      case 6:
      case 7: {
        uint64_t& granted = granted_[id];
        granted += rng_.Below(4);
        return CreditCommand{AnyQueue(), granted, granted * (5 + rng_.Below(40))};
      }
      case 8:
        return BeginCommand{one.token};
      case 9:
        return EmitCommand{one.token, AnyChildren(one)};
      case 10:
      case 11:
      case 12:
        settled_.push_back(one);
        if (settled_.size() > 20) settled_.pop_front();
        return SettleCommand{one.token, one.queue, one.id, AnyChildren(one)};
      case 13:
      case 14: {
        RenewCommand renew;
        for (const NaiveBroker::Held& each : held) {
          if (rng_.Below(4) != 0) renew.tokens.push_back(each.token);
        }
        return renew;
      }
      case 15:
        return AcceptCommand{one.token};
      case 16:
        return ReleaseCommand{one.token};
      case 17:
      case 18:
        return FailCommand{one.token, "because"};
      default:
        return AnyOperatorsVerb();
    }
  }

  Verb AnyOperatorsVerb() {
    const std::string& queue = AnyQueue();
    switch (rng_.Below(12)) {
      case 0:
        return PauseCommand{queue};
      case 1:
      case 2:
      case 3:
      case 4:
        return ResumeCommand{queue};
      case 5:
        return PurgeCommand{queue, static_cast<PurgeScope>(1 + rng_.Below(3))};
      case 6:
      case 7:
        return PeekCommand{queue, static_cast<TaskState>(1 + rng_.Below(5)),
                           1 + static_cast<uint32_t>(rng_.Below(20))};
      case 8:
      case 9: {
        TaskId id{kRun, 1, cursor_ - rng_.Below(std::min<uint64_t>(cursor_, 8)), 0};
        if (queue != "prompts") id.index = 1 + static_cast<uint32_t>(rng_.Below(4));
        return ReviveCommand{queue, id};
      }
      default:
        return ReviveCommand{queue, std::nullopt};
    }
  }

  static std::string Describe(SessionId id, const Command& command) {
    static const char* const kVerbs[] = {"put",     "floor", "cancel", "subscribe", "credit",
                                         "begin",   "emit",  "settle", "renew",     "accept",
                                         "release", "fail",  "stats",  "peek",      "revive",
                                         "purge",   "pause", "resume"};
    std::ostringstream text;
    text << "session " << id << " #" << command.number << " " << kVerbs[command.verb.index()];
    if (const auto* put = std::get_if<PutCommand>(&command.verb)) {
      text << " " << put->task.queue << " " << put->task.id.ToString();
    } else if (const auto* settle = std::get_if<SettleCommand>(&command.verb)) {
      text << " " << settle->queue << " " << settle->id.ToString() << " lease "
           << settle->token.lease << " children " << settle->children.size();
    } else if (const auto* credit = std::get_if<CreditCommand>(&command.verb)) {
      text << " " << credit->queue << " " << credit->tasks << " tasks " << credit->bytes << " B";
    }
    return text.str();
  }

  Rng rng_;
  MachineConfig config_;
  Time now_;
  std::unique_ptr<QueueMachine> machine_;
  std::unique_ptr<NaiveBroker> naive_;
  Effects effects_;
  SessionId last_session_ = 0;
  uint64_t cursor_ = 1;
  std::map<uint64_t, SessionId> instances_;
  std::map<SessionId, std::string> instance_of_;
  std::map<SessionId, uint64_t> numbers_, granted_;
  std::deque<NaiveBroker::Held> settled_;
  std::deque<std::string> story_;
};

TEST(ModelCheckTest, BehavesAsTheNaiveBrokerDoes) {
  const uint64_t commands = FromEnvironment("COHORT_MODEL_COMMANDS", 1'000'000);
  const uint64_t first = FromEnvironment("COHORT_MODEL_SEED", 1);
  uint64_t deliveries = 0;
  uint64_t ends = 0;
  uint64_t revived = 0;
  uint64_t purged = 0;
  for (uint64_t done = 0, seed = first; done < commands; done += kCommandsPerLife, ++seed) {
    Life life(seed);
    const std::string wrong = life.Run(kCommandsPerLife);
    ASSERT_TRUE(wrong.empty()) << wrong << "seed " << seed
                               << ": rerun with COHORT_MODEL_SEED=" << seed
                               << " COHORT_MODEL_COMMANDS=" << kCommandsPerLife;
    deliveries += life.deliveries;
    ends += life.ends;
    revived += life.revived;
    purged += life.purged;
  }
  // The commands were worth the time.
  EXPECT_GT(deliveries, commands / 50);
  EXPECT_GT(ends, commands / 500);
  EXPECT_GT(revived, commands / 20'000);
  EXPECT_GT(purged, commands / 5'000);
  const auto count = [](uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "%llu commands, %llu deliveries, %llu ends without result, %llu purged, %llu revived\n",
      count(commands), count(deliveries), count(ends), count(purged), count(revived));
}

}  // namespace
}  // namespace cohort
