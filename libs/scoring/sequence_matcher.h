// How alike two sequences are, as Python's difflib sees it (Ratcliff and Obershelp's gestalt
// matching: the longest common piece, then the same to its left and right). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cohort {

struct MatchingBlock {
  size_t a = 0, b = 0, size = 0;
  bool operator==(const MatchingBlock&) const = default;
};

// In order, neighbours joined, none of size 0. `popular`: as difflib does by itself, elements that
// make up more than a hundredth of a `b` of 200 or more do not begin a match. Nothing where it
// takes more than `most_steps` elementary comparisons.
std::optional<std::vector<MatchingBlock>> MatchingBlocks(std::span<const uint32_t> a,
                                                         std::span<const uint32_t> b, bool popular,
                                                         uint64_t most_steps);

// 2 × matches / (length of a + length of b): 1 for equal ones, also for two empty ones.
double MatchRatio(const std::vector<MatchingBlock>& blocks, size_t a, size_t b);

}  // namespace cohort
