#include "libs/weights/download.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace cohort {

Result<std::unique_ptr<Download>> Download::Start(WeightsOffer offer, Time now) {
  const uint64_t bytes = offer.manifest.total_bytes;
  std::shared_ptr<std::byte[]> memory = AllocateWeights(bytes);
  if (!memory) {
    return ResourceExhausted("no memory for weights of " + std::to_string(bytes) + " bytes");
  }
  return std::unique_ptr<Download>(new Download(std::move(offer), std::move(memory), now));
}

std::optional<WeightsFetch> Download::NextFetch(uint32_t chunk_bytes) {
  if (!missing_.empty()) {
    const auto [offset, length] = *missing_.begin();
    missing_.erase(missing_.begin());
    return WeightsFetch{offer_.version, offset, length};
  }
  const uint64_t left = offer_.manifest.total_bytes - asked_to_;
  if (left == 0) return std::nullopt;
  const auto length = static_cast<uint32_t>(std::min<uint64_t>(chunk_bytes, left));
  const uint64_t offset = std::exchange(asked_to_, asked_to_ + length);
  return WeightsFetch{offer_.version, offset, length};
}

Status Download::Add(uint64_t offset, uint32_t asked, std::string_view bytes) {
  if (bytes.empty() || bytes.size() > asked) {
    Lost(offset, asked);
    return InvalidArgument("a chunk of " + std::to_string(bytes.size()) + " bytes where " +
                           std::to_string(asked) + " were asked for");
  }
  std::memcpy(memory_.get() + offset, bytes.data(), bytes.size());
  received_ += bytes.size();
  const auto rest = asked - static_cast<uint32_t>(bytes.size());
  if (rest > 0) Lost(offset + bytes.size(), rest);
  return {};
}

std::shared_ptr<const WeightsBuffer> Download::Finish() {
  return std::make_shared<const WeightsBuffer>(WeightsBuffer{offer_.manifest, std::move(memory_)});
}

}  // namespace cohort
