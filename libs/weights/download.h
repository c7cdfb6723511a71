// A publication on its way: memory to stage it in, and which parts are asked for, here or missing.
//
// No socket and no clock; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/weights/publication.h"
#include "libs/weights/wire.h"

namespace cohort {

class Download {
 public:
  // kResourceExhausted when there is no memory for it.
  static Result<std::unique_ptr<Download>> Start(WeightsOffer offer, Time now);

  const WeightsOffer& offer() const { return offer_; }
  uint64_t received() const { return received_; }
  Time started() const { return started_; }

  // The next part to ask for, at most `chunk_bytes`; nothing when all is asked for.
  std::optional<WeightsFetch> NextFetch(uint32_t chunk_bytes);
  // A part that was asked for (offset, length) arrived with these bytes. What is missing of it is
  // asked for again. kInvalidArgument when it holds nothing or more than was asked for.
  Status Add(uint64_t offset, uint32_t asked, std::string_view bytes);
  // A part that was asked for will not come.
  void Lost(uint64_t offset, uint32_t asked) { missing_[offset] = asked; }

  bool complete() const { return received_ == offer_.manifest.total_bytes; }
  // The staged weights. Only when complete; the download is used up.
  std::shared_ptr<const WeightsBuffer> Finish();

 private:
  Download(WeightsOffer offer, std::shared_ptr<std::byte[]> memory, Time now)
      : offer_(std::move(offer)), memory_(std::move(memory)), started_(now) {}

  const WeightsOffer offer_;
  std::shared_ptr<std::byte[]> memory_;  // offer_.manifest.total_bytes
  const Time started_;
  uint64_t asked_to_ = 0;                 // all before was asked for once
  std::map<uint64_t, uint32_t> missing_;  // offset → length: must be asked for again
  uint64_t received_ = 0;                 // bytes
};

}  // namespace cohort
