// Rows in a new order every epoch, drawn from a seed: a cursor always gives the same row. Belongs
// to one thread.
#pragma once

#include <cstdint>
#include <vector>

namespace cohort {

class EpochOrder {
 public:
  // rows > 0.
  EpochOrder(uint64_t rows, uint64_t seed) : order_(rows), seed_(seed) {}
  uint64_t RowAt(uint64_t cursor);

 private:
  std::vector<uint64_t> order_;  // of epoch_
  uint64_t seed_;
  uint64_t epoch_ = UINT64_MAX;
};

}  // namespace cohort
