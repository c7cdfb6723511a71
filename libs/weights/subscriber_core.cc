#include "libs/weights/subscriber_core.h"

#include <algorithm>
#include <cstdio>

#include "libs/base/logging.h"

namespace cohort {
namespace {

constexpr Duration kFirstRetry = Seconds(1);
constexpr uint32_t kMostDoublings = 5;  // 32 s

std::string Megabytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", static_cast<double>(bytes) * 1e-6);
  return text;
}

std::string Since(Time from, Time now) {
  return std::to_string(static_cast<int64_t>(ToSeconds(now - from))) + " s";
}

bool IsSame(const std::optional<WeightsOffer>& offered, const WeightsOffer& offer) {
  return offered && offered->version == offer.version && offered->digest == offer.digest;
}

}  // namespace

SubscriberCore::SubscriberCore(WeightsSubscriber::Options options, uint64_t session)
    : options_(std::move(options)), session_(session) {}

void SubscriberCore::Connected(Time now) {
  ++counters_.connects;
  heard_ = progress_ = pinged_ = now;
  if (welcome_ || waiting_since_ == Time{}) waiting_since_ = now;
  welcome_ = false;
  for (const auto& [part, length] : in_flight_) {
    if (download_ && part.first == download_->offer().version) {
      download_->Lost(part.second, length);
    }
  }
  in_flight_.clear();
  outbox_.clear();
  Send(WeightsHello{WeightsProtocolVersion(), options_.instance, session_});
}

void SubscriberCore::Receive(std::string_view frame, std::string_view body, Time now) {
  Result<WeightsMessage> message = DecodeWeightsMessage(frame);
  if (!message.ok()) return Refuse(message.status().message());
  heard_ = now;
  if (auto* offers = std::get_if<WeightsOffers>(&*message)) {
    Handle(std::move(*offers), now);
  } else if (const auto* chunk = std::get_if<WeightsChunk>(&*message)) {
    Handle(*chunk, body, now);
  } else if (const auto* gone = std::get_if<WeightsGone>(&*message)) {
    Handle(*gone);
  } else if (const auto* verdict = std::get_if<WeightsVerdict>(&*message)) {
    Handle(*verdict);
  } else if (std::holds_alternative<WeightsWhoAreYou>(*message)) {
    const uint64_t connects = counters_.connects;
    Connected(now);
    counters_.connects = connects;  // the same socket
  } else if (const auto* refused = std::get_if<WeightsRefused>(&*message)) {
    trouble_ = "refused by the learner: " + refused->reason;
    LogError("the learner refuses us", {{"why", refused->reason}});
  } else if (!std::holds_alternative<WeightsPong>(*message)) {
    Refuse("a message that only a subscriber sends");
  }
  Advance(now);
}

void SubscriberCore::Refuse(std::string_view why) {
  const uint64_t refused = ++counters_.refused;
  if ((refused & (refused - 1)) != 0) return;  // a flood of them must not fill the log
  LogWarning("weights message refused",
             {{"peer", "publisher"}, {"why", why}, {"refused", refused}});
}

void SubscriberCore::Handle(WeightsOffers offers, Time now) {
  const bool new_publisher = offers.publisher != offers_.publisher;
  const bool news = !welcome_ || new_publisher;
  offers_ = std::move(offers);
  welcome_ = true;
  retry_at_ = now;  // what failed may be replaced by now
  if (!news) return;
  // A publisher that does not know what we have is told.
  for (const auto* offer : {&offers_.newest, &offers_.evaluation}) {
    if (!*offer) continue;
    const auto used = in_use_.find((*offer)->version);
    if (used != in_use_.end()) Send(WeightsLoaded{used->first, used->second});
    if (offers_.evaluation && offers_.newest &&
        offers_.evaluation->version == offers_.newest->version) {
      break;
    }
  }
}

void SubscriberCore::Handle(const WeightsChunk& chunk, std::string_view body, Time now) {
  const auto asked = in_flight_.find({chunk.version, chunk.offset});
  if (asked == in_flight_.end()) return Refuse("a chunk that was not asked for");
  const uint32_t length = asked->second;
  in_flight_.erase(asked);
  progress_ = now;
  ++counters_.chunks;
  counters_.bytes += body.size();
  if (!download_ || chunk.version != download_->offer().version) return;  // given up meanwhile
  if (const Status added = download_->Add(chunk.offset, length, body); !added.ok()) {
    return Refuse(added.message());
  }
  if (download_->complete()) FinishDownload(now);
}

void SubscriberCore::Handle(const WeightsGone& gone) {
  std::erase_if(in_flight_, [&](const auto& part) { return part.first.first == gone.version; });
  if (!download_ || download_->offer().version != gone.version) return;
  ++counters_.superseded;
  download_.reset();
  // Offers that name it no more are on their way or here; those that do are outdated.
  for (auto* offer : {&offers_.newest, &offers_.evaluation}) {
    if (*offer && (*offer)->version == gone.version) offer->reset();
  }
}

void SubscriberCore::Handle(const WeightsVerdict& verdict) {
  if (verdict.accepted) {
    trouble_.clear();
    return;
  }
  ++counters_.quarantined;
  trouble_ = "quarantined by the learner: " + verdict.reason;
  LogError("quarantined by the learner", {{"version", verdict.version}, {"why", verdict.reason}});
}

bool SubscriberCore::Wanted(const WeightsOffer& offer) const {
  return (IsSame(offers_.newest, offer) && !newest_.Is(offers_.newest)) ||
         (IsSame(offers_.evaluation, offer) && !evaluation_.Is(offers_.evaluation));
}

const WeightsOffer* SubscriberCore::NextWanted() const {
  const bool newest = offers_.newest && !newest_.Is(offers_.newest);
  const bool evaluation = offers_.evaluation && !evaluation_.Is(offers_.evaluation);
  if (newest && !(evaluation && newest_came_last_)) return &*offers_.newest;
  return evaluation ? &*offers_.evaluation : nullptr;
}

void SubscriberCore::Advance(Time now) {
  if (!welcome_) return;
  if (download_ && !Wanted(download_->offer()) && !superseded_before_) {
    ++counters_.superseded;
    superseded_before_ = true;
    download_.reset();
  }
  while (!download_ && now >= retry_at_) {
    const WeightsOffer* next = NextWanted();
    if (next == nullptr) return;
    if (!Begin(*next, now)) continue;
  }
  while (download_ && in_flight_.size() < options_.chunks_in_flight) {
    const std::optional<WeightsFetch> fetch = download_->NextFetch(options_.chunk_bytes);
    if (!fetch) break;
    if (in_flight_.empty()) progress_ = now;
    in_flight_[{fetch->version, fetch->offset}] = fetch->length;
    Send(*fetch);
  }
}

// False when there is nothing to fetch: it was here already, or cannot be used.
bool SubscriberCore::Begin(const WeightsOffer& offer, Time now) {
  for (const Held* held : {&newest_, &evaluation_}) {
    if (held->version != offer.version || held->digest != offer.digest) continue;
    if (auto data = held->data.lock()) {
      auto weights = std::make_shared<const WeightsBuffer>(WeightsBuffer{held->manifest, data});
      HandOver(offer, std::move(weights), Duration(0));
      return false;
    }
  }
  if (!options_.expected.tensors.empty() && offer.manifest != options_.expected) {
    CannotUse(offer, "its layout is not that of the model in model.path, or of model.compute_type",
              now);
    return false;
  }
  Result<std::unique_ptr<Download>> download = Download::Start(offer, now);
  if (!download.ok()) {
    CannotUse(offer, download.status().message(), now);
    return false;
  }
  download_ = *std::move(download);
  return true;
}

void SubscriberCore::FinishDownload(Time now) {
  const std::unique_ptr<Download> download = std::move(download_);
  std::shared_ptr<const WeightsBuffer> weights = download->Finish();
  const WeightsOffer& offer = download->offer();
  superseded_before_ = false;
  const Digest digest = DigestOfWeights(*weights);
  if (digest != offer.digest) {
    ++counters_.mismatches;
    Send(WeightsLoaded{offer.version, digest});  // the publisher counts it and quarantines us
    retry_at_ = now + kFirstRetry * (1u << std::min(failures_++, kMostDoublings));
    LogError("weights arrived with another digest than announced", {{"version", offer.version}});
    return;
  }
  failures_ = 0;
  ++counters_.snapshots;
  HandOver(offer, std::move(weights), now - download->started());
}

void SubscriberCore::HandOver(const WeightsOffer& offer,
                              std::shared_ptr<const WeightsBuffer> weights, Duration transfer) {
  const bool offered_newest = IsSame(offers_.newest, offer);
  const bool offered_evaluation = IsSame(offers_.evaluation, offer);
  const bool evaluation = offered_evaluation && !evaluation_.Is(offers_.evaluation);
  // One that was superseded, but finished for the sake of a slow link, is the newest we have.
  const bool late = !offered_newest && !offered_evaluation && offer.version > newest_.version;
  const bool newest = (offered_newest && !newest_.Is(offers_.newest)) || late;
  if (!newest && !evaluation) return;
  const Held held{offer.version, offer.digest, offer.manifest, weights->data};
  if (evaluation) evaluation_ = held;
  if (newest) newest_ = held;
  newest_came_last_ = newest;
  LoadedWeights loaded;
  loaded.version = offer.version;
  loaded.weights = std::move(weights);
  loaded.digest = offer.digest;
  loaded.newest = newest;
  loaded.for_evaluation = evaluation;
  loaded.transfer = transfer;
  snapshots_.push_back(std::move(loaded));
}

void SubscriberCore::CannotUse(const WeightsOffer& offer, std::string_view why, Time now) {
  trouble_ = "version " + std::to_string(offer.version) + " cannot be used: " + std::string(why);
  LogError("weights cannot be used", {{"version", offer.version}, {"why", why}});
  Send(WeightsFailed{offer.version, std::string(why)});
  retry_at_ = now + kFirstRetry * (1u << std::min(failures_++, kMostDoublings));
}

void SubscriberCore::Tick(Time now) {
  if (now - pinged_ >= options_.ping_every) {
    pinged_ = now;
    Send(WeightsPing{});
  }
  Advance(now);
}

bool SubscriberCore::Stalled(Time now) const {
  return now - heard_ > options_.silence ||
         (!in_flight_.empty() && now - progress_ > options_.silence);
}

void SubscriberCore::Acknowledge(uint64_t version, const Digest& digest) {
  in_use_[version] = digest;
  while (in_use_.size() > 4) in_use_.erase(in_use_.begin());
  Send(WeightsLoaded{version, digest});
}

void SubscriberCore::Fail(uint64_t version, const std::string& reason) {
  Send(WeightsFailed{version, reason});
}

void SubscriberCore::Goodbye() { Send(WeightsGoodbye{}); }

std::string SubscriberCore::State(const std::string& endpoint, Time now) const {
  std::string state;
  if (endpoint.empty()) {
    state = "waiting for the learner's address";
  } else if (!welcome_) {
    state = "waiting for the learner at " + endpoint + " since " + Since(waiting_since_, now);
  } else if (download_) {
    state = "fetching version " + std::to_string(download_->offer().version) + ": " +
            Megabytes(download_->received()) + " of " +
            Megabytes(download_->offer().manifest.total_bytes) + " MB since " +
            Since(download_->started(), now);
  } else if (newest_.version != 0) {
    state = "has version " + std::to_string(newest_.version);
  } else {
    state = "connected, waiting for the first publication since " + Since(waiting_since_, now);
  }
  return trouble_.empty() ? state : state + "; " + trouble_;
}

}  // namespace cohort
