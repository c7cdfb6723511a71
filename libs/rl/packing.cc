#include "libs/rl/packing.h"

namespace cohort {

std::vector<MicroBatch> PackGroups(std::span<const GroupShape> groups, int64_t row_budget) {
  std::vector<MicroBatch> batches;
  for (size_t g = 0; g < groups.size(); ++g) {
    const GroupShape& group = groups[g];
    for (size_t c = 0; c < group.completions.size(); ++c) {
      const int64_t suffix = group.completions[c] - 1;
      const bool continues = c > 0;  // its group's prompt is in the last batch
      const int64_t cost = suffix + (continues ? 0 : group.prompt);
      if (!batches.empty() && batches.back().rows + cost <= row_budget) {
        MicroBatch& batch = batches.back();
        if (continues) {
          batch.pieces.back().count += 1;
        } else {
          batch.pieces.push_back({g, c, 1});
        }
        batch.rows += cost;
      } else {
        batches.push_back({{{g, c, 1}}, group.prompt + suffix});
      }
    }
  }
  return batches;
}

}  // namespace cohort
