#include "learner/epoch_order.h"

#include <numeric>
#include <utility>

#include "libs/base/rng.h"

namespace cohort {

uint64_t EpochOrder::RowAt(uint64_t cursor) {
  const uint64_t epoch = cursor / order_.size();
  if (epoch != epoch_) {
    epoch_ = epoch;
    std::iota(order_.begin(), order_.end(), 0);
    Rng rng(RandomAt({seed_, epoch}));
    for (uint64_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[rng.Below(i)]);
  }
  return order_[cursor % order_.size()];
}

}  // namespace cohort
