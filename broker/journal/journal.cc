#include "broker/journal/journal.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "broker/journal/gathering.h"
#include "broker/journal/journal_reader.h"
#include "broker/journal/journal_writer.h"
#include "libs/base/rng.h"

namespace cohort {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;
using Moment = SteadyClock::time_point;

constexpr milliseconds kWriteWithin{50};   // records that ask for no sync
constexpr milliseconds kSyncWithin{1000};  // the same
constexpr milliseconds kMarkerAfter{100};  // a commit without another one
constexpr milliseconds kRetryAfter{500};   // a failure

}  // namespace

struct Journal::Core {
  Core(Options options, std::unique_ptr<DirectoryLock> lock, RecoveryReport recovery,
       journal::JournalWriter writer)
      : options(std::move(options)),
        lock(std::move(lock)),
        recovery(std::move(recovery)),
        writer(std::move(writer)) {}

  // What the others left for the thread.
  struct Taken {
    std::vector<std::vector<JournalRecord>> records;
    Moment since;            // the first came
    uint64_t want_sync = 0;  // of them
    uint64_t awaited = 0;    // … of these
    uint64_t drop_below = 0;
    bool closing = false;
  };

  void Run();
  std::optional<Moment> NextDeadline();
  Taken Wait();
  void Gather(std::unique_lock<std::mutex>& guard);
  void Work(Taken taken);
  bool Commit(bool closing, bool dropping, Moment now);
  void Publish();

  const Options options;
  const std::unique_ptr<DirectoryLock> lock;
  const RecoveryReport recovery;

  // The thread's own.
  journal::JournalWriter writer;
  uint64_t want_sync = 0;  // records that are not durable yet and ask for it
  std::optional<Moment> first_unwritten;
  std::optional<Moment> first_unsynced;
  Moment last_commit{};
  SteadyClock::duration last_took{};    // writing and syncing
  uint64_t awaited = 0;                 // … of those that want a sync
  uint64_t confirmed = 0;               // awaited records, since it was last published
  std::optional<Moment> blocked_until;  // nothing could be written
  std::optional<Moment> spare_at;       // when the spare is tried again
  uint64_t dropped_below = 0;
  journal::Gathering gathering;

  std::mutex mutex;
  std::condition_variable wake;
  Taken inbox;
  uint64_t inbox_records = 0;
  bool sleeps = false;   // the thread waits for long, or without an end
  uint64_t wake_at = 0;  // awaited records for which it waits; 0: it does not
  JournalState published;

  std::atomic<uint64_t> synced{0};
  std::atomic<bool> has_room{true};
  std::thread thread;
};

Result<std::unique_ptr<Journal>> Journal::Open(
    Options options, const std::function<Status(const Recovered&)>& apply,
    const std::function<void(const RecoveryProgress&)>& progress) {
  if (!options.files) options.files = &RealFiles();
  FileLayer& files = *options.files;
  COHORT_RETURN_IF_ERROR(files.MakeDirectories(options.directory));
  COHORT_ASSIGN_OR_RETURN(auto lock, files.Lock(options.directory));

  const auto start = SteadyClock::now();
  const journal::ReadOptions reading{options.directory, &files};
  COHORT_ASSIGN_OR_RETURN(journal::ReadResult read, journal::ReadJournal(reading, apply, progress));
  COHORT_RETURN_IF_ERROR(journal::MakeTailDurable(reading, read));
  read.report.seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();

  journal::JournalWriter::Options writing;
  writing.directory = options.directory;
  writing.segment_bytes = options.segment_bytes;
  writing.files = &files;
  writing.sync = options.sync;
  writing.random = EntropyFromSystem;
  RecoveryReport recovery = read.report;
  auto core = std::make_unique<Core>(std::move(options), std::move(lock), std::move(recovery),
                                     journal::JournalWriter(std::move(writing), std::move(read)));
  // Opens the new segment, or as soon as there is room.
  if (!core->writer.Commit()) core->blocked_until = SteadyClock::now() + kRetryAfter;
  if (!core->writer.state().has_room) core->spare_at = SteadyClock::now() + kRetryAfter;
  core->last_commit = SteadyClock::now();
  core->Publish();
  core->thread = std::thread([core = core.get()] { core->Run(); });
  return std::unique_ptr<Journal>(new Journal(std::move(core)));
}

Journal::Journal(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Journal::~Journal() { Close(); }

void Journal::Append(std::vector<JournalRecord> records) {
  if (records.empty()) return;
  uint64_t want_sync = 0, awaited = 0;
  for (const JournalRecord& record : records) {
    want_sync += record.sync ? 1 : 0;
    awaited += record.awaited ? 1 : 0;
  }
  std::scoped_lock lock(core_->mutex);
  if (core_->inbox.records.empty()) core_->inbox.since = SteadyClock::now();
  const bool news = core_->sleeps || (want_sync > 0 && core_->inbox.want_sync == 0);
  core_->inbox_records += records.size();
  core_->inbox.want_sync += want_sync;
  core_->inbox.awaited += awaited;
  core_->inbox.records.push_back(std::move(records));
  const bool gathered = core_->wake_at != 0 && core_->inbox.awaited >= core_->wake_at;
  if (news || gathered) core_->wake.notify_one();
}

uint64_t Journal::synced() const { return core_->synced.load(std::memory_order_acquire); }
bool Journal::has_room() const { return core_->has_room.load(std::memory_order_acquire); }

JournalState Journal::state() const {
  std::scoped_lock lock(core_->mutex);
  JournalState state = core_->published;
  state.pending_records += core_->inbox_records;
  state.recovery = core_->recovery;
  return state;
}

void Journal::DropSegmentsBelow(uint64_t sequence) {
  std::scoped_lock lock(core_->mutex);
  if (sequence <= core_->inbox.drop_below) return;
  core_->inbox.drop_below = sequence;
  core_->wake.notify_one();
}

void Journal::Close() {
  {
    std::scoped_lock lock(core_->mutex);
    core_->inbox.closing = true;
    core_->wake.notify_one();
  }
  if (core_->thread.joinable()) core_->thread.join();
}

void Journal::Core::Run() {
  while (true) {
    Taken taken = Wait();
    const bool last = taken.closing;
    Work(std::move(taken));
    Publish();
    if (last) return;
  }
}

std::optional<Moment> Journal::Core::NextDeadline() {
  std::optional<Moment> next = spare_at;
  const auto add = [&](Moment at) { next = next ? std::min(*next, at) : at; };
  if (blocked_until) {
    add(*blocked_until);
    return next;
  }
  if (first_unwritten) add(*first_unwritten + kWriteWithin);
  if (first_unsynced) add(*first_unsynced + kSyncWithin);
  if (writer.WantsMarker()) add(last_commit + kMarkerAfter);
  return next;
}

Journal::Core::Taken Journal::Core::Wait() {
  const std::optional<Moment> own = NextDeadline();
  std::unique_lock guard(mutex);
  const auto ready = [&] {
    return inbox.closing || inbox.want_sync > 0 || inbox.drop_below > dropped_below;
  };
  while (!ready()) {
    const Moment now = SteadyClock::now();
    std::optional<Moment> until = own;
    const auto add = [&](Moment at) { until = until ? std::min(*until, at) : at; };
    if (!inbox.records.empty()) add(inbox.since + kWriteWithin);
    // While there is work, records that ask for no sync need not wake anybody.
    if (!until && now - last_commit < kSyncWithin) add(now + kWriteWithin);
    if (until && *until <= now) break;
    sleeps = !until || *until > now + kWriteWithin;
    if (until) {
      wake.wait_until(guard, *until);
    } else {
      wake.wait(guard);
    }
    sleeps = false;
  }
  if (inbox.want_sync > 0 && !inbox.closing) Gather(guard);
  Taken taken;
  std::swap(taken.records, inbox.records);
  taken.since = inbox.since;
  taken.want_sync = std::exchange(inbox.want_sync, 0);
  taken.awaited = std::exchange(inbox.awaited, 0);
  taken.drop_below = inbox.drop_below;
  taken.closing = inbox.closing;
  inbox_records = 0;
  return taken;
}

void Journal::Core::Gather(std::unique_lock<std::mutex>& guard) {
  const uint64_t expected = gathering.expected();
  const Moment until = last_commit + gathering.limit();
  if (inbox.awaited >= expected || blocked_until || until <= SteadyClock::now()) return;
  wake_at = expected;
  wake.wait_until(guard, until, [&] { return inbox.closing || inbox.awaited >= expected; });
  wake_at = 0;
  gathering.Waited(inbox.awaited);
}

void Journal::Core::Work(Taken taken) {
  const Moment now = SteadyClock::now();
  for (std::vector<JournalRecord>& records : taken.records) writer.Add(std::move(records));
  if (!taken.records.empty() && !first_unwritten) first_unwritten = taken.since;
  want_sync += taken.want_sync;
  awaited += taken.awaited;
  const bool dropping = taken.drop_below > dropped_below;
  if (dropping) {
    dropped_below = taken.drop_below;
    writer.DropSegmentsBelow(dropped_below);
  }
  if (spare_at && *spare_at <= now) writer.EnsureSpare();

  if (!blocked_until || *blocked_until <= now || taken.closing || dropping) {
    const bool done = Commit(taken.closing, dropping, now);
    blocked_until = done ? std::nullopt : std::optional(now + kRetryAfter);
  }

  if (!writer.has_unwritten()) first_unwritten.reset();
  if (!writer.has_unsynced()) {
    first_unsynced.reset();
    want_sync = 0;
    confirmed += std::exchange(awaited, 0);
  } else if (!first_unsynced) {
    first_unsynced = now;
  }
  spare_at = writer.state().has_room ? std::nullopt : std::optional(now + kRetryAfter);
}

// What is due. False when it failed and must be tried again.
bool Journal::Core::Commit(bool closing, bool dropping, Moment now) {
  const auto due = [&](std::optional<Moment> since, milliseconds within) {
    return since && *since + within <= now;
  };
  const auto timed = [&](bool done) {
    last_commit = SteadyClock::now();
    last_took = last_commit - now;
    return done;
  };
  if (closing) return writer.Finish();
  // Without room the marker of a drop is what makes some.
  const bool make_room = dropping && !writer.state().has_room;
  if (writer.WantsMarker() && (make_room || due(last_commit, kMarkerAfter))) {
    return timed(writer.CommitMarker());
  }
  if (want_sync > 0 || due(first_unsynced, kSyncWithin)) return timed(writer.Commit());
  return !due(first_unwritten, kWriteWithin) || writer.Write();
}

void Journal::Core::Publish() {
  bool changed = false;
  {
    const JournalState& state = writer.state();
    std::scoped_lock guard(mutex);
    if (state.synced != published.synced) {
      gathering.Synced(last_took, std::exchange(confirmed, 0), inbox.awaited);
    }
    changed = state.synced != published.synced || state.has_room != published.has_room;
    published = state;
    synced.store(published.synced, std::memory_order_release);
    has_room.store(published.has_room, std::memory_order_release);
  }
  if (changed && options.notify) options.notify();
}

}  // namespace cohort
