#include "tests/broker/model_run.h"

#include <algorithm>
#include <memory>
#include <sstream>
#include <utility>

#include "broker/machine/queue_machine.h"
#include "broker/outbox.h"
#include "tests/broker/naive_broker.h"
#include "tests/broker/shrink.h"

namespace cohort {
namespace {

constexpr Duration kSecond = Seconds(1);

MachineConfig Sabotaged(MachineConfig config, const Sabotage& sabotage) {
  if (sabotage.machine) sabotage.machine(config);
  return config;
}

class ModelRun {
 public:
  ModelRun(const RandomLife& life, const Sabotage& sabotage, bool tell)
      : life_(life),
        tell_(tell),
        config_(Sabotaged(life.config, sabotage)),
        maker_(life.any_flows),
        journal_(sabotage.journal),
        now_(Seconds(50)),
        machine_(std::make_unique<QueueMachine>(config_, now_)),
        naive_(life.config, now_) {}

  Verdict Run() {
    machine_->Start(now_, /*damaged=*/false, effects_);
    verdict_.wrong = Settle();
    journal_.Sync();
    for (size_t i = 0; i < life_.steps.size() && verdict_.wrong.empty(); ++i) {
      verdict_.at = i;
      effects_.Clear();
      verdict_.wrong = Take(life_.steps[i]);
      if (verdict_.wrong.empty()) verdict_.wrong = Settle();
      if (verdict_.wrong.empty() && (i % 16 == 0 || i + 1 == life_.steps.size())) {
        verdict_.wrong = naive_.Compare(machine_->Snapshot(now_));
      }
    }
    ModelCounts& counts = verdict_.counts;
    counts.steps = life_.steps.size();
    counts.deliveries = naive_.deliveries();
    counts.ends = naive_.ends_without_result();
    counts.confirmed = peers_.confirmed();
    counts.revived = naive_.revived();
    counts.purged = naive_.purged();
    return std::move(verdict_);
  }

 private:
  template <typename... Parts>
  void Tell(const Parts&... parts) {
    if (!tell_) return;
    std::ostringstream line;
    (line << ... << parts);
    verdict_.story += "  " + line.str() + "\n";
  }

  // Judges what the machine has said, keeps what must be kept, hands out what may be known.
  std::string Settle() {
    if (std::string wrong = naive_.Judge(effects_); !wrong.empty()) return wrong;
    if (std::string wrong = journal_.Keep(effects_.changes); !wrong.empty()) return wrong;
    verdict_.counts.changes += effects_.changes.size();
    if (journal_.tail() != machine_->tail()) return "the machine counts other changes than it made";
    for (Effect& effect : effects_.events) {
      if (effect.after > machine_->tail()) return "an event waits for a change that is not there";
      if (const auto* deliver = std::get_if<DeliverEvent>(&effect.event)) {
        if (peers_.IsOver({deliver->queue, deliver->id})) {
          return deliver->queue + " " + deliver->id.ToString() +
                 " is delivered although a peer knows that it is over";
        }
      }
      if (!naive_.IsConnected(effect.session)) continue;
      Outbox& outbox = outboxes_[effect.session];
      outbox.Add(std::move(effect), journal_.synced());
    }
    for (const SessionEnded& ended : effects_.ended) outboxes_.erase(ended.session);
    effects_.Clear();
    return Release();
  }

  // What may be sent by now reaches its peer.
  std::string Release() {
    for (auto& [session, outbox] : outboxes_) {
      outbox.Synced(journal_.synced());
      for (const Event& event : std::exchange(outbox.ready, {})) {
        if (const auto* deliver = std::get_if<DeliverEvent>(&event)) {
          LeaseToken& last = last_heard_[{session, {deliver->queue, deliver->id}}];
          if (deliver->token <= last) return "a later delivery of a task has overtaken";
          last = deliver->token;
        }
        peers_.Heard(session, event);
      }
    }
    return "";
  }

  std::string Take(const Step& step) {
    Rng rng(step.seed);
    switch (step.act) {
      case Act::kHello:
        return SayHello(rng);
      case Act::kGoodbye: {
        const SessionId id = AnySession(rng);
        Tell("goodbye of ", id);
        outboxes_.erase(id);
        machine_->Goodbye(now_, id, effects_);
        naive_.Goodbye(now_, id);
        return "";
      }
      case Act::kDisconnect: {
        const SessionId id = AnySession(rng);
        Tell("connection lost of ", id);
        outboxes_.erase(id);
        machine_->ConnectionLost(now_, id, effects_);
        naive_.ConnectionLost(now_, id);
        return "";
      }
      case Act::kTime:
        PassTime(rng, (1 + static_cast<int>(rng.Below(2))) * kSecond);
        return "";
      case Act::kLongTime:
        PassTime(rng, 100 * kSecond);
        return "";
      case Act::kCrash:
        return Restart(rng, /*power_cut=*/false);
      case Act::kPowerCut:
        return Restart(rng, /*power_cut=*/true);
      case Act::kSync:
        Tell("synced up to ", journal_.tail());
        Sync();
        return "";
      case Act::kRewrite: {
        const uint64_t before = 1 + rng.Below(machine_->tail() + 1);
        const size_t budget = rng.Below(4) == 0 ? SIZE_MAX : rng.Below(4000);
        Tell("rewrite before ", before, ", ", budget, " B");
        machine_->Rewrite(now_, before, budget, effects_);
        return "";
      }
      case Act::kDropOld: {
        Tell("drop what lies before ", machine_->oldest_needed());
        const size_t size = journal_.size();
        journal_.DropBefore(machine_->oldest_needed());
        verdict_.counts.dropped += size - journal_.size();
        return "";
      }
      case Act::kDiskFull:
      case Act::kDiskFree: {
        const bool full = step.act == Act::kDiskFull;
        Tell(full ? "the disk is full" : "the disk has room");
        machine_->RefusePuts(full ? "the disk is full" : "");
        naive_.RefusePuts(full);
        machine_->Tick(now_, /*drained=*/true, effects_);
        naive_.Tick(now_);
        return "";
      }
      default:
        Command(AnySession(rng), step.act, rng);
        return "";
    }
  }

  void Sync() {
    const size_t size = journal_.size();
    journal_.Sync();
    verdict_.counts.dropped += size - journal_.size();
  }

  void Command(SessionId id, Act act, Rng& rng) {
    const cohort::Command command{++numbers_[id],
                                  maker_.Make(act, rng, id, naive_.epoch(), HeldBy(id))};
    Tell("session ", id, " #", command.number, " ", Describe(command.verb));
    std::vector<TaskKey> cancelled;
    if (const auto* cancel = std::get_if<CancelCommand>(&command.verb)) {
      cancelled = naive_.InRange(*cancel);
    }
    if (naive_.IsConnected(id)) peers_.Asked(id, command, std::move(cancelled));
    if (const auto* settle = std::get_if<SettleCommand>(&command.verb)) {
      if (rng.Below(2) == 0) peers_.LetGo(id, settle->token);
    }
    if (command.number % 2 == 0) {
      machine_->Apply(now_, id, command, effects_);
    } else {  // as the server does it
      machine_->Take(now_, id, command, effects_);
      machine_->Tick(now_, /*drained=*/false, effects_);
    }
    naive_.Apply(now_, id, command);
  }

  // What it knows of that the broker would agree to, and at times something else.
  std::vector<KnownLease> HeldBy(SessionId id) {
    std::vector<KnownLease> held;
    for (const auto& [token, key] : peers_.HeldBy(id)) {
      held.push_back({token, key.first, key.second});
    }
    return held;
  }

  void PassTime(Rng& rng, Duration by) {
    // Most sessions show signs of life; sometimes the machine stands still for long.
    for (SessionId id : naive_.Connected()) {
      if (rng.Below(4) == 0) continue;
      machine_->Heard(now_, id);
      naive_.Heard(now_, id);
    }
    now_ += by;
    Tell("tick at ", ToSeconds(now_.time_since_epoch()));
    machine_->Tick(now_, /*drained=*/true, effects_);
    naive_.Tick(now_);
  }

  std::string SayHello(Rng& rng) {
    HelloMessage hello;
    const uint64_t instance = rng.Below(4);
    hello.instance = "worker-" + std::to_string(instance);
    SessionId& current = instances_[instance];
    if (current == 0 || rng.Below(5) == 0) current = ++last_session_;
    SessionId id = current;
    if (rng.Below(20) == 0 && id > 4) id -= 4;  // an old one comes back, perhaps another's
    if (id != current && instance_of_.contains(id)) hello.instance = instance_of_[id];
    instance_of_[id] = hello.instance;
    hello.role = hello.instance == "worker-3" ? Role::kOperator : Role::kActor;
    for (const auto& [token, key] : peers_.HeldBy(id)) {
      if (rng.Below(8) != 0) hello.held.push_back(token);
    }
    if (rng.Below(4) == 0) hello.held.push_back(maker_.NoToken(rng, naive_.epoch()));
    Tell("hello of ", id, " as ", hello.instance, " with ", hello.held.size(), " leases");
    const auto answer = machine_->Hello(now_, id, hello, effects_);
    const auto expected = naive_.Hello(now_, id, hello);
    if (answer.ok() != expected.has_value()) return "hello refused or not";
    if (!answer.ok()) return "";
    outboxes_.erase(id);
    const std::set<LeaseToken> lost(answer->lost.begin(), answer->lost.end());
    if (lost != *expected) return "hello names other lost leases";
    for (const LeaseToken& token : lost) peers_.LetGo(id, token);
    // Most say at once what they want.
    for (const Act act : {Act::kSubscribe, Act::kCredit, Act::kSubscribe, Act::kCredit}) {
      if (rng.Below(4) == 0) continue;
      if (std::string wrong = Settle(); !wrong.empty()) return wrong;
      Command(id, act, rng);
    }
    return "";
  }

  SessionId AnySession(Rng& rng) {
    const auto connected = naive_.Connected();
    if (connected.empty() || rng.Below(50) == 0) return 1 + rng.Below(last_session_ + 1);
    return connected[rng.Below(connected.size())];
  }

  std::string Restart(Rng& rng, bool power_cut) {
    Afterlife after;
    after.power_cut = power_cut;
    Effects last_words;
    MachineDump before;
    if (power_cut) {
      const uint64_t most = journal_.tail() - journal_.durable();
      const uint64_t kept = rng.Below(3) == 0 ? 0 : rng.Below(most + 1);
      verdict_.counts.lost_changes += most - kept;
      verdict_.counts.power_cuts += 1;
      Tell("power cut: of ", most, " changes that were not synced ", kept, " are left");
      journal_.Cut(journal_.durable() + kept);
    } else {
      verdict_.counts.crashes += 1;
      Tell("the process dies");
      before = DumpOf(*machine_, now_, last_words);
    }
    outboxes_.clear();
    peers_.BrokerDied([this](const std::string& queue) { return naive_.IsDurable(queue); });
    const auto changes = journal_.Read();
    if (!changes.ok()) return "the journal cannot be read: " + changes.status().ToString();
    // Time goes on from where it was last heard of.
    Time latest = config_.durable && !changes->empty() ? Time() : now_;
    for (const Change& change : *changes) latest = std::max(latest, change.at);
    if (power_cut && rng.Below(2) == 0) now_ = latest;

    MachineConfig config = config_;
    if (config_.durable) {
      config.epoch = naive_.epoch() - rng.Below(2);
    } else {
      config.epoch = naive_.epoch() + 1;
    }
    auto twin = NextLife(config, *changes);
    machine_ = NextLife(config, *changes);
    Effects ignored;
    twin->Start(now_, /*damaged=*/false, ignored);
    machine_->Start(now_, /*damaged=*/false, effects_);
    ignored.Clear();
    after.dump = DumpOf(*twin, now_, ignored);
    if (!power_cut) {
      const std::string differs = Difference(before, after.dump);
      if (!differs.empty()) return "restored: " + differs;
    }
    after.epoch = machine_->epoch();
    after.remembered_since = machine_->remembered_since();
    after.flows = FlowsIn(*changes);
    for (const QueueSnapshot& queue : machine_->Snapshot(now_).queues) {
      after.queues.insert(queue.stats.name);
    }
    if (std::string wrong = naive_.Restart(now_, after, peers_); !wrong.empty()) {
      return "restarted: " + wrong;
    }
    if (std::string wrong = Settle(); !wrong.empty()) return wrong;
    Sync();  // the epoch, before it is used
    return "";
  }

  std::unique_ptr<QueueMachine> NextLife(const MachineConfig& config,
                                         const std::vector<Change>& changes) const {
    auto machine = std::make_unique<QueueMachine>(config, now_);
    for (const Change& change : changes) machine->Restore(change);
    machine->SkipTo(journal_.tail());
    return machine;
  }

  const RandomLife& life_;
  const bool tell_;
  const MachineConfig config_;
  CommandMaker maker_;
  SimulatedJournal journal_;
  PeerKnowledge peers_;
  Time now_;
  std::unique_ptr<QueueMachine> machine_;
  NaiveBroker naive_;
  Effects effects_;
  std::map<SessionId, Outbox> outboxes_;
  std::map<std::pair<SessionId, TaskKey>, LeaseToken> last_heard_;
  SessionId last_session_ = 0;
  std::map<uint64_t, SessionId> instances_;
  std::map<SessionId, std::string> instance_of_;
  std::map<SessionId, uint64_t> numbers_;
  Verdict verdict_;
};

}  // namespace

void ModelCounts::operator+=(const ModelCounts& other) {
  steps += other.steps;
  deliveries += other.deliveries;
  ends += other.ends;
  crashes += other.crashes;
  power_cuts += other.power_cuts;
  lost_changes += other.lost_changes;
  changes += other.changes;
  dropped += other.dropped;
  confirmed += other.confirmed;
  revived += other.revived;
  purged += other.purged;
}

Verdict RunLife(const RandomLife& life, const Sabotage& sabotage, bool tell) {
  return ModelRun(life, sabotage, tell).Run();
}

RandomLife ShrinkLife(RandomLife life, const Sabotage& sabotage) {
  const Verdict verdict = RunLife(life, sabotage);
  if (verdict.wrong.empty()) return life;
  life.steps.resize(verdict.at + 1);
  RandomLife trial = life;
  life.steps = Shrink<Step>(life.steps, [&](const std::vector<Step>& steps) {
    trial.steps = steps;
    return !RunLife(trial, sabotage).wrong.empty();
  });
  return life;
}

std::string Report(const RandomLife& life, const Sabotage& sabotage) {
  const RandomLife shrunk = ShrinkLife(life, sabotage);
  const Verdict verdict = RunLife(shrunk, sabotage, /*tell=*/true);
  const MachineConfig& config = life.config;
  std::ostringstream text;
  text << verdict.wrong << "\nseed " << life.seed << ", " << shrunk.steps.size()
       << " steps left of " << life.steps.size() << ", "
       << (config.durable ? "on disk" : "in memory") << ", " << config.queue_tasks << " tasks and "
       << config.queue_bytes << " B a queue, " << config.max_attempts << " attempts, "
       << config.held_tasks << " held, " << config.remembered_ids << " ids, " << config.dead_tasks
       << " dead";
  for (const std::string& queue : config.memory_queues) text << ", " << queue << " in memory";
  text << ":\n" << verdict.story;
  return text.str();
}

}  // namespace cohort
