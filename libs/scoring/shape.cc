#include "libs/scoring/shape.h"

namespace cohort {

double CleanStopValue(bool stopped) { return stopped ? 1.0 : 0.0; }

double LengthValue(size_t tokens, size_t limit) {
  if (tokens >= limit) return 0.0;
  return 1.0 - static_cast<double>(tokens) / static_cast<double>(limit);
}

}  // namespace cohort
