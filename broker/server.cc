#include "broker/server.h"

#include <algorithm>
#include <array>
#include <utility>

#include "broker/access.h"
#include "broker/ipc_endpoint.h"
#include "libs/base/logging.h"

namespace cohort {
namespace {

constexpr int kIdleMilliseconds = 20;
// From the beginning of a turn to the next while nobody waits for the disk: what comes meanwhile is
// read and answered together, which saves more than it delays. A sync gathers by itself.
constexpr Duration kShortestTurn = Seconds(0.0004);
constexpr int kBlockedMilliseconds = 2;
constexpr size_t kReceivesPerTurn = 256;
constexpr int kAnswersWaitMilliseconds = 1;  // from one look at waiting answers to the next
constexpr Duration kLongestUndrained = Seconds(1);
constexpr Duration kPublishEvery = Seconds(0.1);
constexpr Duration kLastWords = Seconds(0.5);
constexpr Duration kJournalMoment = Seconds(1);
constexpr Duration kJournalPatience = Seconds(30);
constexpr size_t kBatchEvents = 256;
constexpr size_t kBatchBytes = 256 * 1024;
constexpr int kHighWaterMark = 16;  // batches: 4 MiB a peer may be behind, each way

const Clock& SystemTime() {
  static const SystemClock clock;
  return clock;
}

MachineConfig WithEpoch(MachineConfig config, const Clock& clock) {
  if (config.epoch == 0) config.epoch = static_cast<uint64_t>(clock.WallSeconds() * 1e6);
  return config;
}

}  // namespace

BrokerServer::BrokerServer(Options options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      machine_(WithEpoch(options_.machine, clock), clock.Now()),
      context_(options_.io_threads),
      socket_(context_, zmq::socket_type::router),
      last_drained_(clock.Now()),
      next_publish_(clock.Now()) {
  ReceiveIntoOwnMemory(context_);
  for (const char* reason : {"unreadable", "version", "unknown_peer", "not_allowed"}) {
    counters_.malformed[reason] = 0;
  }
}

BrokerServer::~BrokerServer() { watch_.reset(); }

Result<std::unique_ptr<BrokerServer>> BrokerServer::Bind(const Options& options) {
  const Clock& clock = options.clock != nullptr ? *options.clock : SystemTime();
  std::unique_ptr<BrokerServer> server(new BrokerServer(options, clock));
  COHORT_RETURN_IF_ERROR(server->OpenJournal());
  COHORT_RETURN_IF_ERROR(server->Listen());
  return server;
}

Status BrokerServer::OpenJournal() {
  if (machine_.config().durable) {
    Durability::Options options;
    options.directory = options_.journal_directory;
    options.segment_bytes = options_.segment_bytes;
    options.sync = options_.sync;
    options.notify = [this] { wakeup_.Notify(); };
    COHORT_ASSIGN_OR_RETURN(durability_, Durability::Open(std::move(options), clock_, &machine_));
    machine_.Start(Now(), durability_->damaged(), effects_);
    Dispatch();
    COHORT_RETURN_IF_ERROR(KeepEpoch());
  }
  counters_.epoch = machine_.epoch();
  last_drained_ = next_publish_ = Now();
  return Status();
}

Status BrokerServer::KeepEpoch() {
  const Status kept = durability_->Flush(kJournalMoment);
  if (kept.ok()) return kept;
  LogWarning("does not serve before the journal can be written",
             {{"why", kept.message()}, {"gives_up_after_seconds", ToSeconds(kJournalPatience)}});
  return durability_->Flush(kJournalPatience);
}

Status BrokerServer::Listen() {
  COHORT_RETURN_IF_ERROR(PrepareIpc(options_.endpoint));
  SetLimits(socket_,
            {.max_frame_bytes = options_.max_message_bytes, .high_water_mark = kHighWaterMark});
  socket_.set(zmq::sockopt::router_mandatory, true);
  socket_.set(zmq::sockopt::handshake_ivl, 5000);
  socket_.set(zmq::sockopt::backlog, 4096);
  COHORT_ASSIGN_OR_RETURN(watch_, ConnectionWatch::Start(context_, socket_,
                                                         {.endpoint = options_.endpoint,
                                                          .limits = options_.connections,
                                                          .keys = options_.keys,
                                                          .clock = &clock_}));
  COHORT_RETURN_IF_ERROR(BindSocket(socket_, options_.endpoint));
  Publish(Now());
  return Status();
}

void BrokerServer::Stop() {
  stop_.store(true);
  wakeup_.Notify();
}

void BrokerServer::Run() {
  while (!stop_.load()) Turn();
  machine_.StopDelivering(Now());
  const Time until = Now() + kLastWords;
  while (Now() < until) {
    const bool drained = Turn();
    if (drained && flush_.empty() && blocked_.empty() && unsynced_.empty()) break;
  }
  if (durability_ != nullptr) {
    durability_->Close();
    FlushAll(Now());
  }
  Publish(Now());
  socket_.set(zmq::sockopt::linger, 500);
}

void BrokerServer::WaitForNews() {
  std::array<zmq_pollitem_t, 3> items = {{
      {socket_.handle(), 0, ZMQ_POLLIN, 0},
      {watch_->events().handle(), 0, ZMQ_POLLIN, 0},
      {nullptr, wakeup_.fd(), ZMQ_POLLIN, 0},
  }};
  const int patience = !flush_.empty()     ? kAnswersWaitMilliseconds
                       : !blocked_.empty() ? kBlockedMilliseconds
                                           : kIdleMilliseconds;
  zmq_poll(items.data(), static_cast<int>(items.size()), watch_->PollMilliseconds(patience));
  if (items[2].revents != 0) wakeup_.Drain();
}

bool BrokerServer::Turn() {
  // While something comes in every turn, there is no need to ask whether it does.
  if (!busy_) WaitForNews();
  const Duration early = last_turn_ + kShortestTurn - clock_.Now();
  if (unsynced_.empty() && early > Duration(0)) wakeup_.Wait(early);
  last_turn_ = clock_.Now();
  const Time now = Now();
  const uint64_t received = counters_.messages_received;
  const bool drained = ReceiveSome(now);
  busy_ = counters_.messages_received != received;
  // What was sent before an expiry must count before it: time passes for leases when the socket is
  // empty. A socket that is never empty is read faster than any lease ends.
  const bool expire = drained || now - last_drained_ >= kLongestUndrained;
  if (expire) OnDisconnects(now, drained);
  if (expire) last_drained_ = now;
  machine_.Tick(now, expire, effects_);
  if (durability_ != nullptr) durability_->Tend(now, &machine_, effects_);
  Dispatch();
  FlushAll(now);
  if (now >= next_publish_) Publish(now);
  return drained;
}

bool BrokerServer::ReceiveSome(Time now) {
  for (size_t i = 0; i < kReceivesPerTurn; ++i) {
    AnswerSynced(now);
    std::optional<Received> received = TryReceive(socket_, /*router=*/true);
    if (!received.has_value()) return true;
    counters_.messages_received += 1;
    OnMessage(now, *std::move(received));
    Dispatch();
  }
  return false;
}

// --- messages in

void BrokerServer::OnMessage(Time now, Received received) {
  const auto found = peers_.find(received.routing_id);
  const bool known = found != peers_.end() && found->second.descriptor == received.descriptor;
  if (!known && watch_->Meet(now, received)) LoseConnection(now, received.descriptor);
  if (!watch_->Admit(received)) return;
  Result<ClientMessage> decoded = DecodeClientMessage(std::move(received.frames));
  if (!decoded.ok()) return Refuse(received, decoded.status());
  ClientMessage& message = *decoded;
  if (const auto* hello = std::get_if<HelloMessage>(&message.content)) {
    return OnHello(now, received, message.session, *hello);
  }
  if (!known || found->second.session != message.session) {
    counters_.malformed["unknown_peer"] += 1;
    return SendLoose(received.routing_id, EncodeSayHello(0, "the broker does not know you"));
  }
  Peer& peer = found->second;
  if (auto* commands = std::get_if<std::vector<Command>>(&message.content)) {
    OnCommands(now, peer, std::move(*commands));
  } else if (std::holds_alternative<Ping>(message.content)) {
    machine_.Heard(now, peer.session);
    SendNow(peer, EncodePong(peer.session, machine_.processed(peer.session)));
  } else {
    OnGoodbye(now, peer);
  }
}

void BrokerServer::OnHello(Time now, const Received& received, SessionId session,
                           const HelloMessage& hello) {
  // The peer may have come back already, on a connection that another thread of libzmq reads.
  if (!ConnectionStands(received.descriptor)) return;
  if (const Status key = watch_->CheckHello(received.descriptor, hello.role); !key.ok()) {
    LogWarning("refused a hello", {{"instance", hello.instance}, {"why", key}});
    return SendLoose(received.routing_id, EncodeRefused(session, key));
  }
  const Result<QueueMachine::HelloAnswer> answer = machine_.Hello(now, session, hello, effects_);
  Dispatch();  // an older session of this instance is told first
  if (!answer.ok()) {
    LogWarning("refused a hello", {{"instance", hello.instance}, {"why", answer.status()}});
    return SendLoose(received.routing_id, EncodeRefused(session, answer.status()));
  }
  if (const auto before = routes_.find(session); before != routes_.end()) Drop(before->second);
  if (const auto before = peers_.find(received.routing_id); before != peers_.end()) {
    Drop(&before->second);
  }
  Peer& peer = peers_[received.routing_id];
  peer.routing_id = received.routing_id;
  peer.session = session;
  peer.descriptor = received.descriptor;
  peer.role = hello.role;
  watch_->HelloAccepted(received.descriptor, hello.role);
  AllowLargeSends(received.descriptor);
  routes_[session] = &peer;
  counters_.hellos += 1;
  const MachineConfig& config = machine_.config();
  WelcomeMessage welcome;
  welcome.epoch = machine_.epoch();
  welcome.remembered_since = machine_.remembered_since();
  welcome.lost = answer->lost;
  welcome.lease_seconds = ToSeconds(config.lease);
  welcome.silence_seconds = ToSeconds(config.silence);
  welcome.ping_seconds = std::min(1.0, welcome.silence_seconds / 4);
  welcome.window_tasks = static_cast<uint32_t>(std::max<uint64_t>(1, config.waiting_tasks / 2));
  welcome.window_bytes = std::max<uint64_t>(1, config.waiting_bytes / 2);
  welcome.weights_endpoint = options_.weights_endpoint;
  SendNow(peer, EncodeWelcome(session, answer->processed, welcome));
  LogInfo("hello", {{"role", RoleName(hello.role)},
                    {"instance", hello.instance},
                    {"held", hello.held.size()},
                    {"lost", answer->lost.size()}});
}

void BrokerServer::OnCommands(Time now, Peer& peer, std::vector<Command> commands) {
  const SessionId session = peer.session;
  for (Command& command : commands) {
    const Status allowed = CheckAccess(peer.role, command.verb, watch_->keys_in_use());
    if (!allowed.ok()) {
      Deny(peer, command, allowed);
      continue;
    }
    if (!peer.outbox.ready.empty() && std::holds_alternative<PutCommand>(command.verb)) {
      peer.patience.WentOn(now);
    }
    // Nothing but `processed` will tell of it.
    if (!IsAnswered(command.verb) && !IsSaidAnew(command.verb)) peer.ack_due = true;
    machine_.Take(now, session, std::move(command), effects_);
  }
  if (peer.ack_due) QueueFlush(peer);
}

void BrokerServer::OnGoodbye(Time now, Peer& peer) {
  machine_.Goodbye(now, peer.session, effects_);
  SendLoose(peer.routing_id, EncodeFarewell(peer.session, 0));
  Drop(&peer);
}

void BrokerServer::Deny(Peer& peer, const Command& command, const Status& why) {
  counters_.malformed["not_allowed"] += 1;
  LogDebug("not allowed", {{"why", why}});
  if (!IsAnswered(command.verb)) return watch_->Unreadable(peer.descriptor);
  peer.outbox.ready.push_back(AnswerEvent{command.number, why});
  QueueFlush(peer);
}

void BrokerServer::OnDisconnects(Time now, bool drained) {
  for (const int descriptor : watch_->TakeEnded(now, drained)) LoseConnection(now, descriptor);
}

void BrokerServer::LoseConnection(Time now, int descriptor) {
  std::vector<Peer*> gone;
  for (auto& [routing_id, peer] : peers_) {
    if (peer.descriptor == descriptor) gone.push_back(&peer);
  }
  for (Peer* peer : gone) {
    machine_.ConnectionLost(now, peer->session, effects_);
    Drop(peer);
  }
  Dispatch();
}

void BrokerServer::Refuse(const Received& received, const Status& why) {
  if (why.code() == StatusCode::kFailedPrecondition) {
    counters_.malformed["version"] += 1;
    return SendLoose(received.routing_id, EncodeRefused(0, why));
  }
  counters_.malformed["unreadable"] += 1;
  watch_->Unreadable(received.descriptor);
  LogDebug("unreadable message", {{"why", why}});
  SendLoose(received.routing_id, EncodeSayHello(0, "unreadable message: " + why.message()));
}

// --- messages out

void BrokerServer::Dispatch() {
  if (durability_ != nullptr) durability_->Keep(effects_.changes);
  for (Effect& effect : effects_.events) {
    const auto route = routes_.find(effect.session);
    if (route == routes_.end()) continue;
    Peer& peer = *route->second;
    const bool plain_answer = std::holds_alternative<AnswerEvent>(effect.event);
    if (!peer.outbox.Add(std::move(effect), synced_before_)) {
      unsynced_.insert(&peer);
      continue;
    }
    peer.urgent = peer.urgent || !plain_answer;
    QueueFlush(peer);
  }
  for (const SessionEnded& ended : effects_.ended) {
    const auto route = routes_.find(ended.session);
    if (route == routes_.end()) continue;
    Peer* peer = route->second;
    LogInfo("session over", {{"why", ended.why}});
    SendLoose(peer->routing_id, ended.final
                                    ? EncodeRefused(ended.session, FailedPrecondition(ended.why))
                                    : EncodeSayHello(ended.session, ended.why));
    Drop(peer);
  }
  effects_.Clear();
}

void BrokerServer::QueueFlush(Peer& peer) {
  if (peer.queued) return;
  peer.queued = true;
  flush_.push_back(&peer);
}

bool BrokerServer::ReleaseSynced() {
  const uint64_t synced = this->synced();
  if (synced == synced_before_) return false;
  synced_before_ = synced;
  for (Peer* peer : unsynced_) {
    const Outbox::News news = peer->outbox.Synced(synced);
    if (news == Outbox::News::kNone) continue;
    peer->urgent = peer->urgent || news == Outbox::News::kUrgent;
    QueueFlush(*peer);
  }
  std::erase_if(unsynced_, [](const Peer* peer) { return !peer->outbox.rests(); });
  return true;
}

void BrokerServer::AnswerSynced(Time now) {
  if (!ReleaseSynced()) return;
  std::erase_if(flush_, [&](Peer* peer) {
    // Who is gone is dropped when all that it sent has been read.
    return peer->urgent && !peer->blocked.has_value() && FlushQueued(now, *peer);
  });
}

void BrokerServer::FlushAll(Time now) {
  ReleaseSynced();
  for (Peer* peer : blocked_) QueueFlush(*peer);
  blocked_.clear();
  std::vector<SessionId> gone;
  for (Peer* peer : std::exchange(flush_, {})) {
    if (MayWait(now, *peer)) {
      flush_.push_back(peer);
    } else if (!FlushQueued(now, *peer)) {
      gone.push_back(peer->session);
      Drop(peer);
    }
  }
  for (const SessionId session : gone) machine_.ConnectionLost(now, session, effects_);
  if (!gone.empty()) Dispatch();
}

bool BrokerServer::FlushQueued(Time now, Peer& peer) {
  const uint64_t sent_before = counters_.messages_sent;
  if (!Flush(peer)) return false;
  peer.queued = false;
  if (counters_.messages_sent != sent_before) peer.patience.Sent(now);
  if (peer.outbox.ready.empty()) peer.urgent = false;
  if (peer.blocked.has_value()) blocked_.insert(&peer);
  return true;
}

bool BrokerServer::MayWait(Time now, const Peer& peer) const {
  return !peer.urgent && !peer.blocked.has_value() && !stop_.load() && peer.patience.MayWait(now) &&
         peer.outbox.ready.size() < kBatchEvents;
}

bool BrokerServer::Flush(Peer& peer) {
  if (peer.blocked.has_value()) {
    const Result<bool> sent = TrySendTo(socket_, peer.routing_id, *peer.blocked);
    if (!sent.ok()) return false;
    if (!*sent) return true;
    peer.blocked.reset();
    counters_.messages_sent += 1;
  }
  const uint64_t processed = machine_.processed(peer.session);
  size_t next = 0;
  while (next < peer.outbox.ready.size() || peer.ack_due) {
    const size_t first = next;
    for (size_t bytes = 0;
         next < peer.outbox.ready.size() && next - first < kBatchEvents && bytes < kBatchBytes;
         ++next) {
      bytes += ApproximateBytes(peer.outbox.ready[next]);
    }
    peer.ack_due = false;
    const std::span<const Event> batch(peer.outbox.ready.data() + first, next - first);
    if (!SendNow(peer, EncodeEvents(peer.session, processed, batch))) return false;
    if (peer.blocked.has_value()) break;
  }
  peer.outbox.ready.erase(peer.outbox.ready.begin(),
                          peer.outbox.ready.begin() + static_cast<ptrdiff_t>(next));
  return true;
}

bool BrokerServer::SendNow(Peer& peer, Frames frames) {
  if (peer.blocked.has_value()) {
    // Pongs only: events never overtake. A peer that does not read needs no pong.
    return true;
  }
  const Result<bool> sent = TrySendTo(socket_, peer.routing_id, frames);
  if (!sent.ok()) return false;
  if (*sent) {
    counters_.messages_sent += 1;
  } else {
    peer.blocked = std::move(frames);
    blocked_.insert(&peer);
  }
  return true;
}

void BrokerServer::SendLoose(const std::string& routing_id, Frames frames) {
  // To whom nothing is owed: when it does not fit, it is lost.
  const Result<bool> sent = TrySendTo(socket_, routing_id, frames);
  if (sent.ok() && *sent) counters_.messages_sent += 1;
}

void BrokerServer::Drop(Peer* peer) {
  const auto route = routes_.find(peer->session);
  if (route != routes_.end() && route->second == peer) routes_.erase(route);
  blocked_.erase(peer);
  unsynced_.erase(peer);
  std::erase(flush_, peer);
  watch_->SessionOver(Now(), peer->descriptor);
  peers_.erase(peers_.find(peer->routing_id));
}

void BrokerServer::Publish(Time now) {
  next_publish_ = now + kPublishEvery;
  counters_.machine = machine_.Snapshot(now);
  counters_.blocked_peers = blocked_.size();
  if (durability_ != nullptr) counters_.journal = durability_->state();
  counters_.refused_peers = watch_->refused();
  counters_.cut_peers = watch_->cut();
  counters_.pending_connections = watch_->pending();
  snapshot_.With([this](ServerSnapshot& snapshot) { snapshot = counters_; });
}

}  // namespace cohort
