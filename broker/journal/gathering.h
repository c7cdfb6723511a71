// How long a commit waits for the records of those whom the last one answered.
//
// Producers that wait for an answer put again when they get it. Were the next sync begun at once,
// it would cover only those that came during the last one: two halves that take turns, each waiting
// two syncs. Waiting a moment lets them meet. It pays only where they come back within a part of a
// sync: a short one is not waited for, and after a wait in vain the next ones are left out, twice
// as many each time. Belongs to one thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace cohort::journal {

class Gathering {
 public:
  using Span = std::chrono::nanoseconds;

  // A sync confirmed so many awaited records while others came.
  void Synced(Span took, uint64_t confirmed, uint64_t waiting) {
    least_ = least_ == Span(0) ? took : std::min(took, least_ + least_ / 64);
    expected_ = confirmed + waiting;
    if (left_out_ > 0) --left_out_;
  }
  // Awaited records worth waiting for, counting those that are there already; 0: none.
  uint64_t expected() const { return left_out_ > 0 ? 0 : expected_; }
  // … since the last sync's end, at most.
  Span limit() const { return least_ < kShort ? Span(0) : std::min(least_ / 2, kLongest); }
  // A wait ended with so many: in vain unless most of those that were missing came.
  void Waited(uint64_t records) {
    if (4 * records >= 3 * expected_) {
      in_vain_ = 0;
      return;
    }
    in_vain_ = std::min(in_vain_ + 1, kMostInVain);
    left_out_ = uint64_t{1} << in_vain_;
  }

 private:
  static constexpr Span kShort = std::chrono::milliseconds(2);  // nobody is back within half of it
  static constexpr Span kLongest = std::chrono::milliseconds(5);
  static constexpr uint64_t kMostInVain = 8;

  // What a sync takes however little it writes: the shortest of late. What takes long because it
  // writes much is not saved by waiting.
  Span least_{0};
  uint64_t expected_ = 0;
  uint64_t in_vain_ = 0;   // waits, one after the other
  uint64_t left_out_ = 0;  // syncs until the next wait
};

}  // namespace cohort::journal
