// The queue machine's changes on disk: brings back what earlier lives knew, keeps what this one
// says, and keeps the journal short.
//
// Belongs to the server's thread. Nothing here waits for the disk but Open, Flush and Close.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "broker/journal/journal.h"
#include "broker/machine/changes.h"
#include "broker/machine/queue_machine.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace cohort {

class Durability {
 public:
  struct Options {
    std::string directory;  // of the journal; one broker at a time
    uint64_t segment_bytes = uint64_t{64} << 20;
    FileLayer* files = nullptr;    // the real ones
    std::function<void()> notify;  // from another thread: synced() or the room has changed
    bool sync = true;              // false only in tests of tests: confirmed before it is durable
  };

  // Gives the machine, which must be new, all that the journal holds; it is then to be started.
  // Fails when another broker has the journal, a newer version wrote it or it cannot be read;
  // damage is no failure.
  static Result<std::unique_ptr<Durability>> Open(Options options, const Clock& clock,
                                                  QueueMachine* machine);

  // The machine's time: steady, and going on from its last life. Neither the wall clock nor the
  // time in which no broker ran counts.
  Time Now() const { return clock_.Now() + shift_; }
  // Some of what was durable is lost.
  bool damaged() const { return !journal_->state().recovery.damages.empty() || unreadable_ > 0; }
  // Records that are whole and make no sense to this version.
  uint64_t unreadable() const { return unreadable_; }

  void Keep(const std::vector<Change>& changes);
  uint64_t synced() const { return journal_->synced(); }
  // Every turn: tells the machine whether there is room, and has it write the oldest of its records
  // anew so that old segments can go.
  void Tend(Time now, QueueMachine* machine, Effects& effects);
  // Waits until all that was kept is durable.
  Status Flush(Duration limit);
  void Close() { journal_->Close(); }
  JournalState state() const { return journal_->state(); }

 private:
  Durability(const Clock& clock, uint64_t segment_bytes)
      : clock_(clock), segment_bytes_(segment_bytes) {}
  void Notify();

  const Clock& clock_;
  const uint64_t segment_bytes_;
  Duration shift_{0};
  uint64_t unreadable_ = 0;
  uint64_t last_kept_ = 0;
  uint64_t kept_bytes_ = 0;  // since the last look at the journal's size, but for …
  uint64_t rewritten_after_ = 0, rewritten_to_ = 0;  // … what was written anew at that look
  Time next_look_;
  // Segments whose records all lie below `needed` go once everything up to `when_synced` is
  // durable.
  uint64_t needed_ = 0, when_synced_ = 0;
  std::function<void()> notify_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Journal> journal_;  // last: its thread calls Notify
};

}  // namespace cohort
