#include "broker/durability.h"

#include <algorithm>
#include <utility>

#include "broker/change_codec.h"
#include "libs/base/logging.h"

namespace cohort {
namespace {

constexpr Duration kLookEvery = Seconds(0.02);
constexpr uint64_t kLookEveryBytes = uint64_t{1} << 20;
constexpr size_t kLeastRewrite = size_t{1} << 20;
constexpr Duration kProgressEvery = Seconds(1);

void Report(const RecoveryReport& report) {
  for (const std::string& line : report.Lines()) LogWarning("journal: " + line);
  LogInfo("journal read", {{"records", report.records},
                           {"bytes", report.bytes},
                           {"segments", report.segments},
                           {"seconds", report.seconds}});
}

}  // namespace

Result<std::unique_ptr<Durability>> Durability::Open(Options options, const Clock& clock,
                                                     QueueMachine* machine) {
  std::unique_ptr<Durability> self(new Durability(clock, options.segment_bytes));
  self->notify_ = std::move(options.notify);
  Time latest;
  const auto apply = [&](const Journal::Recovered& record) -> Status {
    Result<Change> change = DecodeChange(record.sequence, record.type, record.head, record.bodies);
    if (!change.ok()) {
      self->unreadable_ += 1;
      LogWarning("journal: passed over a record", {{"why", change.status()}});
      return Status();
    }
    latest = std::max(latest, change->at);
    machine->Restore(*std::move(change));
    return Status();
  };
  Time next_line = clock.Now() + kProgressEvery;
  const auto progress = [&](const RecoveryProgress& so_far) {
    if (clock.Now() < next_line) return;
    next_line = clock.Now() + kProgressEvery;
    LogInfo(
        "reading the journal",
        {{"records", so_far.records}, {"bytes", so_far.bytes}, {"of_bytes", so_far.total_bytes}});
  };
  Journal::Options journal;
  journal.directory = options.directory;
  journal.segment_bytes = options.segment_bytes;
  journal.files = options.files;
  journal.sync = options.sync;
  journal.notify = [raw = self.get()] { raw->Notify(); };
  COHORT_ASSIGN_OR_RETURN(self->journal_, Journal::Open(std::move(journal), apply, progress));
  const RecoveryReport report = self->journal_->state().recovery;
  Report(report);
  machine->SkipTo(report.last_sequence);
  self->last_kept_ = report.last_sequence;
  self->shift_ = std::max(Duration(0), latest - clock.Now() + Duration(1));
  self->next_look_ = self->Now();
  return self;
}

void Durability::Notify() {
  { std::scoped_lock lock(mutex_); }
  changed_.notify_all();
  if (notify_) notify_();
}

void Durability::Keep(const std::vector<Change>& changes) {
  if (changes.empty()) return;
  std::vector<JournalRecord> records;
  records.reserve(changes.size());
  for (const Change& change : changes) {
    records.push_back(EncodeChange(change));
    if (change.sequence > rewritten_after_ && change.sequence <= rewritten_to_) continue;
    records.back().awaited = std::holds_alternative<TaskChange>(change.what);
    kept_bytes_ += records.back().head.size();
    for (const Body& body : records.back().bodies) kept_bytes_ += body.size();
  }
  last_kept_ = changes.back().sequence;
  journal_->Append(std::move(records));
}

void Durability::Tend(Time now, QueueMachine* machine, Effects& effects) {
  if (needed_ != 0 && journal_->synced() >= when_synced_) {
    journal_->DropSegmentsBelow(needed_);
    needed_ = 0;
  }
  if (now < next_look_ && kept_bytes_ < kLookEveryBytes) return;
  next_look_ = now + kLookEvery;
  const size_t kept = std::exchange(kept_bytes_, 0);
  const JournalState state = journal_->state();
  machine->RefusePuts(state.has_room ? "" : state.room_reason);
  if (state.closed.empty()) return;
  uint64_t closed = 0;
  for (const SegmentInfo& segment : state.closed) closed += segment.bytes;
  // The open segment and the spare are the two that may lie beside twice what lives.
  const uint64_t live = machine->live_bytes();
  const bool too_long = closed + segment_bytes_ > 2 * live || !state.has_room;
  if (!too_long) return;
  const uint64_t next =
      state.closed.size() > 1 ? state.closed[1].first_sequence : state.open_first_sequence;
  rewritten_after_ = machine->tail();
  machine->Rewrite(now, next, std::max(kLeastRewrite, 2 * kept), effects);
  rewritten_to_ = machine->tail();
  if (needed_ == 0 && machine->oldest_needed() >= next) {
    needed_ = machine->oldest_needed();
    when_synced_ = machine->tail();
  }
}

Status Durability::Flush(Duration limit) {
  std::unique_lock lock(mutex_);
  const bool done =
      changed_.wait_for(lock, limit, [this] { return journal_->synced() >= last_kept_; });
  if (done) return Status();
  const JournalState state = journal_->state();
  return Unavailable("the journal could not be written in time: " +
                     (state.last_error.empty() ? "the disk is slow" : state.last_error));
}

}  // namespace cohort
