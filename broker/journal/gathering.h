// How long a commit waits for the records of those whom the last one answered.
//
// Producers that wait for an answer put again when they get it. Were the next sync begun at once,
// it would cover only those that came during the last one: two halves that take turns, each waiting
// two syncs. Waiting a moment lets them meet. It pays only where they come back within a part of a
// sync, so after a wait in vain the next ones are left out, twice as many each time. Belongs to one
// thread.
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
    took = std::min(took, 4 * kLongest);  // a disk that hung once says nothing
    usual_ = usual_ == Span(0) ? took : (7 * usual_ + took) / 8;
    expected_ = confirmed + waiting;
    if (left_out_ > 0) --left_out_;
  }
  // Awaited records worth waiting for, counting those that are there already; 0: none.
  uint64_t expected() const { return left_out_ > 0 ? 0 : expected_; }
  // … since the last sync's end, at most.
  Span limit() const { return std::min({usual_, std::max(usual_ / 2, kRoundTrip), kLongest}); }
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
  // Half of a short sync is too little for anybody to be back: a whole one, or this, is waited.
  static constexpr Span kRoundTrip = std::chrono::microseconds(500);
  static constexpr Span kLongest = std::chrono::milliseconds(5);
  static constexpr uint64_t kMostInVain = 8;

  Span usual_{0};  // of a sync
  uint64_t expected_ = 0;
  uint64_t in_vain_ = 0;   // waits, one after the other
  uint64_t left_out_ = 0;  // syncs until the next wait
};

}  // namespace cohort::journal
