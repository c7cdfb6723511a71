// What the publisher knows and answers, without socket, thread or clock.
//
// Frames go in with the time, frames come out in an outbox. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/weights/publisher.h"
#include "libs/weights/wire.h"

namespace cohort {

// A message for one peer; a chunk's bytes follow as a second frame, straight from the weights.
struct OutgoingWeights {
  std::string peer;
  std::string frame;
  std::shared_ptr<const WeightsBuffer> body;  // null: no second frame
  uint64_t offset = 0;
  uint32_t length = 0;
};

class PublisherCore {
 public:
  // `life` is random and not zero: the publisher's name in this life.
  PublisherCore(uint64_t life, uint32_t chunk_bytes, Duration silence);

  // The digest must be set. See WeightsPublisher::Publish.
  Status Publish(Publication publication);
  // A frame from the peer with this routing id.
  void Receive(const std::string& peer, std::string_view frame, Time now);
  // A message that is none (number of frames).
  void Refuse(const std::string& peer, std::string_view why);
  // Forgets silent peers.
  void Tick(Time now);

  std::vector<OutgoingWeights> TakeOutbox();
  void CountDropped() { ++counters_.dropped; }
  std::vector<ActorState> Actors() const;
  const PublisherCounters& counters() const { return counters_; }
  // Publications held in memory.
  size_t held() const { return publications_.size(); }

 private:
  struct Peer {
    std::string instance;
    uint64_t session = 0;
    uint64_t version = 0;
    Time since{};
    uint64_t reading = 0;
    bool quarantined = false;
    std::string why;
    Time heard{};
  };

  void Handle(const std::string& id, const WeightsHello& hello, Time now);
  void Handle(const std::string& id, Peer& peer, const WeightsFetch& fetch);
  void Handle(const std::string& id, Peer& peer, const WeightsLoaded& loaded, Time now);
  void Handle(const std::string& id, Peer& peer, const WeightsFailed& failed);
  void Quarantine(const std::string& id, Peer& peer, uint64_t version, std::string why);
  void Send(const std::string& peer, const WeightsMessage& message);
  // Lets go of publications that are neither offered nor being read.
  void Retire();
  std::string OffersFrame() const;

  const uint64_t life_;
  const uint32_t chunk_bytes_;
  const Duration silence_;
  std::map<uint64_t, Publication>
      publications_;  // by version: newest, evaluation, those being read
  uint64_t newest_ = 0;
  uint64_t evaluation_ = 0;
  std::map<uint64_t, Digest> digests_;  // of the last publications: acknowledgements come late
  std::map<std::string, Peer> peers_;   // by routing id
  std::vector<OutgoingWeights> outbox_;
  PublisherCounters counters_;
};

}  // namespace cohort
