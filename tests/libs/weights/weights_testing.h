// Small weights, and a publisher and subscribers joined without sockets: every frame passes through
// the test's hands, time stands still unless it is moved.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/weights/publisher_core.h"
#include "libs/weights/subscriber_core.h"

namespace cohort {

// One tensor of bytes that depend on `seed`.
inline std::shared_ptr<const WeightsBuffer> MakeWeights(uint64_t seed, uint64_t bytes = 1000) {
  bytes = (bytes + 3) / 4 * 4;
  const auto memory = AllocateWeights(bytes);
  for (uint64_t i = 0; i < bytes; ++i) memory[i] = std::byte((i * 31 + seed * 7 + i / 251) & 0xff);
  TensorManifest manifest{
      {{"weight", DType::kFloat32, {static_cast<int64_t>(bytes / 4)}, 0, bytes}}, bytes};
  return std::make_shared<const WeightsBuffer>(WeightsBuffer{std::move(manifest), memory});
}

inline Publication MakePublication(uint64_t version, bool for_evaluation = false,
                                   uint64_t bytes = 1000) {
  Publication publication{version, MakeWeights(version, bytes), {}, for_evaluation};
  publication.digest = DigestOfWeights(*publication.weights);
  return publication;
}

inline std::string BytesOf(const WeightsBuffer& weights) {
  return {reinterpret_cast<const char*>(weights.bytes().data()), weights.bytes().size()};
}

class Wire {
 public:
  explicit Wire(uint64_t life = 77) : publisher(NewPublisher(life)) {}

  SubscriberCore& Join(const std::string& instance, WeightsSubscriber::Options options = {}) {
    options.instance = instance;
    options.endpoint = "ipc://test";
    options.chunk_bytes = 100;
    options.chunks_in_flight = 3;
    auto& core = actors_[instance];
    core = std::make_unique<SubscriberCore>(options, ++sessions_);
    Connect(instance);
    return *core;
  }
  // As a socket that was opened anew.
  void Connect(const std::string& instance) {
    routes_[instance] = instance + "#" + std::to_string(++connections_);
    actors_[instance]->Connected(now);
  }
  void RestartPublisher(uint64_t life) { publisher = NewPublisher(life); }

  // Carries up to `messages` from one side to the other; returns how many there were.
  int Carry(int messages = 1 << 20) {
    int carried = 0;
    for (bool moved = true; moved && carried < messages;) {
      moved = false;
      for (auto& [instance, core] : actors_) {
        for (std::string& frame : core->TakeOutbox()) to_learner_.emplace_back(instance, frame);
      }
      for (OutgoingWeights& message : publisher->TakeOutbox()) {
        to_actors_.push_back(std::move(message));
      }
      if (!to_learner_.empty()) {
        auto [instance, frame] = std::move(to_learner_.front());
        to_learner_.pop_front();
        publisher->Receive(routes_[instance], frame, now);
        moved = true, ++carried;
      } else if (!to_actors_.empty()) {
        const OutgoingWeights message = std::move(to_actors_.front());
        to_actors_.pop_front();
        Deliver(message);
        moved = true, ++carried;
      }
    }
    return carried;
  }

  std::vector<LoadedWeights> Snapshots(const std::string& instance) {
    return actors_[instance]->TakeSnapshots();
  }
  ActorState StateOf(const std::string& instance) const {
    for (const ActorState& actor : publisher->Actors()) {
      if (actor.instance == instance) return actor;
    }
    return {};
  }
  void Advance(Duration by) {
    now += by;
    publisher->Tick(now);
    for (auto& [instance, core] : actors_) core->Tick(now);
  }

  std::unique_ptr<PublisherCore> publisher;
  Time now{Seconds(100)};
  // May change the second frame of chunks, or swallow it by returning false.
  std::function<bool(const OutgoingWeights&, std::string& body)> meddle;

 private:
  static std::unique_ptr<PublisherCore> NewPublisher(uint64_t life) {
    return std::make_unique<PublisherCore>(life, /*chunk_bytes=*/1000, Seconds(10));
  }
  void Deliver(const OutgoingWeights& message) {
    for (auto& [instance, route] : routes_) {
      if (route != message.peer) continue;
      std::string body;
      if (message.body) {
        body.assign(reinterpret_cast<const char*>(message.body->data.get()) + message.offset,
                    message.length);
        if (meddle && !meddle(message, body)) return;
      }
      actors_[instance]->Receive(message.frame, body, now);
    }
  }

  std::map<std::string, std::unique_ptr<SubscriberCore>> actors_;
  std::map<std::string, std::string> routes_;
  std::deque<std::pair<std::string, std::string>> to_learner_;
  std::deque<OutgoingWeights> to_actors_;
  uint64_t sessions_ = 0;
  int connections_ = 0;
};

}  // namespace cohort
