#include "libs/model/packed_batch.h"

#include <string>

namespace cohort {

int64_t PackedBatch::Add(std::span<const int32_t> segment_tokens, int64_t prefix) {
  segments.push_back({rows(), static_cast<int64_t>(segment_tokens.size()), prefix});
  tokens.insert(tokens.end(), segment_tokens.begin(), segment_tokens.end());
  return static_cast<int64_t>(segments.size()) - 1;
}

Status CheckPackedBatch(const PackedBatch& batch, int64_t vocab_size, int64_t max_positions) {
  int64_t row = 0;
  for (size_t s = 0; s < batch.segments.size(); ++s) {
    const PackedSegment& segment = batch.segments[s];
    const auto fail = [&](const std::string& what) {
      return InvalidArgument("packed batch: segment " + std::to_string(s) + " " + what);
    };
    if (segment.first_row != row || segment.rows < 1 || segment.rows > batch.rows() - row) {
      return fail("does not follow the one before it, is empty, or lacks tokens");
    }
    int64_t start = 0;
    if (segment.prefix != -1) {
      if (segment.prefix < 0 || segment.prefix >= static_cast<int64_t>(s)) {
        return fail("has a prefix that is not an earlier segment");
      }
      const PackedSegment& prefix = batch.segments[static_cast<size_t>(segment.prefix)];
      if (prefix.prefix != -1) return fail("has a prefix with a prefix of its own");
      start = prefix.rows;
    }
    if (start + segment.rows > max_positions) {
      return fail("ends at position " + std::to_string(start + segment.rows) +
                  ", behind the model's context of " + std::to_string(max_positions));
    }
    for (int64_t i = 0; i < segment.rows; ++i) {
      const int32_t token = batch.tokens[static_cast<size_t>(row + i)];
      if (token < 0 || token >= vocab_size) {
        return fail("holds token " + std::to_string(token) + ", outside the vocabulary of " +
                    std::to_string(vocab_size));
      }
    }
    row += segment.rows;
  }
  if (row != batch.rows()) return InvalidArgument("packed batch: tokens behind the last segment");
  return {};
}

}  // namespace cohort
