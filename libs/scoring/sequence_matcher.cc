#include "libs/scoring/sequence_matcher.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace cohort {
namespace {

constexpr size_t kManyEnough = 200;

struct Range {
  size_t a_begin, a_end, b_begin, b_end;
};

class Matcher {
 public:
  Matcher(std::span<const uint32_t> a, std::span<const uint32_t> b, bool popular, uint64_t steps)
      : a_(a), b_(b), steps_left_(steps), lengths_(b.size() + 1), next_(b.size() + 1) {
    for (size_t i = 0; i < b.size(); ++i) places_[b[i]].push_back(i);
    if (!popular || b.size() < kManyEnough) return;
    const size_t most = b.size() / 100 + 1;
    std::erase_if(places_, [&](const auto& entry) { return entry.second.size() > most; });
  }

  std::optional<std::vector<MatchingBlock>> Match() {
    std::vector<MatchingBlock> blocks;
    std::vector<Range> ranges = {{0, a_.size(), 0, b_.size()}};
    while (!ranges.empty()) {
      const Range range = ranges.back();
      ranges.pop_back();
      const std::optional<MatchingBlock> found = Longest(range);
      if (!found) return std::nullopt;
      if (found->size == 0) continue;
      blocks.push_back(*found);
      ranges.push_back({range.a_begin, found->a, range.b_begin, found->b});
      ranges.push_back({found->a + found->size, range.a_end, found->b + found->size, range.b_end});
    }
    std::ranges::sort(blocks, {}, &MatchingBlock::a);
    std::vector<MatchingBlock> joined;
    for (const MatchingBlock& block : blocks) {
      if (!joined.empty() && joined.back().a + joined.back().size == block.a &&
          joined.back().b + joined.back().size == block.b) {
        joined.back().size += block.size;
      } else {
        joined.push_back(block);
      }
    }
    return joined;
  }

 private:
  // The first one in a, and then in b, of the longest. lengths_[j + 1] is how long the match is
  // that ends with the last element of a and b[j].
  std::optional<MatchingBlock> Longest(const Range& range) {
    MatchingBlock best{range.a_begin, range.b_begin, 0};
    std::vector<size_t> written, before;
    for (size_t i = range.a_begin; i < range.a_end; ++i) {
      written.clear();
      const auto places = places_.find(a_[i]);
      if (places != places_.end()) {
        const auto& all = places->second;
        for (auto at = std::ranges::lower_bound(all, range.b_begin);
             at != all.end() && *at < range.b_end; ++at) {
          if (steps_left_-- == 0) return std::nullopt;
          const size_t j = *at;
          const size_t length = (j > range.b_begin ? lengths_[j] : 0) + 1;
          next_[j + 1] = length;
          written.push_back(j + 1);
          if (length > best.size) best = {i + 1 - length, j + 1 - length, length};
        }
      }
      for (const size_t j : before) lengths_[j] = 0;
      for (const size_t j : written) lengths_[j] = std::exchange(next_[j], 0);
      before.swap(written);
    }
    for (const size_t j : before) lengths_[j] = 0;
    // Elements that do not begin a match may go on with one.
    while (best.a > range.a_begin && best.b > range.b_begin && a_[best.a - 1] == b_[best.b - 1]) {
      --best.a;
      --best.b;
      ++best.size;
    }
    while (best.a + best.size < range.a_end && best.b + best.size < range.b_end &&
           a_[best.a + best.size] == b_[best.b + best.size]) {
      ++best.size;
    }
    return best;
  }

  std::span<const uint32_t> a_, b_;
  uint64_t steps_left_;
  std::unordered_map<uint32_t, std::vector<size_t>> places_;  // of elements in b, ascending
  std::vector<size_t> lengths_, next_;
};

}  // namespace

std::optional<std::vector<MatchingBlock>> MatchingBlocks(std::span<const uint32_t> a,
                                                         std::span<const uint32_t> b, bool popular,
                                                         uint64_t most_steps) {
  return Matcher(a, b, popular, most_steps).Match();
}

double MatchRatio(const std::vector<MatchingBlock>& blocks, size_t a, size_t b) {
  if (a + b == 0) return 1;
  size_t matches = 0;
  for (const MatchingBlock& block : blocks) matches += block.size;
  return 2.0 * static_cast<double>(matches) / static_cast<double>(a + b);
}

}  // namespace cohort
