#include "libs/weights/publication.h"

#include <string_view>

namespace cohort {

Digest DigestOfWeights(const WeightsBuffer& weights) {
  const auto bytes = weights.bytes();
  return DigestOf({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace cohort
