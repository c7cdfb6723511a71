#include <utility>

#include "bench/load/link.h"
#include "libs/messaging/keys.h"
#include "libs/messaging/sockets.h"

namespace cohort::bench {
namespace {

constexpr int kHighWaterMark = 16;

class Dealer : public Link {
 public:
  explicit Dealer(zmq::socket_t socket) : socket_(std::move(socket)) {}

  int descriptor() override { return socket_.get(zmq::sockopt::fd); }
  Result<bool> Send(Frames& frames) override { return TrySend(socket_, frames); }

  Result<std::optional<Frames>> Receive() override {
    std::optional<Received> received = TryReceive(socket_, /*router=*/false);
    if (!received.has_value()) return std::optional<Frames>();
    if (!std::exchange(greeted_, true)) AllowLargeSends(received->descriptor);
    return std::optional<Frames>(std::move(received->frames));
  }

  // A ZeroMQ descriptor tells once, and sending swallows its word.
  bool Ready(bool to_send) override {
    const int events = socket_.get(zmq::sockopt::events);
    return (events & ZMQ_POLLIN) != 0 || (to_send && (events & ZMQ_POLLOUT) != 0);
  }

 private:
  zmq::socket_t socket_;
  bool greeted_ = false;
};

}  // namespace

Result<std::unique_ptr<Link>> DealerLink(zmq::context_t& context, const std::string& endpoint,
                                         const std::optional<CurveClient>& keys) {
  zmq::socket_t socket(context, zmq::socket_type::dealer);
  SetLimits(socket, {.max_frame_bytes = int64_t{1} << 30, .high_water_mark = kHighWaterMark});
  if (keys.has_value()) UseKeys(socket, *keys);
  COHORT_RETURN_IF_ERROR(ConnectSocket(socket, endpoint));
  return std::unique_ptr<Link>(std::make_unique<Dealer>(std::move(socket)));
}

}  // namespace cohort::bench
