#include "libs/weights/publisher_core.h"

#include <algorithm>
#include <utility>

#include "libs/base/logging.h"

namespace cohort {
namespace {

constexpr size_t kDigestsRemembered = 256;

WeightsOffer OfferOf(const Publication& publication) {
  return {publication.version, publication.digest, publication.weights->manifest};
}

}  // namespace

PublisherCore::PublisherCore(uint64_t life, uint32_t chunk_bytes, Duration silence)
    : life_(life), chunk_bytes_(chunk_bytes), silence_(silence) {}

Status PublisherCore::Publish(Publication publication) {
  const uint64_t version = publication.version;
  if (version == newest_ && version != 0) {
    if (publication.digest != publications_[version].digest) {
      return FailedPrecondition("weights version " + std::to_string(version) +
                                " was published already with another digest");
    }
    if (!publication.for_evaluation || evaluation_ == version) return {};
    evaluation_ = version;
  } else {
    if (version <= newest_ || !publication.weights) {
      return FailedPrecondition("weights version " + std::to_string(version) + " after " +
                                std::to_string(newest_) + ": versions grow from 1");
    }
    newest_ = version;
    if (publication.for_evaluation) evaluation_ = version;
    digests_[version] = publication.digest;
    if (digests_.size() > kDigestsRemembered) digests_.erase(digests_.begin());
    publications_[version] = std::move(publication);
    ++counters_.publications;
  }
  Retire();
  const std::string frame = OffersFrame();
  for (const auto& [id, peer] : peers_) outbox_.push_back({id, frame, nullptr, 0, 0});
  return {};
}

void PublisherCore::Receive(const std::string& id, std::string_view frame, Time now) {
  const Result<WeightsMessage> message = DecodeWeightsMessage(frame);
  if (!message.ok()) return Refuse(id, message.status().message());
  if (const auto* hello = std::get_if<WeightsHello>(&*message)) return Handle(id, *hello, now);
  const auto found = peers_.find(id);
  if (found == peers_.end()) {
    if (!std::holds_alternative<WeightsGoodbye>(*message)) Send(id, WeightsWhoAreYou{});
    return;
  }
  Peer& peer = found->second;
  peer.heard = now;
  if (const auto* fetch = std::get_if<WeightsFetch>(&*message)) {
    Handle(id, peer, *fetch);
  } else if (const auto* loaded = std::get_if<WeightsLoaded>(&*message)) {
    Handle(id, peer, *loaded, now);
  } else if (const auto* failed = std::get_if<WeightsFailed>(&*message)) {
    Handle(id, peer, *failed);
  } else if (std::holds_alternative<WeightsPing>(*message)) {
    Send(id, WeightsPong{});
  } else if (std::holds_alternative<WeightsGoodbye>(*message)) {
    peers_.erase(found);
    Retire();
  } else {
    Refuse(id, "a message that only a publisher sends");
  }
}

void PublisherCore::Handle(const std::string& id, const WeightsHello& hello, Time now) {
  if (hello.protocol_version != WeightsProtocolVersion()) {
    const std::string why = "weights protocol " + std::to_string(hello.protocol_version) +
                            " is not spoken here, " + std::to_string(WeightsProtocolVersion()) +
                            " is: run the same build everywhere";
    Refuse(id, why);
    return Send(id, WeightsRefused{why});
  }
  ++counters_.hellos;
  Peer peer;
  peer.instance = hello.instance;
  peer.session = hello.session;
  peer.since = peer.heard = now;
  // The same life over a new connection keeps what is known of it; another life starts afresh.
  for (auto it = peers_.begin(); it != peers_.end();) {
    if (it->second.instance != hello.instance) {
      ++it;
      continue;
    }
    if (it->second.session == hello.session) {
      peer = it->second;
      peer.heard = now;
    }
    it = peers_.erase(it);
  }
  peer.reading = 0;
  peers_[id] = std::move(peer);
  Retire();
  outbox_.push_back({id, OffersFrame(), nullptr, 0, 0});
}

void PublisherCore::Handle(const std::string& id, Peer& peer, const WeightsFetch& fetch) {
  const auto found = publications_.find(fetch.version);
  if (found == publications_.end()) return Send(id, WeightsGone{fetch.version});
  const Publication& publication = found->second;
  const uint64_t total = publication.weights->manifest.total_bytes;
  if (fetch.offset >= total) return Refuse(id, "a fetch beyond the end of the weights");
  const uint64_t length = std::min<uint64_t>({fetch.length, chunk_bytes_, total - fetch.offset});
  outbox_.push_back({id, EncodeWeightsMessage(WeightsChunk{fetch.version, fetch.offset}),
                     publication.weights, fetch.offset, static_cast<uint32_t>(length)});
  ++counters_.chunks;
  counters_.bytes += length;
  if (peer.reading != fetch.version) {
    peer.reading = fetch.version;
    Retire();
  }
}

void PublisherCore::Handle(const std::string& id, Peer& peer, const WeightsLoaded& loaded,
                           Time now) {
  if (peer.reading == loaded.version) peer.reading = 0;
  const auto known = digests_.find(loaded.version);
  if (known == digests_.end()) {
    // Of an earlier life, or too long ago: nothing to compare with.
  } else if (known->second == loaded.digest) {
    ++counters_.acknowledgements;
    peer.quarantined = false;
    peer.why.clear();
    if (loaded.version >= peer.version) {
      peer.version = loaded.version;
      peer.since = now;
    }
    Send(id, WeightsVerdict{loaded.version, true, ""});
  } else {
    Quarantine(id, peer, loaded.version,
               "it holds " + loaded.digest.ToString() + " as version " +
                   std::to_string(loaded.version) + ", published was " + known->second.ToString());
  }
  Retire();
}

void PublisherCore::Handle(const std::string& id, Peer& peer, const WeightsFailed& failed) {
  if (peer.reading == failed.version) peer.reading = 0;
  Quarantine(id, peer, failed.version, "it cannot load: " + failed.reason);
  Retire();
}

void PublisherCore::Quarantine(const std::string& id, Peer& peer, uint64_t version,
                               std::string why) {
  ++counters_.quarantines;
  peer.quarantined = true;
  peer.why = std::move(why);
  LogWarning("actor quarantined",
             {{"actor", peer.instance}, {"version", version}, {"why", peer.why}});
  Send(id, WeightsVerdict{version, false, peer.why});
}

void PublisherCore::Refuse(const std::string& id, std::string_view why) {
  const uint64_t refused = ++counters_.refused;
  if ((refused & (refused - 1)) != 0) return;  // a flood of them must not fill the log
  const auto found = peers_.find(id);
  LogWarning("weights message refused",
             {{"peer", found == peers_.end() ? std::string("unknown") : found->second.instance},
              {"why", why},
              {"refused", refused}});
}

void PublisherCore::Tick(Time now) {
  const size_t forgotten =
      std::erase_if(peers_, [&](const auto& p) { return now - p.second.heard > silence_; });
  if (forgotten > 0) Retire();
}

void PublisherCore::Send(const std::string& peer, const WeightsMessage& message) {
  outbox_.push_back({peer, EncodeWeightsMessage(message), nullptr, 0, 0});
}

void PublisherCore::Retire() {
  std::erase_if(publications_, [&](const auto& entry) {
    const uint64_t version = entry.first;
    return version != newest_ && version != evaluation_ &&
           std::none_of(peers_.begin(), peers_.end(),
                        [&](const auto& p) { return p.second.reading == version; });
  });
}

std::string PublisherCore::OffersFrame() const {
  WeightsOffers offers{.publisher = life_, .newest = std::nullopt, .evaluation = std::nullopt};
  if (newest_ != 0) offers.newest = OfferOf(publications_.at(newest_));
  if (evaluation_ != 0) offers.evaluation = OfferOf(publications_.at(evaluation_));
  return EncodeWeightsMessage(offers);
}

std::vector<OutgoingWeights> PublisherCore::TakeOutbox() { return std::exchange(outbox_, {}); }

std::vector<ActorState> PublisherCore::Actors() const {
  std::vector<ActorState> actors;
  for (const auto& [id, peer] : peers_) {
    actors.push_back(
        {peer.instance, peer.version, peer.since, peer.reading, peer.quarantined, peer.why});
  }
  std::sort(actors.begin(), actors.end(),
            [](const ActorState& a, const ActorState& b) { return a.instance < b.instance; });
  return actors;
}

}  // namespace cohort
