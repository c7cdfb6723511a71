#include "libs/weights/publisher.h"

#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "libs/base/guarded.h"
#include "libs/base/logging.h"
#include "libs/base/rng.h"
#include "libs/messaging/capnp_frame.h"
#include "libs/messaging/connection_monitor.h"
#include "libs/messaging/keys.h"
#include "libs/messaging/sockets.h"
#include "libs/messaging/zap.h"
#include "libs/weights/endpoint_checks.h"
#include "libs/weights/publisher_core.h"

namespace cohort {
namespace {

constexpr int64_t kMaxIncomingBytes = 64 << 10;  // actors send small messages only
constexpr long kTickMilliseconds = 500;
constexpr int kUnlimited = 0;  // ZeroMQ queues nothing much: the actors' credit is the bound
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
    wakeup_.Notify();
    if (thread_.joinable()) thread_.join();
  }

  Status Bind() {
    if (!options_.keys) COHORT_RETURN_IF_ERROR(CheckLocalEndpoint(options_.endpoint));
    COHORT_RETURN_IF_ERROR(CheckEndpointFree(options_.endpoint));
    SetLimits(socket_, {.max_frame_bytes = kMaxIncomingBytes, .high_water_mark = kUnlimited});
    socket_.set(zmq::sockopt::router_mandatory, true);
    if (options_.keys) {
      COHORT_ASSIGN_OR_RETURN(allowed_,
                              LiveAllowList::Open(options_.keys->allowed, *options_.clock));
      COHORT_ASSIGN_OR_RETURN(
          zap_, ZapHandler::Start(context_, {.allowed = allowed_.get(), .roles = {Role::kActor}}));
      UseKeys(socket_, *options_.keys);
    }
    COHORT_RETURN_IF_ERROR(BindSocket(socket_, options_.endpoint).WithContext("weights"));
    endpoint_ = socket_.get(zmq::sockopt::last_endpoint);
    thread_ = std::thread([this] { Run(); });
    return {};
  }

  void Publish(Publication publication) override {
    inbox_.With([&](auto& inbox) { inbox.push_back(std::move(publication)); });
    wakeup_.Notify();
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
      Wait();
      TakePublications();
      ReceiveMessages();
      core_.Tick(options_.clock->Now());
      for (OutgoingWeights& message : core_.TakeOutbox()) Send(message);
      view_.With([&](View& view) { view = {core_.Actors(), core_.counters()}; });
    }
  }

  void Wait() {
    zmq_pollitem_t items[] = {{socket_.handle(), 0, ZMQ_POLLIN, 0},
                              {nullptr, wakeup_.fd(), ZMQ_POLLIN, 0}};
    zmq_poll(items, 2, kTickMilliseconds);
    if (items[1].revents != 0) wakeup_.Drain();
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
      const std::optional<Received> received = TryReceive(socket_, /*router=*/true);
      if (!received) return;
      if (!MayAsk(*received)) {
        core_.Refuse(received->routing_id, "its key is not allowed");
        ShutDownConnection(received->descriptor, SocketInode(received->descriptor));
        continue;
      }
      if (received->frames.size() == 1) {
        core_.Receive(received->routing_id, FrameView(received->frames[0]), options_.clock->Now());
      } else {
        core_.Refuse(received->routing_id, "a message has one frame");
      }
    }
    wakeup_.Notify();  // more may be waiting
  }

  // The key was allowed when the connection was made; is it still?
  bool MayAsk(const Received& received) {
    if (!allowed_ || received.frames.empty()) return true;
    const LiveAllowList::Answer answer = allowed_->Find(KeyOf(received.frames[0]));
    return answer.verdict == LiveAllowList::Verdict::kAllowed && answer.role == Role::kActor;
  }

  void Send(OutgoingWeights& message) {
    Frames frames;
    frames.emplace_back(message.frame);
    if (message.body) {
      // Straight from the weights, which live until the last byte is out.
      auto* owner = new SharedWeights(message.body);
      auto* bytes = const_cast<std::byte*>((*owner)->data.get()) + message.offset;
      frames.emplace_back(
          bytes, message.length,
          [](void*, void* hint) { delete static_cast<SharedWeights*>(hint); }, owner);
    }
    // Full, or gone: an actor asks again over a new connection.
    const Result<bool> sent = TrySendTo(socket_, message.peer, frames);
    if (!sent.ok() || !*sent) core_.CountDropped();
  }

  const Options options_;
  zmq::context_t context_{1};
  Wakeup wakeup_;
  std::unique_ptr<LiveAllowList> allowed_;  // with keys
  std::unique_ptr<ZapHandler> zap_;
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
