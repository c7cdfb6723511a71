#include "tests/broker/random_commands.h"

#include <algorithm>
#include <array>
#include <span>
#include <sstream>

namespace cohort {
namespace {

constexpr uint64_t kRun = 7;

MachineConfig AnyConfig(Rng& rng, bool durable) {
  MachineConfig config;
  config.epoch = 100;
  config.durable = durable;
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
  config.dead_tasks = rng.Below(3) == 0 ? 1 + rng.Below(4) : 1'000'000;
  if (rng.Below(3) == 0) config.remembered_ids = 10 + rng.Below(40);
  if (durable && rng.Below(4) == 0) {
    static const std::vector<std::string> kInMemory[] = {
        {"prompts"}, {"prompts", "rollouts"}, {"p*"}, {"scored"}, {"extra"}};
    config.memory_queues = kInMemory[rng.Below(std::size(kInMemory))];
  }
  return config;
}

struct Weight {
  Act act;
  uint64_t weight;
};

constexpr Weight kPeers[] = {
    {Act::kHello, 50},     {Act::kGoodbye, 4},  {Act::kDisconnect, 8}, {Act::kTime, 110},
    {Act::kLongTime, 2},   {Act::kPut, 160},    {Act::kFloor, 20},     {Act::kCancel, 4},
    {Act::kSubscribe, 60}, {Act::kCredit, 160}, {Act::kBegin, 45},     {Act::kEmit, 50},
    {Act::kSettle, 200},   {Act::kRenew, 60},   {Act::kAccept, 40},    {Act::kRelease, 25},
    {Act::kFail, 50},      {Act::kCrash, 1},    {Act::kOperate, 60}};
constexpr Weight kDisk[] = {{Act::kPowerCut, 5}, {Act::kSync, 50},    {Act::kRewrite, 15},
                            {Act::kDropOld, 15}, {Act::kDiskFull, 2}, {Act::kDiskFree, 8},
                            {Act::kCrash, 4},    {Act::kHello, 50}};

std::vector<Act> Deck(bool durable) {
  std::vector<Act> deck;
  const auto add = [&deck](std::span<const Weight> weights) {
    for (const Weight& each : weights) deck.insert(deck.end(), each.weight, each.act);
  };
  add(kPeers);
  if (durable) add(kDisk);
  return deck;
}

}  // namespace

RandomLife MakeLife(uint64_t seed, size_t steps) {
  Rng rng(RandomAt({seed, 1}));
  RandomLife life;
  life.seed = seed;
  life.config = AnyConfig(rng, /*durable=*/seed % 2 == 0);
  life.any_flows = rng.Below(3) == 0;
  const std::vector<Act> deck = Deck(life.config.durable);
  life.steps.reserve(steps);
  for (size_t i = 0; i < steps; ++i) {
    const Act act = deck[rng.Below(deck.size())];
    life.steps.push_back({act, rng.Next()});
  }
  return life;
}

const std::string& CommandMaker::AnyQueue(Rng& rng) const {
  static const std::string kQueues[] = {"prompts", "rollouts", "scored", "extra"};
  return kQueues[rng.Below(any_flows_ ? 4 : 3)];
}

LeaseToken CommandMaker::NoToken(Rng& rng, uint64_t epoch) const {
  // No attempt is ever the thousandth.
  return {std::max<uint64_t>(1, epoch - rng.Below(2)), 1 + rng.Below(2000),
          1000 + static_cast<uint32_t>(rng.Below(2))};
}

TaskSpec CommandMaker::AnyTask(Rng& rng, const std::string& queue, TaskId id) const {
  TaskSpec spec;
  spec.queue = queue;
  spec.id = id;
  // The body follows from the name, so that nobody gets another's.
  const size_t size = rng.Below(100) == 0 ? 1000 : rng.Below(60);
  spec.body = Body::Own(std::string(size, static_cast<char>('a' + (id.cursor + id.index) % 26)));
  spec.priority = static_cast<uint8_t>(rng.Below(8) == 0 ? rng.Below(3) : 0);
  if (queue == "prompts") spec.results = "rollouts";
  if (queue == "rollouts") spec.results = "scored";
  if (queue != "scored" && queue != "extra") spec.obituaries = "scored";
  if (any_flows_ && rng.Below(3) == 0) spec.results = rng.Below(3) == 0 ? "" : AnyQueue(rng);
  if (any_flows_ && rng.Below(5) == 0) spec.obituaries = rng.Below(2) == 0 ? "" : AnyQueue(rng);
  if (rng.Below(4) == 0) spec.deadline_seconds = 0.5 + static_cast<double>(rng.Below(30));
  if (rng.Below(4) == 0) spec.max_attempts = 1 + static_cast<uint32_t>(rng.Below(2));
  return spec;
}

std::vector<TaskSpec> CommandMaker::AnyChildren(Rng& rng, const KnownLease& parent) const {
  std::vector<TaskSpec> children;
  if (parent.queue == "scored" && !any_flows_) return children;
  for (uint64_t n = rng.Below(4); n > 0; --n) {
    const bool by_rule = !any_flows_ || rng.Below(3) != 0;
    const std::string queue = !by_rule                    ? AnyQueue(rng)
                              : parent.queue == "prompts" ? "rollouts"
                                                          : "scored";
    TaskId id = parent.id;
    if (parent.queue == "prompts") id.index = 1 + static_cast<uint32_t>(rng.Below(4));
    children.push_back(AnyTask(rng, queue, id));
  }
  return children;
}

KnownLease CommandMaker::AnyLease(Rng& rng, uint64_t epoch,
                                  const std::vector<KnownLease>& held) const {
  if (rng.Below(6) == 0 && !settled_.empty()) return settled_[rng.Below(settled_.size())];
  if (!held.empty() && rng.Below(10) != 0) return held[rng.Below(held.size())];
  return {NoToken(rng, epoch), AnyQueue(rng), {kRun, 1, cursor_, 0}};
}

Verb CommandMaker::AnyOperatorsVerb(Rng& rng) const {
  const std::string& queue = AnyQueue(rng);
  switch (rng.Below(12)) {
    case 0:
      return PauseCommand{queue};
    case 1:
    case 2:
    case 3:
    case 4:
      return ResumeCommand{queue};
    case 5:
      return PurgeCommand{queue, static_cast<PurgeScope>(1 + rng.Below(3))};
    case 6:
    case 7:
      return PeekCommand{queue, static_cast<TaskState>(1 + rng.Below(5)),
                         1 + static_cast<uint32_t>(rng.Below(20))};
    case 8:
    case 9: {
      TaskId id{kRun, 1, cursor_ - rng.Below(std::min<uint64_t>(cursor_, 8)), 0};
      if (queue != "prompts") id.index = 1 + static_cast<uint32_t>(rng.Below(4));
      return ReviveCommand{queue, id};
    }
    default:
      return ReviveCommand{queue, std::nullopt};
  }
}

Verb CommandMaker::Make(Act act, Rng& rng, SessionId session, uint64_t epoch,
                        const std::vector<KnownLease>& held) {
  const KnownLease one = AnyLease(rng, epoch, held);
  switch (act) {
    case Act::kPut: {
      cursor_ += rng.Below(2);
      const uint64_t cursor = cursor_ - rng.Below(std::min<uint64_t>(cursor_, 8));
      const bool by_rule = !any_flows_ || rng.Below(4) != 0;
      return PutCommand{AnyTask(rng, by_rule ? "prompts" : AnyQueue(rng), {kRun, 1, cursor, 0})};
    }
    case Act::kFloor: {
      const uint64_t behind = rng.Below(24);
      return FloorCommand{AnyQueue(rng), kRun, 1, cursor_ > behind ? cursor_ - behind : 1};
    }
    case Act::kCancel:
      return CancelCommand{kRun, 1, cursor_ - rng.Below(cursor_), cursor_ - rng.Below(2)};
    case Act::kSubscribe:
      return SubscribeCommand{AnyQueue(rng)};
    case Act::kCredit: {
      uint64_t& granted = granted_[session];
      granted += rng.Below(4);
      return CreditCommand{AnyQueue(rng), granted, granted * (5 + rng.Below(40))};
    }
    case Act::kBegin:
      return BeginCommand{one.token};
    case Act::kEmit:
      return EmitCommand{one.token, AnyChildren(rng, one)};
    case Act::kSettle:
      settled_.push_back(one);
      if (settled_.size() > 20) settled_.pop_front();
      return SettleCommand{one.token, one.queue, one.id, AnyChildren(rng, one)};
    case Act::kRenew: {
      RenewCommand renew;
      for (const KnownLease& each : held) {
        if (rng.Below(4) == 0) continue;
        renew.tokens.push_back(each.token);
        renew.phases.push_back(each.token.lease % 2 == 0 ? "" : "testing");
      }
      return renew;
    }
    case Act::kAccept:
      return AcceptCommand{one.token};
    case Act::kRelease:
      return ReleaseCommand{one.token};
    case Act::kFail:
      return FailCommand{one.token, "because"};
    case Act::kOperate:
      return AnyOperatorsVerb(rng);
    default:
      return StatsCommand{};
  }
}

namespace {

std::string Text(const LeaseToken& token) {
  return "lease " + std::to_string(token.epoch) + "/" + std::to_string(token.lease) + " attempt " +
         std::to_string(token.attempt);
}
std::string Text(const TaskSpec& spec) {
  std::ostringstream text;
  text << spec.queue << " " << spec.id.ToString() << " (" << spec.body.size() << " B";
  if (spec.priority != 0) text << ", priority " << int{spec.priority};
  if (!spec.results.empty()) text << ", results " << spec.results;
  if (!spec.obituaries.empty()) text << ", obituaries " << spec.obituaries;
  if (spec.deadline_seconds > 0) text << ", deadline " << spec.deadline_seconds << " s";
  if (spec.max_attempts > 0) text << ", attempts " << spec.max_attempts;
  text << ")";
  return text.str();
}
std::string Text(const std::vector<TaskSpec>& children) {
  std::string text = " children";
  for (const TaskSpec& child : children) text += " " + Text(child);
  return text;
}

struct Describer {
  std::string operator()(const PutCommand& put) { return "put " + Text(put.task); }
  std::string operator()(const FloorCommand& floor) {
    return "floor of " + floor.queue + " at " + std::to_string(floor.cursor);
  }
  std::string operator()(const CancelCommand& cancel) {
    return "cancel " + std::to_string(cancel.first) + " to " + std::to_string(cancel.last);
  }
  std::string operator()(const SubscribeCommand& s) { return "subscribe to " + s.queue; }
  std::string operator()(const CreditCommand& c) {
    return "credit of " + c.queue + " " + std::to_string(c.tasks) + " tasks " +
           std::to_string(c.bytes) + " B";
  }
  std::string operator()(const BeginCommand& begin) { return "begin " + Text(begin.token); }
  std::string operator()(const EmitCommand& emit) {
    return "emit " + Text(emit.token) + Text(emit.children);
  }
  std::string operator()(const SettleCommand& settle) {
    return "settle " + settle.queue + " " + settle.id.ToString() + " " + Text(settle.token) +
           Text(settle.children);
  }
  std::string operator()(const RenewCommand& renew) {
    std::string text = "renew";
    for (const LeaseToken& token : renew.tokens) text += " " + Text(token);
    return text;
  }
  std::string operator()(const AcceptCommand& accept) { return "accept " + Text(accept.token); }
  std::string operator()(const ReleaseCommand& release) { return "release " + Text(release.token); }
  std::string operator()(const FailCommand& fail) { return "fail " + Text(fail.token); }
  std::string operator()(const ReviveCommand& revive) {
    return "revive " + revive.queue + " " + (revive.id ? revive.id->ToString() : "whole");
  }
  std::string operator()(const PurgeCommand& purge) {
    return "purge " + purge.queue + " scope " + std::to_string(static_cast<int>(purge.which));
  }
  std::string operator()(const PauseCommand& pause) { return "pause " + pause.queue; }
  std::string operator()(const ResumeCommand& resume) { return "resume " + resume.queue; }
  template <typename Other>
  std::string operator()(const Other&) {
    return "another verb";
  }
};

}  // namespace

std::string Describe(const Verb& verb) { return std::visit(Describer{}, verb); }

}  // namespace cohort
