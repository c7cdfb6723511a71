#include "libs/base/rng.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace cohort {
namespace {

TEST(RandomAt, IsTheSameForTheSameAddressForEver) {
  EXPECT_EQ(RandomAt({1, 2, 3}), RandomAt({1, 2, 3}));
  EXPECT_EQ(RandomAt({0}),
            12935080325729570654u);  // pinned: runs must be reproducible across versions
}

TEST(RandomAt, TellsNeighbouringAddressesApart) {
  std::set<uint64_t> seen;
  for (uint64_t a = 0; a < 100; ++a) {
    for (uint64_t b = 0; b < 100; ++b) seen.insert(RandomAt({a, b}));
  }
  EXPECT_EQ(seen.size(), 10'000u);
}

TEST(UniformAt, IsUniform) {
  // 100,000 draws: the mean's deviation is .0009, five of which are allowed.
  double sum = 0;
  for (uint64_t i = 0; i < 100'000; ++i) sum += UniformAt({7, i});
  EXPECT_NEAR(sum / 100'000, 0.5, 0.0046);
}

TEST(Rng, BelowReachesEveryValueEqually) {
  Rng rng(1);
  int counts[3] = {};
  for (int i = 0; i < 30'000; ++i) counts[rng.Below(3)]++;
  for (int count : counts) EXPECT_NEAR(count, 10'000, 5 * std::sqrt(10'000 * 2.0 / 3));
}

}  // namespace
}  // namespace cohort
