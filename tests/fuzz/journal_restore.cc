// A whole journal's records given to the queue machine: whatever they say, in whatever order, the
// broker comes up, lives, and writes records that it can read.
#include <algorithm>
#include <vector>

#include "broker/change_codec.h"
#include "broker/machine/queue_machine.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/journal_records.h"

namespace cohort {
namespace {

constexpr size_t kMostRecords = 24;

MachineConfig SmallConfig() {
  MachineConfig config;
  config.epoch = 5;
  config.durable = true;
  config.memory_queues = {"m*"};
  config.queue_tasks = 4;
  config.queue_bytes = 1000;
  config.held_tasks = 3;
  config.dead_tasks = 2;
  config.remembered_ids = 8;
  config.queues = 6;
  return config;
}

void CheckReadable(Effects& effects) {
  for (const Change& change : effects.changes) {
    const JournalRecord record = EncodeChange(change);
    const Result<Change> again =
        DecodeChange(change.sequence, record.type, record.head, BodiesOf(record));
    if (!again.ok()) std::fprintf(stderr, "%s\n", again.status().message().c_str());
    FUZZ_CHECK(again.ok());
  }
  effects.Clear();
}

// A consumer of every queue comes, holding the leases that the journal names.
void Live(QueueMachine& machine, Time now, const std::vector<LeaseToken>& held,
          const std::vector<SessionId>& sessions) {
  Effects effects;
  machine.Start(now, /*damaged=*/false, effects);
  CheckReadable(effects);
  std::vector<SessionId> peers = sessions;
  peers.push_back(77);
  for (const SessionId session : peers) {
    const HelloMessage hello{Role::kActor, "peer-" + std::to_string(session), held};
    if (!machine.Hello(now, session, hello, effects).ok()) continue;
    uint64_t number = 0;
    for (const QueueSnapshot& queue : machine.Snapshot(now).queues) {
      machine.Apply(now, session, {++number, SubscribeCommand{queue.stats.name}}, effects);
      machine.Apply(now, session, {++number, CreditCommand{queue.stats.name, 2, 1000}}, effects);
    }
    for (const LeaseToken& token : held) {
      machine.Apply(now, session, {++number, BeginCommand{token}}, effects);
      machine.Apply(now, session, {++number, FailCommand{token, "fails"}}, effects);
    }
    CheckReadable(effects);
  }
  for (const double step : {1.0, 3.0, 40.0, 100'000.0}) {
    now += Seconds(step);
    machine.Tick(now, /*drained=*/true, effects);
    CheckReadable(effects);
  }
  machine.Rewrite(now, machine.tail(), 1 << 16, effects);
  CheckReadable(effects);
  FUZZ_CHECK(machine.oldest_needed() <= machine.tail() + 1);
  static_cast<void>(machine.Snapshot(now));
}

}  // namespace
}  // namespace cohort

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort;
  QueueMachine machine(SmallConfig(), Time());
  Time latest;
  uint64_t sequence = 0;
  std::vector<LeaseToken> held;
  std::vector<SessionId> sessions;
  const auto note = [&](const LeaseImage& lease) {
    if (held.size() >= 4) return;
    held.push_back({lease.key.epoch, lease.key.lease, 1});
    sessions.push_back(lease.session);
  };
  for (const SplitRecord& record : SplitRecords(FuzzBytes(data, size), kMostRecords)) {
    Result<Change> change = DecodeChange(++sequence, kFirstRecordType, record.head, record.bodies);
    if (!change.ok()) continue;
    if (const auto* leases = std::get_if<LeaseChange>(&change->what)) {
      for (const auto& given : leases->given) note(given.lease);
    }
    if (const auto* task = std::get_if<TaskChange>(&change->what)) {
      if (task->task.lease.has_value()) note(*task->task.lease);
    }
    latest = std::max(latest, change->at);
    machine.Restore(*std::move(change));
  }
  machine.SkipTo(sequence);
  std::sort(sessions.begin(), sessions.end());
  sessions.erase(std::unique(sessions.begin(), sessions.end()), sessions.end());
  Live(machine, latest + Duration(1), held, sessions);
  return 0;
}
