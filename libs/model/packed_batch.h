// Many sequences as the rows of one matrix.
//
// A batch is a list of segments whose rows follow one another. A segment may name an earlier one
// as its prefix: its positions start after the prefix, and its rows attend to all of the prefix and
// causally to their own segment. A group is thus one segment for the prompt, computed once, and a
// segment per completion. Values; no torch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

struct PackedSegment {
  int64_t first_row = 0;
  int64_t rows = 0;
  int64_t prefix = -1;  // index of an earlier segment without a prefix of its own; -1: none
};

struct PackedBatch {
  std::vector<int32_t> tokens;  // one per row
  std::vector<PackedSegment> segments;

  // Appends a segment and returns its index.
  int64_t Add(std::span<const int32_t> segment_tokens, int64_t prefix = -1);
  int64_t rows() const { return static_cast<int64_t>(tokens.size()); }
};

// Rows add up, prefixes are earlier and have none, tokens are inside the vocabulary, positions
// inside the context. kInvalidArgument names the segment.
Status CheckPackedBatch(const PackedBatch& batch, int64_t vocab_size, int64_t max_positions);

}  // namespace cohort
