#include "libs/base/digest.h"

#include <xxhash.h>

#include "libs/base/ids.h"

namespace cohort {

std::string Digest::ToString() const { return Hex(high) + Hex(low); }

Digest DigestOf(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

struct Digester::State {
  XXH3_state_t* xxh = XXH3_createState();
  ~State() { XXH3_freeState(xxh); }
};

Digester::Digester() : state_(std::make_unique<State>()) { XXH3_128bits_reset(state_->xxh); }
Digester::~Digester() = default;

void Digester::Add(const void* data, size_t bytes) {
  XXH3_128bits_update(state_->xxh, data, bytes);
}

Digest Digester::Finish() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->xxh);
  return {hash.high64, hash.low64};
}

}  // namespace cohort
