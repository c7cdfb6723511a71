// The connection of a client's thread: made, supervised, thrown away and made anew.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "libs/base/logging.h"
#include "libs/messaging/client_loop.h"
#include "libs/messaging/keys.h"

namespace cohort {
namespace {

constexpr Duration kGreetingLimit = Seconds(2);
constexpr Duration kFirstPause = Seconds(0.02);
constexpr Duration kLongestPause = Seconds(1);

}  // namespace

void ClientLoop::OpenSocket() {
  CloseSocket();
  socket_.emplace(context_, zmq::socket_type::dealer);
  SetLimits(*socket_, {.max_frame_bytes = int64_t{1} << 30, .high_water_mark = 16});
  socket_->set(zmq::sockopt::reconnect_ivl, 20);
  socket_->set(zmq::sockopt::reconnect_ivl_max, 500);
  if (options_.keys.has_value()) UseKeys(*socket_, *options_.keys);
  Result<ConnectionMonitor> monitor = ConnectionMonitor::Watch(context_, *socket_);
  if (monitor.ok()) monitor_.emplace(*std::move(monitor));
  const Status status = ConnectSocket(*socket_, options_.endpoint);
  if (!status.ok()) return Refuse(status);
  const Time now = clock_.Now();
  phase_ = Phase::kGreeting;
  deadline_ = now + kGreetingLimit + Seconds(rng_.Uniform());
  last_heard_ = now;
  Send(EncodeHello(session_, {options_.role, options_.instance, held_.All(), known_epoch_}));
}

void ClientLoop::CloseSocket() {
  monitor_.reset();
  socket_.reset();
  blocked_.reset();
}

void ClientLoop::Reconnect(const std::string& why) {
  CloseSocket();
  if (phase_ == Phase::kConnected) {
    LogInfo("lost the broker", {{"endpoint", options_.endpoint}, {"why", why}});
    failures_ = 0;
  }
  if (phase_ == Phase::kLeaving) {
    phase_ = Phase::kGone;
    return;
  }
  phase_ = Phase::kPausing;
  const Duration longest = std::min(kLongestPause, kFirstPause * (1 << std::min(failures_, 6)));
  failures_ += 1;
  deadline_ = clock_.Now() +
              Duration(static_cast<Duration::rep>(longest.count() * (0.5 + 0.5 * rng_.Uniform())));
  SetWaiting(why);
}

void ClientLoop::Refuse(const Status& status) {
  CloseSocket();
  phase_ = Phase::kRefused;
  SetWaiting("refused: " + status.message());
  events_.push_back(SessionRefused{status});
}

void ClientLoop::SetWaiting(const std::string& why) {
  const std::optional<ClientShared::Waiting> before = shared_.waiting();
  shared_.SetWaiting(ClientShared::Waiting{why, before.has_value() ? before->since : clock_.Now()});
}

void ClientLoop::OnTimers(Time now) {
  switch (phase_) {
    case Phase::kPausing:
      if (now >= deadline_) OpenSocket();
      break;
    case Phase::kGreeting:
      if (now >= deadline_) Reconnect("no answer to hello");
      break;
    case Phase::kConnected: {
      if (now - last_heard_ > Seconds(terms_.silence_seconds)) {
        Reconnect("the broker fell silent");
        break;
      }
      const Duration every = Seconds(terms_.ping_seconds);
      if (now - last_sent_ >= every || (now - last_heard_ >= every && now - last_ping_ >= every)) {
        if (Send(EncodePing(session_))) last_ping_ = now;
      }
      if (now >= next_renewal_) SendRenewals(now);
      if (now >= next_attempt_) {
        next_attempt_ = Time::max();
        outbox_.SendPutOff();
      }
      break;
    }
    case Phase::kLeaving:
      if (now >= deadline_) phase_ = Phase::kGone;
      break;
    case Phase::kRefused:
    case Phase::kGone:
      break;
  }
}

Duration ClientLoop::UntilNextTimer(Time now) const {
  Time next = now + Seconds(1);
  if (close_by_.has_value()) next = std::min(next, *close_by_);
  if (phase_ == Phase::kConnected) {
    const Duration every = Seconds(terms_.ping_seconds);
    next = std::min({next, next_renewal_, next_attempt_, last_sent_ + every,
                     std::max(last_heard_, last_ping_) + every});
  } else if (phase_ != Phase::kRefused) {
    next = std::min(next, deadline_);
  }
  return std::max(next - now, Duration(0));
}

void ClientLoop::Wait() {
  std::array<zmq_pollitem_t, 3> items{};
  size_t count = 0;
  items[count++] = {nullptr, shared_.wakeup().fd(), ZMQ_POLLIN, 0};
  if (socket_.has_value()) {
    const short wanted = blocked_.has_value() ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN;
    items[count++] = {socket_->handle(), 0, wanted, 0};
  }
  if (monitor_.has_value()) items[count++] = {monitor_->events().handle(), 0, ZMQ_POLLIN, 0};
  const auto until = UntilNextTimer(clock_.Now());
  const long milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(until + Seconds(0.000999)).count();
  zmq_poll(items.data(), static_cast<int>(count), milliseconds);
}

void ClientLoop::LeaveIfDone(Time now) {
  if (!close_by_.has_value() || phase_ == Phase::kGone || phase_ == Phase::kLeaving) return;
  const bool late = now >= *close_by_;
  if (phase_ != Phase::kConnected) {
    const bool nothing_to_say = outbox_.empty() && held_.All().empty();
    if (late || nothing_to_say || phase_ == Phase::kRefused) phase_ = Phase::kGone;
    return;
  }
  if (!late && !(outbox_.empty() && !blocked_.has_value())) return;
  Send(EncodeGoodbye(session_));
  phase_ = Phase::kLeaving;
  deadline_ = std::max(*close_by_, now + Seconds(0.1));
}

bool ClientLoop::Send(Frames frames) {
  if (!socket_.has_value() || blocked_.has_value()) return false;
  blocked_ = std::move(frames);
  RetryBlocked();
  return true;
}

void ClientLoop::RetryBlocked() {
  if (!blocked_.has_value() || !socket_.has_value()) return;
  const Result<bool> sent = TrySend(*socket_, *blocked_);
  if (!sent.ok()) return Reconnect(sent.status().message());
  if (!*sent) return;
  blocked_.reset();
  last_sent_ = clock_.Now();
}

}  // namespace cohort
