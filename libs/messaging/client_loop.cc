#include "libs/messaging/client_loop.h"

#include <algorithm>
#include <string>
#include <utility>

#include "libs/base/logging.h"

namespace cohort {
namespace {

constexpr size_t kBatchCommands = 256;
constexpr size_t kBatchBytes = 256 * 1024;
constexpr size_t kReceivesPerTurn = 256;
// The broker hears of new credit when it is a quarter of the grant.
constexpr uint64_t kTellings = 4;
constexpr size_t kTokensPerRenewal = 8192;
constexpr double kPutOffFor = 0.5;  // seconds, with jitter

std::string_view WhyEnded(ConnectionEvent::Kind kind) {
  switch (kind) {
    case ConnectionEvent::Kind::kKeyRefused:
      return "it does not allow the key of this process: `cohort keys allow` adds it";
    case ConnectionEvent::Kind::kOtherMechanism:
      return "one side uses keys and the other does not: give both the same security.keys";
    case ConnectionEvent::Kind::kOtherProtocol:
      return "it does not have the key that this process expects of it";
    case ConnectionEvent::Kind::kHandshakeCut:
      return "it ended the handshake: where it uses keys, so must we (security.keys)";
    default:
      return "the connection ended";
  }
}

}  // namespace

ClientLoop::ClientLoop(BrokerClient::Options options, const Clock& clock, ClientShared& shared)
    : options_(std::move(options)),
      clock_(clock),
      shared_(shared),
      session_(EntropyFromSystem() | 1),
      rng_(EntropyFromSystem()),
      deadline_(clock.Now()),
      last_turn_(clock.Now()) {
  ReceiveIntoOwnMemory(context_);
}

ClientLoop::~ClientLoop() { CloseSocket(); }

void ClientLoop::Run() {
  while (phase_ != Phase::kGone) {
    Wait();
    shared_.wakeup().Drain();
    const Time now = clock_.Now();
    if (now - last_turn_ > Seconds(2)) last_heard_ = now;  // we were stopped, not they
    last_turn_ = now;
    HandleRequests();
    ReceiveAll();
    OnTaken();
    OnTimers(clock_.Now());
    Flush();
    LeaveIfDone(clock_.Now());
    shared_.Tell(std::exchange(events_, {}));
  }
  CloseSocket();
  shared_.SetClosed();
}

// --- messages in

void ClientLoop::ReceiveAll() {
  for (size_t i = 0; i < kReceivesPerTurn && socket_.has_value(); ++i) {
    std::optional<Received> received = TryReceive(*socket_, /*router=*/false);
    if (!received.has_value()) break;
    last_heard_ = clock_.Now();
    if (phase_ == Phase::kGreeting) AllowLargeSends(received->descriptor);
    Result<BrokerMessage> message = DecodeBrokerMessage(std::move(received->frames));
    if (message.ok()) {
      OnMessage(*std::move(message));
    } else if (message.status().code() == StatusCode::kFailedPrecondition) {
      Refuse(message.status());
    } else {
      LogWarning("unreadable message from the broker", {{"reason", message.status()}});
      Reconnect("unreadable message");
    }
  }
  if (!monitor_.has_value()) return;
  if (const auto event = monitor_->Next()) Reconnect(std::string(WhyEnded(event->kind)));
}

void ClientLoop::OnMessage(BrokerMessage message) {
  if (auto* welcome = std::get_if<WelcomeMessage>(&message.content)) {
    return OnWelcome(*welcome, message.processed);
  }
  if (auto* refused = std::get_if<Refused>(&message.content)) return Refuse(refused->status);
  if (auto* hello = std::get_if<SayHello>(&message.content)) return Reconnect(hello->why);
  if (std::holds_alternative<Farewell>(message.content)) {
    if (phase_ == Phase::kLeaving) phase_ = Phase::kGone;
    return;
  }
  if (phase_ != Phase::kConnected && phase_ != Phase::kLeaving) return;
  if (auto* events = std::get_if<std::vector<Event>>(&message.content)) {
    for (Event& event : *events) OnEvent(std::move(event));
  }
  OnDone(outbox_.TakeProcessed(message.processed));
}

void ClientLoop::OnWelcome(const WelcomeMessage& welcome, uint64_t processed) {
  if (phase_ != Phase::kGreeting) return;
  phase_ = Phase::kConnected;
  failures_ = 0;
  shared_.SetWaiting(std::nullopt);
  const bool remembered = known_epoch_ != 0 && welcome.remembered_since <= known_epoch_ &&
                          known_epoch_ <= welcome.epoch;
  const bool restarted = known_epoch_ != 0 && known_epoch_ != welcome.epoch;
  known_epoch_ = welcome.epoch;
  terms_ = welcome;
  next_renewal_ = clock_.Now() + Seconds(terms_.lease_seconds / 3);
  events_.push_back(SessionStarted{welcome.epoch, !remembered, welcome.weights_endpoint});

  for (const LeaseToken& token : welcome.lost) {
    // Either the broker forgot the task, or it gave it to somebody else while we were away.
    const bool forgotten = token.epoch < welcome.remembered_since;
    const Status why = forgotten ? NotFound("the broker was restarted without the task")
                                 : FailedPrecondition("the connection was lost for too long");
    const auto lease = held_.Lose(token, why);
    // Work held for a checkpoint that nobody else will get is the application's to settle.
    if (!lease.has_value() || lease->ending || (forgotten && lease->accepted)) continue;
    events_.push_back(LeaseLost{lease->id, lease->queue, token, why.message()});
  }
  for (auto& [queue, subscription] : subscriptions_) {
    subscription.received_tasks = subscription.received_bytes = 0;
    subscription.told_tasks = subscription.told_bytes = 0;
    subscription.subscribed = false;
  }
  ForgetHeldBack(0);
  OnDone(outbox_.Restart(processed, terms_.window_tasks, terms_.window_bytes));
  if (!restarted) return;
  // That they are held was perhaps not yet durable.
  for (const LeaseToken& token : held_.Accepted()) {
    outbox_.Add({{0, AcceptCommand{token}}, 0, nullptr, nullptr});
  }
}

void ClientLoop::OnEvent(Event event) {
  if (auto* answer = std::get_if<AnswerEvent>(&event)) {
    OnAnswer(*answer);
  } else if (auto* deliver = std::get_if<DeliverEvent>(&event)) {
    OnDeliver(std::move(*deliver));
  } else if (auto* lost = std::get_if<LeaseLostEvent>(&event)) {
    OnLeaseLost(*lost);
  } else if (auto* held = std::get_if<HeldBackEvent>(&event)) {
    OnHeldBack(std::move(*held));
  } else if (auto* operated = std::get_if<OperatedEvent>(&event)) {
    const std::optional<Outgoing> asked = outbox_.TakeAnswered(operated->number);
    if (asked.has_value() && asked->operated) {
      asked->operated->set_value(std::move(operated->report));
    }
  } else {
    auto& stats = std::get<StatsEvent>(event);
    const std::optional<Outgoing> asked = outbox_.TakeAnswered(stats.number);
    if (asked.has_value() && asked->stats) asked->stats->set_value(std::move(stats.queues));
  }
}

void ClientLoop::OnAnswer(const AnswerEvent& answer) {
  if (answer.status.code() == StatusCode::kUnavailable && outbox_.PutOff(answer.number)) {
    if (next_attempt_ != Time::max()) return;
    LogWarning("the broker takes nothing now, we try again", {{"why", answer.status}});
    next_attempt_ = clock_.Now() + Seconds(kPutOffFor * (0.5 + rng_.Uniform()));
    return;
  }
  const std::optional<Outgoing> outgoing = outbox_.TakeAnswered(answer.number);
  if (!outgoing.has_value()) return;
  if (outgoing->operated) {
    const Status why = answer.status.ok() ? Internal("the broker did nothing") : answer.status;
    return outgoing->operated->set_value(why);
  }
  ForgetHeldBack(answer.number);
  if (const auto* settle = std::get_if<SettleCommand>(&outgoing->command.verb)) {
    const bool still_ours = answer.status.code() == StatusCode::kResourceExhausted ||
                            answer.status.code() == StatusCode::kInvalidArgument;
    if (HeldLeases::Lease* lease = held_.Find(settle->token); lease != nullptr && still_ours) {
      lease->ending = false;
    } else if (answer.status.ok()) {
      held_.Remove(settle->token);
    } else {
      held_.Lose(settle->token, answer.status);
    }
  }
  Answer(outgoing->tag, answer.status, answer.known_before);
}

void ClientLoop::OnDeliver(DeliverEvent deliver) {
  Subscription& subscription = subscriptions_[deliver.queue];
  const size_t bytes = deliver.body.size();
  subscription.received_tasks += 1;
  subscription.received_bytes += bytes;
  subscription.waiting_tasks += 1;
  subscription.waiting_bytes += bytes;
  held_.Add(deliver.token, deliver.queue, deliver.id);
  Delivery delivery;
  delivery.queue = std::move(deliver.queue);
  delivery.id = deliver.id;
  delivery.token = deliver.token;
  delivery.redelivered = deliver.redelivered;
  delivery.emitted = std::move(deliver.emitted);
  delivery.obituary = std::move(deliver.obituary);
  delivery.body = std::string(deliver.body.view());
  events_.push_back(std::move(delivery));
}

void ClientLoop::OnLeaseLost(const LeaseLostEvent& lost) {
  const auto lease = held_.Lose(lost.token, FailedPrecondition(lost.reason));
  if (!lease.has_value()) return;
  events_.push_back(LeaseLost{lease->id, lease->queue, lost.token, lost.reason});
}

void ClientLoop::OnHeldBack(HeldBackEvent held) {
  const Time since = clock_.Now() - Seconds(held.since_seconds);
  held_back_[held.number] = {std::move(held.queue), std::move(held.why), since};
  shared_.SetHeldBack(held_back_.begin()->second);
}

void ClientLoop::ForgetHeldBack(uint64_t number) {
  if (held_back_.empty()) return;
  if (number == 0) {
    held_back_.clear();
  } else if (held_back_.erase(number) == 0) {
    return;
  }
  shared_.SetHeldBack(held_back_.empty() ? std::nullopt
                                         : std::optional(held_back_.begin()->second));
}

void ClientLoop::OnDone(const std::vector<Outgoing>& done) {
  for (const Outgoing& outgoing : done) {
    if (const auto* release = std::get_if<ReleaseCommand>(&outgoing.command.verb)) {
      held_.Remove(release->token);
    } else if (const auto* fail = std::get_if<FailCommand>(&outgoing.command.verb)) {
      held_.Remove(fail->token);
    }
  }
}

// --- requests in

void ClientLoop::HandleRequests() {
  for (ClientRequest& request : shared_.TakeRequests()) {
    if (auto* verb = std::get_if<VerbRequest>(&request)) {
      OnVerb(std::move(*verb));
    } else if (auto* grant = std::get_if<GrantRequest>(&request)) {
      Subscription& subscription = subscriptions_[grant->queue];
      subscription.grant_tasks = grant->tasks;
      subscription.grant_bytes = grant->bytes;
      subscription.told_tasks = UINT64_MAX;  // tell again
      // Half of what the broker is told at a time: the other half may lie in our hands.
      shared_.SetWorthTelling(grant->queue, std::max<uint64_t>(1, grant->tasks / (2 * kTellings)),
                              std::max<uint64_t>(1, grant->bytes / (2 * kTellings)));
    } else if (auto* limit = std::get_if<LimitRequest>(&request)) {
      if (auto* lease = held_.Find(limit->token)) lease->renew_until = limit->until;
    } else if (auto* phase = std::get_if<PhaseRequest>(&request)) {
      if (auto* lease = held_.Find(phase->token)) lease->phase = std::move(phase->phase);
    } else if (auto* stats = std::get_if<StatsRequest>(&request)) {
      outbox_.Add({{0, StatsCommand{}}, 0, stats->answer, nullptr});
    } else if (auto* operate = std::get_if<OperateRequest>(&request)) {
      outbox_.Add({{0, std::move(operate->verb)}, 0, nullptr, std::move(operate->answer)});
    } else {
      close_by_ = std::get<CloseRequest>(request).deadline;
    }
  }
}

void ClientLoop::OnVerb(VerbRequest request) {
  if (const auto* subscribe = std::get_if<SubscribeCommand>(&request.verb)) {
    subscriptions_[subscribe->queue].wanted = true;
    return;
  }
  if (const auto* cancel = std::get_if<CancelCommand>(&request.verb)) OnCancel(*cancel);
  if (!CheckLease(request)) return;
  outbox_.Add({{0, std::move(request.verb)}, request.tag, nullptr, nullptr});
}

void ClientLoop::OnCancel(const CancelCommand& cancel) {
  for (const Outgoing& outgoing : outbox_.TakeUnsentPuts(cancel)) {
    Answer(outgoing.tag, FailedPrecondition("cancelled before it was put"));
  }
}

bool ClientLoop::CheckLease(VerbRequest& request) {
  const LeaseToken* token = nullptr;
  bool ends = false;
  if (const auto* begin = std::get_if<BeginCommand>(&request.verb)) token = &begin->token;
  if (const auto* emit = std::get_if<EmitCommand>(&request.verb)) token = &emit->token;
  if (const auto* accept = std::get_if<AcceptCommand>(&request.verb)) token = &accept->token;
  if (const auto* settle = std::get_if<SettleCommand>(&request.verb)) {
    token = &settle->token;
    ends = true;
  }
  if (const auto* release = std::get_if<ReleaseCommand>(&request.verb)) {
    token = &release->token;
    ends = true;
  }
  if (const auto* fail = std::get_if<FailCommand>(&request.verb)) {
    token = &fail->token;
    ends = true;
  }
  if (token == nullptr) return true;
  HeldLeases::Lease* lease = held_.Find(*token);
  if (lease == nullptr) {
    Answer(request.tag, held_.WhyNotHeld(*token));
    return false;
  }
  lease->ending = lease->ending || ends;
  if (std::holds_alternative<AcceptCommand>(request.verb)) lease->accepted = true;
  if (auto* settle = std::get_if<SettleCommand>(&request.verb)) {
    settle->queue = lease->queue;
    settle->id = lease->id;
  }
  return true;
}

void ClientLoop::OnTaken() {
  shared_.TakeTaken([this](const std::string& queue, uint64_t tasks, uint64_t bytes) {
    if (tasks == 0) return;
    Subscription& subscription = subscriptions_[queue];
    subscription.waiting_tasks -= tasks;
    subscription.waiting_bytes -= bytes;
  });
}

// --- messages out

void ClientLoop::Flush() {
  if (phase_ != Phase::kConnected) return;
  RetryBlocked();
  SendSubscriptions();
  while (!blocked_.has_value() && phase_ == Phase::kConnected) {
    const std::vector<const Command*> batch = outbox_.NextBatch(kBatchCommands, kBatchBytes);
    if (batch.empty()) break;
    if (!Send(EncodeCommands(session_, batch))) break;
    outbox_.MarkSent();
  }
}

void ClientLoop::SendSubscriptions() {
  const auto credit = [](uint64_t received, uint64_t waiting, uint64_t grant) {
    return received + grant > waiting ? received + grant - waiting : 0;
  };
  std::vector<Verb> verbs;
  std::vector<std::pair<Subscription*, CreditCommand>> news;
  for (auto& [queue, s] : subscriptions_) {
    if (!s.wanted) continue;
    const uint64_t tasks = credit(s.received_tasks, s.waiting_tasks, s.grant_tasks);
    const uint64_t bytes = credit(s.received_bytes, s.waiting_bytes, s.grant_bytes);
    const bool worth_telling =
        !s.subscribed || s.told_tasks == UINT64_MAX ||
        tasks >= s.told_tasks + std::max<uint64_t>(1, s.grant_tasks / kTellings) ||
        bytes >= s.told_bytes + std::max<uint64_t>(1, s.grant_bytes / kTellings);
    if (!worth_telling) continue;
    if (!s.subscribed) verbs.push_back(SubscribeCommand{queue});
    news.emplace_back(&s, CreditCommand{queue, tasks, bytes});
    verbs.push_back(news.back().second);
  }
  // What does not fit into the pipe now is told in a later turn.
  if (verbs.empty() || !SendDirectly(std::move(verbs))) return;
  for (const auto& [s, credit_told] : news) {
    s->subscribed = true;
    s->told_tasks = credit_told.tasks;
    s->told_bytes = credit_told.bytes;
  }
}

void ClientLoop::SendRenewals(Time now) {
  for (RenewCommand& renewal : held_.Renewals(now, kTokensPerRenewal)) {
    if (!SendDirectly({std::move(renewal)})) return;
  }
  next_renewal_ = now + Seconds(terms_.lease_seconds / 3);
}

bool ClientLoop::SendDirectly(std::vector<Verb> verbs) {
  if (blocked_.has_value()) return false;
  std::vector<Command> commands;
  for (Verb& verb : verbs) commands.push_back({0, std::move(verb)});
  std::vector<const Command*> pointers;
  for (const Command& command : commands) pointers.push_back(&command);
  return Send(EncodeCommands(session_, pointers));
}

void ClientLoop::Answer(uint64_t tag, Status status, bool known_before) {
  if (tag != 0) events_.push_back(cohort::Answer{tag, std::move(status), known_before});
}

}  // namespace cohort
