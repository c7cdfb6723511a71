// Micro-batches under a row budget.
//
// A group costs the rows of its prompt once and, per completion of T tokens, T - 1 rows: the last
// token is predicted and never read. Groups and completions keep their order and fill one
// micro-batch after another; a group that does not fit is continued in the next, where its prompt
// is computed again. The same shapes always pack the same way. Pure; no torch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace cohort {

struct GroupShape {
  int64_t prompt = 0;                // tokens, ≥ 1
  std::vector<int64_t> completions;  // tokens of each, ≥ 1
};

// Completions [first, first + count) of a group, behind one copy of its prompt.
struct PackedPiece {
  size_t group = 0;
  size_t first = 0;
  size_t count = 0;
  bool operator==(const PackedPiece&) const = default;
};

struct MicroBatch {
  std::vector<PackedPiece> pieces;
  int64_t rows = 0;
};

// Every completion is in exactly one micro-batch; groups without completions are in none. A
// completion that alone exceeds the budget gets a micro-batch of its own, so rows ≤ row_budget
// holds for all others.
std::vector<MicroBatch> PackGroups(std::span<const GroupShape> groups, int64_t row_budget);

}  // namespace cohort
