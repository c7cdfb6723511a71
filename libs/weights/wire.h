// The messages of schemas/weights.capnp as types of our own, and the one boundary where a peer's
// bytes become them. Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/checkpoint/weights_buffer.h"

namespace cohort {

inline constexpr size_t kMaxWeightsMessageBytes = size_t{64} << 20;  // a manifest, at the largest
inline constexpr size_t kMaxWeightsNameBytes = 256;
inline constexpr size_t kMaxWeightsReasonBytes = 1024;  // longer ones are cut

struct WeightsHello {
  uint32_t protocol_version = 0;
  std::string instance;
  uint64_t session = 0;
};
struct WeightsFetch {
  uint64_t version = 0;
  uint64_t offset = 0;
  uint32_t length = 0;
};
struct WeightsLoaded {
  uint64_t version = 0;
  Digest digest;
};
struct WeightsFailed {
  uint64_t version = 0;
  std::string reason;
};
struct WeightsPing {};
struct WeightsGoodbye {};

struct WeightsOffer {
  uint64_t version = 0;
  Digest digest;
  TensorManifest manifest;
};
struct WeightsOffers {
  uint64_t publisher = 0;
  std::optional<WeightsOffer> newest;
  std::optional<WeightsOffer> evaluation;
};
struct WeightsChunk {
  uint64_t version = 0;
  uint64_t offset = 0;
};
struct WeightsGone {
  uint64_t version = 0;
};
struct WeightsVerdict {
  uint64_t version = 0;
  bool accepted = false;
  std::string reason;
};
struct WeightsPong {};
struct WeightsWhoAreYou {};
struct WeightsRefused {
  std::string reason;
};

using WeightsMessage =
    std::variant<WeightsHello, WeightsFetch, WeightsLoaded, WeightsFailed, WeightsPing,
                 WeightsGoodbye, WeightsOffers, WeightsChunk, WeightsGone, WeightsVerdict,
                 WeightsPong, WeightsWhoAreYou, WeightsRefused>;

// The number of the protocol that this build speaks.
uint32_t WeightsProtocolVersion();

std::string EncodeWeightsMessage(const WeightsMessage& message);

// Any bytes, of any alignment, give a message that keeps the schema's promises (numbers not zero,
// manifests that pass CheckManifest, names not too long) or one line that says what is wrong.
Result<WeightsMessage> DecodeWeightsMessage(std::string_view bytes);

}  // namespace cohort
