#include "libs/weights/subscriber.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "libs/base/guarded.h"
#include "libs/base/logging.h"
#include "libs/base/rng.h"
#include "libs/weights/snapshot_slots.h"
#include "libs/weights/sockets.h"
#include "libs/weights/subscriber_core.h"

namespace cohort {
namespace {

constexpr int kMessagesPerRound = 64;

class StreamSubscriber : public WeightsSubscriber {
 public:
  explicit StreamSubscriber(const Options& options)
      : options_(options), core_(options, EntropyFromSystem() | 1), endpoint_(options.endpoint) {
    view_.With([](View& view) { view.state = "waiting for the learner's address"; });
    thread_ = std::thread([this] { Run(); });
  }

  ~StreamSubscriber() override {
    stopping_ = true;
    wakeup_.Signal();
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
    wakeup_.Signal();
  }

  void Run() {
    const Duration tick = std::min(options_.ping_every, options_.silence) / 2;
    while (!stopping_) {
      try {
        if (!socket_.handle() && !endpoint_.empty()) Open();
        if (socket_.handle()) {
          WaitReadable(socket_, wakeup_, tick);
        } else {
          WaitForRequest(tick);
        }
        for (Request& request :
             requests_.With([](auto& waiting) { return std::exchange(waiting, {}); })) {
          request();
        }
        if (socket_.handle()) Serve();
      } catch (const zmq::error_t& e) {
        LogError("weights socket", {{"endpoint", endpoint_}, {"error", e.what()}});
        socket_.close();
        WaitForRequest(options_.ping_every);
      }
      const Time now = options_.clock->Now();
      view_.With([&](View& view) {
        if (!endpoint_.empty()) view.state = core_.State(endpoint_, now);
        view.counters = core_.counters();
      });
    }
    if (!socket_.handle()) return;
    core_.Goodbye();
    Flush();
  }

  void Open() {
    socket_ = zmq::socket_t(context_, zmq::socket_type::dealer);
    socket_.set(zmq::sockopt::linger, 100);
    socket_.set(zmq::sockopt::reconnect_ivl, 50);
    socket_.set(zmq::sockopt::reconnect_ivl_max, 500);
    socket_.set(zmq::sockopt::maxmsgsize, static_cast<int64_t>(kMaxWeightsMessageBytes));
    socket_.connect(endpoint_);
    core_.Connected(options_.clock->Now());
    Flush();
  }

  void Serve() {
    int received = 0;
    for (; received < kMessagesPerRound; ++received) {
      const std::vector<zmq::message_t> frames = ReceiveAll(socket_);
      if (frames.empty()) break;
      if (frames.size() > 2) {
        core_.Refuse("a message has one frame, or two");
        continue;
      }
      core_.Receive(cohort::View(frames[0]),
                    frames.size() == 2 ? cohort::View(frames[1]) : std::string_view(),
                    options_.clock->Now());
      Flush();  // a fetch for every chunk, at once
    }
    if (received == kMessagesPerRound) wakeup_.Signal();  // more may be waiting
    core_.Tick(options_.clock->Now());
    Flush();
    for (LoadedWeights& snapshot : core_.TakeSnapshots()) slots_.Put(std::move(snapshot));
    if (core_.Stalled(options_.clock->Now())) {
      LogWarning("the learner's weights are silent, connecting anew", {{"endpoint", endpoint_}});
      socket_.close();
    }
  }

  void Flush() {
    for (const std::string& frame : core_.TakeOutbox()) {
      zmq::message_t message(frame);
      // A full pipe means a lost peer: silence will tell.
      if (!socket_.send(message, zmq::send_flags::dontwait)) return;
    }
  }

  void WaitForRequest(Duration timeout) {
    zmq_pollitem_t item{nullptr, wakeup_.fd(), ZMQ_POLLIN, 0};
    zmq_poll(&item, 1, std::chrono::ceil<std::chrono::milliseconds>(timeout).count());
    wakeup_.Clear();
  }

  const Options options_;
  zmq::context_t context_{1};
  Wakeup wakeup_;
  zmq::socket_t socket_;  // of thread_, as is all up to slots_
  SubscriberCore core_;
  std::string endpoint_;
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
