#include "libs/weights/subscriber.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "libs/base/endpoint.h"
#include "libs/base/guarded.h"
#include "libs/base/logging.h"
#include "libs/base/rng.h"
#include "libs/messaging/capnp_frame.h"
#include "libs/messaging/keys.h"
#include "libs/messaging/sockets.h"
#include "libs/weights/snapshot_slots.h"
#include "libs/weights/subscriber_core.h"

namespace cohort {
namespace {

constexpr int kMessagesPerRound = 64;
constexpr int kUnlimited = 0;  // our own credit is the bound
constexpr int kGoodbyeMilliseconds = 100;

class StreamSubscriber : public WeightsSubscriber {
 public:
  explicit StreamSubscriber(const Options& options)
      : options_(options), core_(options, EntropyFromSystem() | 1), endpoint_(options.endpoint) {
    view_.With([](View& view) { view.state = "waiting for the learner's address"; });
    thread_ = std::thread([this] { Run(); });
  }

  ~StreamSubscriber() override {
    stopping_ = true;
    wakeup_.Notify();
    thread_.join();
  }

  void Connect(const std::string& endpoint) override {
    Ask([this, endpoint] {
      if (endpoint == endpoint_) return;
      endpoint_ = endpoint;
      socket_.close();
    });
  }
  std::optional<LoadedWeights> Take(Duration timeout) override { return slots_.Take(timeout); }
  void Acknowledge(uint64_t version, const Digest& digest) override {
    Ask([this, version, digest] { core_.Acknowledge(version, digest); });
  }
  void Fail(uint64_t version, const std::string& reason) override {
    Ask([this, version, reason] { core_.Fail(version, reason); });
  }
  std::string State() const override {
    return view_.With([](const View& view) { return view.state; });
  }
  SubscriberCounters Counters() const override {
    return view_.With([](const View& view) { return view.counters; });
  }

 private:
  struct View {
    std::string state;
    SubscriberCounters counters;
  };
  using Request = std::function<void()>;

  void Ask(Request request) {
    requests_.With([&](auto& requests) { requests.push_back(std::move(request)); });
    wakeup_.Notify();
  }

  void Run() {
    const Duration tick = std::min(options_.ping_every, options_.silence) / 2;
    while (!stopping_) {
      if (!socket_.handle() && !endpoint_.empty()) Open();
      Wait(tick);
      for (Request& request :
           requests_.With([](auto& waiting) { return std::exchange(waiting, {}); })) {
        request();
      }
      if (socket_.handle()) Serve();
      const Time now = options_.clock->Now();
      view_.With([&](View& view) {
        view.state = problem_.ok() ? core_.State(endpoint_, now) : problem_.message();
        view.counters = core_.counters();
      });
    }
    if (!socket_.handle()) return;
    core_.Goodbye();
    Flush();
  }

  void Open() {
    socket_ = zmq::socket_t(context_, zmq::socket_type::dealer);
    SetLimits(socket_, {.max_frame_bytes = static_cast<int64_t>(kMaxWeightsMessageBytes),
                        .high_water_mark = kUnlimited});
    socket_.set(zmq::sockopt::linger, kGoodbyeMilliseconds);
    socket_.set(zmq::sockopt::reconnect_ivl, 50);
    socket_.set(zmq::sockopt::reconnect_ivl_max, 500);
    if (options_.keys) UseKeys(socket_, *options_.keys);
    problem_ = (!options_.keys && NeedsKeys(endpoint_)
                    ? PermissionDenied(endpoint_ + " is on another machine, which needs keys: set "
                                                   "security.keys")
                    : ConnectSocket(socket_, endpoint_))
                   .WithContext("weights");
    if (!problem_.ok()) {
      LogError("cannot connect to the learner's weights", {{"why", problem_}});
      endpoint_.clear();  // until another one is named
      socket_.close();
      return;
    }
    core_.Connected(options_.clock->Now());
    Flush();
  }

  void Serve() {
    int received = 0;
    for (; received < kMessagesPerRound; ++received) {
      const std::optional<Received> message = TryReceive(socket_, /*router=*/false);
      if (!message) break;
      if (message->frames.size() > 2) {
        core_.Refuse("a message has one frame, or two");
        continue;
      }
      const std::string_view body =
          message->frames.size() == 2 ? FrameView(message->frames[1]) : std::string_view();
      core_.Receive(FrameView(message->frames[0]), body, options_.clock->Now());
      Flush();  // a fetch for every chunk, at once
    }
    if (received == kMessagesPerRound) wakeup_.Notify();  // more may be waiting
    core_.Tick(options_.clock->Now());
    Flush();
    for (LoadedWeights& snapshot : core_.TakeSnapshots()) slots_.Put(std::move(snapshot));
    if (core_.Stalled(options_.clock->Now())) {
      // One that was never there is in the status, not every few seconds in the log.
      Log(core_.welcome() ? LogLevel::kWarning : LogLevel::kDebug,
          "the learner's weights are silent, connecting anew", {{"endpoint", endpoint_}});
      socket_.close();
    }
  }

  void Flush() {
    for (const std::string& frame : core_.TakeOutbox()) {
      Frames frames;
      frames.emplace_back(frame);
      const Result<bool> sent = TrySend(socket_, frames);
      if (!sent.ok() || !*sent) return;  // a lost peer: its silence will tell
    }
  }

  // Until there is something to read or to do, or the time is up.
  void Wait(Duration timeout) {
    zmq_pollitem_t items[] = {{nullptr, wakeup_.fd(), ZMQ_POLLIN, 0},
                              {socket_.handle(), 0, ZMQ_POLLIN, 0}};
    zmq_poll(items, socket_.handle() ? 2 : 1,
             std::chrono::ceil<std::chrono::milliseconds>(timeout).count());
    if (items[0].revents != 0) wakeup_.Drain();
  }

  const Options options_;
  zmq::context_t context_{1};
  Wakeup wakeup_;
  zmq::socket_t socket_;  // of thread_, as is all up to slots_
  SubscriberCore core_;
  std::string endpoint_;
  Status problem_;  // with the endpoint
  SnapshotSlots slots_;
  Guarded<std::vector<Request>> requests_;
  Guarded<View> view_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<WeightsSubscriber>> WeightsSubscriber::Start(const Options& options) {
  if (options.chunks_in_flight == 0 || options.chunk_bytes == 0) {
    return InvalidArgument("weights.chunks_in_flight and weights.chunk_bytes must be positive");
  }
  return std::unique_ptr<WeightsSubscriber>(std::make_unique<StreamSubscriber>(options));
}

}  // namespace cohort
