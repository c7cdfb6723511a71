// What judging one answer may cost: estimated before anything is computed, counted down, never
// measured, so that the same answer has the same verdict on every machine. It carries the seed of
// the points as well, which is made of the answer: nobody can write an answer that agrees with the
// gold at just the points that will be tried.
#pragma once

#include <cstdint>

namespace cohort {

class Budget {
 public:
  // About nanoseconds of a processor of today.
  static constexpr int64_t kDefault = 15'000'000;
  static constexpr long kMaxBits = 30'000;  // of an exact number

  explicit Budget(uint64_t seed = 0, int64_t cost = kDefault) : seed_(seed), left_(cost) {}

  uint64_t seed() const { return seed_; }

  // False when there is not so much left; then nothing is left.
  bool Spend(int64_t cost) {
    left_ = cost > left_ ? 0 : left_ - cost;
    return left_ > 0;
  }
  // For numbers of these bits.
  bool SpendExact(long bits) { return bits <= kMaxBits && Spend(100 + 5 * bits); }
  bool empty() const { return left_ <= 0; }

 private:
  uint64_t seed_;
  int64_t left_;
};

}  // namespace cohort
