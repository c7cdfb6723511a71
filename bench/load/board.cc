#include "bench/load/board.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bit>
#include <new>

namespace cohort::bench {

int64_t NowNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void Latencies::Add(int64_t nanoseconds) {
  const auto value = static_cast<uint64_t>(nanoseconds < 0 ? 0 : nanoseconds);
  size_t bucket = value;
  if (value >= 32) {
    const auto octave = static_cast<size_t>(std::bit_width(value)) - 1;
    bucket = (octave - 4) * 32 + ((value >> (octave - 5)) & 31);
  }
  if (bucket >= kBuckets) bucket = kBuckets - 1;
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
}

void Latencies::Clear() {
  for (std::atomic<uint32_t>& count : counts_) count.store(0, std::memory_order_relaxed);
}

int64_t Latencies::ValueOf(size_t bucket) {
  if (bucket < 32) return static_cast<int64_t>(bucket);
  return static_cast<int64_t>(32 + bucket % 32) << (bucket / 32 - 1);
}

Board* Board::Make() {
  void* memory =
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  auto* board = new (memory) Board;
  for (Window& window : board->windows) window.wakeup = eventfd(0, EFD_NONBLOCK);
  return board;
}

void Board::Done(size_t producer) {
  Window& window = windows[producer];
  const uint64_t done = window.done.fetch_add(1) + 1;
  const uint64_t every = window.tell_every;
  if (every == 0 || done % every != 0) return;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(window.wakeup, &one, sizeof(one));
}

Totals Sum(const Board& board, size_t first, size_t last) {
  Totals totals;
  for (size_t i = first; i < last; ++i) {
    const Tally& tally = board.tallies[i];
    totals.sent += tally.sent;
    totals.sent_bytes += tally.sent_bytes;
    totals.confirmed += tally.confirmed;
    totals.delivered += tally.delivered;
    totals.delivered_bytes += tally.delivered_bytes;
    totals.done += tally.done;
    totals.redelivered += tally.redelivered;
    totals.failed += tally.failed;
    totals.late += tally.late;
  }
  return totals;
}

double QuantileMs(const Board& board, double quantile) {
  uint64_t all = 0;
  for (const Tally& tally : board.tallies) {
    for (size_t b = 0; b < Latencies::kBuckets; ++b) all += tally.latencies.count(b);
  }
  const auto wanted = static_cast<uint64_t>(quantile * static_cast<double>(all));
  uint64_t seen = 0;
  for (size_t b = 0; b < Latencies::kBuckets; ++b) {
    for (const Tally& tally : board.tallies) seen += tally.latencies.count(b);
    if (all > 0 && seen > wanted) return static_cast<double>(Latencies::ValueOf(b)) / 1e6;
  }
  return 0;
}

}  // namespace cohort::bench
