// What the processes of one load run share: counters, latencies, the word to stop.
//
// Made before the processes are forked; lies in memory that they share. Each thread writes to a
// Tally of its own, the parent reads them all. Windows: a consumer tells the producer of a task
// that it is done with, over an eventfd, so that both systems under test are driven with the same
// number of tasks in flight.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cohort::bench {

// Nanoseconds, monotonic, the same in all processes.
int64_t NowNanoseconds();

// Log-linear: 32 steps to an octave, so a quantile is true to 3 %.
class Latencies {
 public:
  static constexpr size_t kBuckets = 1216;
  void Add(int64_t nanoseconds);
  uint64_t count(size_t bucket) const { return counts_[bucket].load(std::memory_order_relaxed); }
  static int64_t ValueOf(size_t bucket);
  void Clear();

 private:
  std::array<std::atomic<uint32_t>, kBuckets> counts_;
};

// Of one thread.
struct alignas(64) Tally {
  std::atomic<uint64_t> sent, sent_bytes;  // puts or messages
  std::atomic<uint64_t> confirmed;         // puts that were answered
  std::atomic<uint64_t> delivered, delivered_bytes;
  std::atomic<uint64_t> done;                 // settles that were answered, or messages received
  std::atomic<uint64_t> redelivered, failed;  // answers other than ok
  std::atomic<uint64_t> late;                 // sends that the window or a full pipe held up
  Latencies latencies;  // from the intended send to the delivery, while measuring
};

// Of one producer.
struct alignas(64) Window {
  std::atomic<uint64_t> done;
  std::atomic<uint64_t> tell_every;  // so many tasks; a quarter of the window
  int wakeup = -1;                   // eventfd
};

constexpr size_t kMostThreads = 64;
constexpr size_t kMostProducers = 64;

struct Board {
  std::atomic<bool> measuring;     // latencies count
  std::atomic<bool> sending_over;  // nothing new is sent, what is under way is finished
  std::atomic<bool> paused;        // those with a rate send nothing until it is taken back
  std::atomic<bool> stop;
  std::atomic<bool> resume;     // stalled consumers read again
  std::atomic<uint32_t> ready;  // sessions that stand
  std::array<Tally, kMostThreads> tallies;
  std::array<Window, kMostProducers> windows;

  // Shared with the processes that are forked from now on.
  static Board* Make();
  void Done(size_t producer);
};

struct Totals {
  uint64_t sent = 0, confirmed = 0, delivered = 0, done = 0, redelivered = 0, failed = 0, late = 0;
  uint64_t sent_bytes = 0, delivered_bytes = 0;
};
Totals Sum(const Board& board, size_t first, size_t last);
// In milliseconds, of the threads' latencies together; 0 when there are none.
double QuantileMs(const Board& board, double quantile);

}  // namespace cohort::bench
