// What a subscriber knows and decides, without socket or thread.
//
// Frames go in with the time, frames for the publisher come out in an outbox, snapshots come out
// whole and checked. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/weights/download.h"
#include "libs/weights/subscriber.h"
#include "libs/weights/wire.h"

namespace cohort {

class SubscriberCore {
 public:
  // `session` is random and not zero: this process's life.
  SubscriberCore(WeightsSubscriber::Options options, uint64_t session);

  // A new connection to the publisher: nothing that was under way on the old one will come.
  void Connected(Time now);
  // A message: its first frame, and the second one of a chunk.
  void Receive(std::string_view frame, std::string_view body, Time now);
  // A message that is none.
  void Refuse(std::string_view why);
  // Pings; tries again what failed.
  void Tick(Time now);
  // The publisher is silent, or owes chunks for too long: connect anew.
  bool Stalled(Time now) const;
  // Offers came over this connection.
  bool welcome() const { return welcome_; }

  void Acknowledge(uint64_t version, const Digest& digest);
  void Fail(uint64_t version, const std::string& reason);
  void Goodbye();

  std::vector<std::string> TakeOutbox() { return std::exchange(outbox_, {}); }
  std::vector<LoadedWeights> TakeSnapshots() { return std::exchange(snapshots_, {}); }

  std::string State(const std::string& endpoint, Time now) const;
  const SubscriberCounters& counters() const { return counters_; }

 private:
  struct Held {  // what was handed over
    uint64_t version = 0;
    Digest digest;
    TensorManifest manifest;
    std::weak_ptr<const std::byte[]> data;
    bool Is(const std::optional<WeightsOffer>& offer) const {
      return offer && offer->version == version && offer->digest == digest;
    }
  };

  void Handle(WeightsOffers offers, Time now);
  void Handle(const WeightsChunk& chunk, std::string_view body, Time now);
  void Handle(const WeightsGone& gone);
  void Handle(const WeightsVerdict& verdict);
  // Begins, goes on with or gives up a download, as the offers ask for; sends fetches.
  void Advance(Time now);
  const WeightsOffer* NextWanted() const;
  bool Wanted(const WeightsOffer& offer) const;
  bool Begin(const WeightsOffer& offer, Time now);
  void FinishDownload(Time now);
  void HandOver(const WeightsOffer& offer, std::shared_ptr<const WeightsBuffer> weights,
                Duration transfer);
  void CannotUse(const WeightsOffer& offer, std::string_view why, Time now);
  void Send(const WeightsMessage& message) { outbox_.push_back(EncodeWeightsMessage(message)); }

  const WeightsSubscriber::Options options_;
  const uint64_t session_;
  WeightsOffers offers_;
  std::unique_ptr<Download> download_;
  std::map<std::pair<uint64_t, uint64_t>, uint32_t> in_flight_;  // (version, offset) → length
  Held newest_;
  Held evaluation_;
  bool newest_came_last_ = false;      // of two wanted publications, the other one comes next
  bool superseded_before_ = false;     // the last download was given up
  std::map<uint64_t, Digest> in_use_;  // acknowledged by our user: repeated to a new publisher
  uint32_t failures_ = 0;              // in a row
  Time retry_at_{};                    // nothing is begun before
  std::string trouble_;                // why nothing is begun, or the last verdict against us
  Time waiting_since_{};               // for offers, or a first publication
  Time heard_{};
  Time progress_{};  // last chunk, or first fetch
  Time pinged_{};
  bool welcome_ = false;  // offers came over this connection
  std::vector<std::string> outbox_;
  std::vector<LoadedWeights> snapshots_;
  SubscriberCounters counters_;
};

}  // namespace cohort
