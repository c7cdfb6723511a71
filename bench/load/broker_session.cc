#include "bench/load/broker_session.h"

#include "bench/load/board.h"

namespace cohort::bench {
namespace {
// As BrokerClient's.
constexpr size_t kBatchCommands = 256;
constexpr size_t kBatchBytes = 256 * 1024;
}  // namespace

BrokerSession::BrokerSession(std::unique_ptr<Link> link, Options options)
    : options_(std::move(options)), link_(std::move(link)) {}

void BrokerSession::Greet() {
  blocked_ = EncodeHello(options_.session, {options_.role, options_.instance, {}, 0});
  SendBlocked();
}

uint64_t BrokerSession::Ask(Verb verb) {
  pending_.push_back({++number_, std::move(verb)});
  return number_;
}

bool BrokerSession::SendBlocked() {
  if (!blocked_.has_value()) return true;
  const Result<bool> sent = link_->Send(*blocked_);
  if (!sent.ok()) trouble_ = sent.status().ToString();
  if (!sent.ok() || !*sent) return false;
  blocked_.reset();
  last_sent_ = NowNanoseconds();
  return true;
}

bool BrokerSession::Flush() {
  while (SendBlocked()) {
    if (pending_.empty() || !welcomed_) return true;
    std::vector<const Command*> batch;
    size_t bytes = 0;
    for (const Command& command : pending_) {
      if (batch.size() >= kBatchCommands || bytes >= kBatchBytes) break;
      batch.push_back(&command);
      bytes += ApproximateBytes(command);
    }
    blocked_ = EncodeCommands(options_.session, batch);
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<ptrdiff_t>(batch.size()));
  }
  return false;
}

void BrokerSession::Ping() {
  if (blocked_.has_value()) return;
  blocked_ = EncodePing(options_.session);
  SendBlocked();
}

std::optional<std::vector<Event>> BrokerSession::Receive() {
  Result<std::optional<Frames>> received = link_->Receive();
  if (!received.ok()) {
    trouble_ = received.status().ToString();
    return std::nullopt;
  }
  if (!received->has_value()) return std::nullopt;
  Result<BrokerMessage> message = DecodeBrokerMessage(std::move(**received));
  if (!message.ok()) {
    trouble_ = message.status().ToString();
    return std::vector<Event>();
  }
  if (auto* events = std::get_if<std::vector<Event>>(&message->content)) return std::move(*events);
  if (auto* welcome = std::get_if<WelcomeMessage>(&message->content)) {
    welcomed_ = true;
    terms_ = *welcome;
  } else if (auto* refused = std::get_if<Refused>(&message->content)) {
    trouble_ = refused->status.ToString();
  } else if (auto* hello = std::get_if<SayHello>(&message->content)) {
    trouble_ = "told to say hello: " + hello->why;
  }
  return std::vector<Event>();
}

}  // namespace cohort::bench
