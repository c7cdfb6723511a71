#include "libs/weights/publisher.h"

#include <atomic>
#include <thread>
#include <utility>

#include "libs/base/guarded.h"
#include "libs/base/logging.h"
#include "libs/base/rng.h"
#include "libs/config/endpoints.h"
#include "libs/weights/publisher_core.h"
#include "libs/weights/sockets.h"

namespace cohort {
namespace {

constexpr int64_t kMaxIncomingBytes = 64 << 10;  // actors send small messages only
constexpr Duration kTick = Seconds(0.5);
constexpr int kMessagesPerRound = 256;

using SharedWeights = std::shared_ptr<const WeightsBuffer>;

class StreamPublisher : public WeightsPublisher {
 public:
  explicit StreamPublisher(const Options& options)
      : options_(options),
        socket_(context_, zmq::socket_type::router),
        core_(EntropyFromSystem() | 1, options.chunk_bytes, options.silence) {}

  ~StreamPublisher() override {
    stopping_ = true;
    wakeup_.Signal();
    if (thread_.joinable()) thread_.join();
  }

  Status Bind() {
    COHORT_RETURN_IF_ERROR(CheckLocalEndpoint(options_.endpoint));
    COHORT_RETURN_IF_ERROR(PrepareEndpointDirectory(options_.endpoint));
    COHORT_RETURN_IF_ERROR(CheckEndpointFree(options_.endpoint));
    try {
      socket_.set(zmq::sockopt::linger, 0);
      socket_.set(zmq::sockopt::router_mandatory, true);
      socket_.set(zmq::sockopt::sndhwm, 0);  // bounded by the actors' credit instead
      socket_.set(zmq::sockopt::maxmsgsize, kMaxIncomingBytes);
      socket_.bind(options_.endpoint);
      endpoint_ = socket_.get(zmq::sockopt::last_endpoint);
    } catch (const zmq::error_t& e) {
      return Unavailable("cannot listen on weights.endpoint \"" + options_.endpoint +
                         "\": " + e.what() + "; name another one, or stop who uses it");
    }
    thread_ = std::thread([this] { Run(); });
    return {};
  }

  void Publish(Publication publication) override {
    inbox_.With([&](auto& inbox) { inbox.push_back(std::move(publication)); });
    wakeup_.Signal();
  }

  std::vector<ActorState> Actors() const override {
    return view_.With([](const View& view) { return view.actors; });
  }
  PublisherCounters Counters() const override {
    return view_.With([](const View& view) { return view.counters; });
  }
  const std::string& endpoint() const override { return endpoint_; }

 private:
  struct View {
    std::vector<ActorState> actors;
    PublisherCounters counters;
  };

  void Run() {
    while (!stopping_) {
      WaitReadable(socket_, wakeup_, kTick);
      try {
        TakePublications();
        ReceiveMessages();
        core_.Tick(options_.clock->Now());
        for (OutgoingWeights& message : core_.TakeOutbox()) Send(message);
      } catch (const zmq::error_t& e) {
        LogError("weights socket", {{"error", e.what()}});
      }
      view_.With([&](View& view) { view = {core_.Actors(), core_.counters()}; });
    }
  }

  void TakePublications() {
    std::vector<Publication> inbox =
        inbox_.With([](auto& waiting) { return std::exchange(waiting, {}); });
    for (Publication& publication : inbox) {
      if (publication.digest.IsZero() && publication.weights) {
        publication.digest = DigestOfWeights(*publication.weights);
      }
      const Status published = core_.Publish(std::move(publication));
      if (!published.ok()) LogError("publication refused", {{"why", published}});
    }
  }

  void ReceiveMessages() {
    for (int i = 0; i < kMessagesPerRound; ++i) {
      const std::vector<zmq::message_t> frames = ReceiveAll(socket_);
      if (frames.empty()) return;
      const std::string peer = frames[0].to_string();
      if (frames.size() == 2) {
        core_.Receive(peer, cohort::View(frames[1]), options_.clock->Now());
      } else {
        core_.Refuse(peer, "a message has one frame");
      }
    }
    wakeup_.Signal();  // more may be waiting
  }

  void Send(OutgoingWeights& message) {
    try {
      const auto flags = zmq::send_flags::dontwait;
      zmq::message_t peer(message.peer), frame(message.frame);
      if (!socket_.send(peer, flags | zmq::send_flags::sndmore)) return core_.CountDropped();
      if (!message.body) {
        socket_.send(frame, flags);
        return;
      }
      socket_.send(frame, flags | zmq::send_flags::sndmore);
      // Straight from the weights, which live until the last byte is out.
      auto* owner = new SharedWeights(message.body);
      auto* bytes = const_cast<std::byte*>((*owner)->data.get()) + message.offset;
      zmq::message_t body(
          bytes, message.length,
          [](void*, void* hint) { delete static_cast<SharedWeights*>(hint); }, owner);
      socket_.send(body, flags);
    } catch (const zmq::error_t&) {  // EHOSTUNREACH: the peer is gone; its silence will tell
      core_.CountDropped();
    }
  }

  const Options options_;
  zmq::context_t context_{1};
  Wakeup wakeup_;
  zmq::socket_t socket_;  // of thread_ once that runs
  PublisherCore core_;    // of thread_
  std::string endpoint_;
  Guarded<std::vector<Publication>> inbox_;
  Guarded<View> view_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<WeightsPublisher>> WeightsPublisher::Start(const Options& options) {
  auto publisher = std::make_unique<StreamPublisher>(options);
  COHORT_RETURN_IF_ERROR(publisher->Bind());
  return std::unique_ptr<WeightsPublisher>(std::move(publisher));
}

}  // namespace cohort
