#include "bench/load/broker_driver.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>

#include "libs/base/rng.h"

namespace cohort::bench {
namespace {

constexpr int64_t kPingScan = 10'000'000;
constexpr int64_t kLongestWait = 50'000'000;
constexpr uint64_t kFloorEvery = 256;
constexpr uint32_t kWakeup = 1u << 31;  // index of a producer's eventfd: this bit and the peer's

}  // namespace

BrokerDriver::BrokerDriver(Options options, zmq::context_t& context, Board& board, Tally& tally)
    : options_(std::move(options)),
      context_(context),
      board_(board),
      tally_(tally),
      bytes_(std::make_shared<const std::string>(options_.body_bytes, 'x')),
      rng_(EntropyFromSystem()) {}

BrokerDriver::Peer BrokerDriver::NewPeer(Role role) const {
  Peer peer;
  peer.identity = {role, options_.name + "-" + std::to_string(peers_.size()),
                   EntropyFromSystem() | 1};
  peer.space = peer.identity.session;
  return peer;
}

void BrokerDriver::Add(const ProducerPlan& plan, Role role) {
  Peer peer = NewPeer(role);
  peer.produces = true;
  peer.producer = plan;
  peer.space = plan.index + 1;
  if (plan.window == 0 && plan.unanswered == 0) {
    paced_.push_back(static_cast<uint32_t>(peers_.size()));
  }
  peers_.push_back(std::move(peer));
}

void BrokerDriver::Add(const ConsumerPlan& plan, Role role) {
  Peer peer = NewPeer(role);
  peer.consumer = plan;
  peers_.push_back(std::move(peer));
}

Status BrokerDriver::Run() {
  prctl(PR_SET_TIMERSLACK, 1);
  for (uint32_t i = 0; i < peers_.size(); ++i) {
    Peer& peer = peers_[i];
    Result<std::unique_ptr<Link>> link =
        options_.bare ? BareLink(options_.endpoint)
                      : DealerLink(context_, options_.endpoint, options_.keys);
    COHORT_RETURN_IF_ERROR(link.status());
    peer.session = std::make_unique<BrokerSession>(std::move(*link), peer.identity);
    peer.session->Greet();
    loop_.AddDescriptor(peer.session->descriptor(), i);
    loop_.Touch(i);
    if (peer.produces && peer.producer.window > 0) {
      loop_.AddDescriptor(board_.windows[peer.producer.index].wakeup, i | kWakeup);
    }
  }
  if (options_.rate > 0 && !paced_.empty()) pace_.emplace(options_.rate, options_.beat);
  while (!board_.stop) {
    const int64_t now = NowNanoseconds();
    int64_t wait = kLongestWait;
    if (pace_.has_value() && pace_->running() && !board_.sending_over) {
      wait = std::min(wait, pace_->next_look() - now);
    }
    for (const uint32_t index : loop_.Wait(wait)) {
      if ((index & kWakeup) != 0) {
        OnDone(index & ~kWakeup);
      } else if (const Status status = Look(index); !status.ok()) {
        return status;
      }
    }
    const int64_t then = NowNanoseconds();
    SendDue(then);
    PingIdle(then);
  }
  return {};
}

Status BrokerDriver::Look(uint32_t index) {
  Peer& peer = peers_[index];
  if (peer.consumer.stalls && peer.told_tasks > 0 && !board_.resume) {
    // What lies there unread would wake the loop for ever.
    loop_.Remove(peer.session->descriptor());
    return {};
  }
  // A bounded number of messages, so that one busy session leaves time for the others.
  for (int i = 0; i < 64; ++i) {
    std::optional<std::vector<Event>> events = peer.session->Receive();
    if (!events.has_value()) break;
    if (i == 63) loop_.Touch(index);
    if (!peer.greeted && peer.session->welcomed()) OnWelcome(peer);
    const int64_t now = NowNanoseconds();
    for (Event& event : *events) {
      if (const auto* deliver = std::get_if<DeliverEvent>(&event)) {
        OnDeliver(peer, *deliver, now);
      } else if (const auto* answer = std::get_if<AnswerEvent>(&event)) {
        OnAnswer(peer, *answer);
      }
    }
    // What is sent asks for more to read in passing.
    if (peer.greeted && peer.produces) FillWindow(index);
    if (peer.produces && peer.session->HasToSend()) break;
  }
  if (!peer.session->trouble().empty())
    return Unavailable(options_.name + ": " + peer.session->trouble());
  if (peer.greeted && peer.produces) FillWindow(index);
  if (peer.greeted && !peer.produces) Grant(peer);
  Send(index);
  return {};
}

void BrokerDriver::OnDone(uint32_t index) {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got =
      read(board_.windows[peers_[index].producer.index].wakeup, &count, sizeof(count));
  if (!peers_[index].greeted) return;
  FillWindow(index);
  Send(index);
}

void BrokerDriver::Send(uint32_t index) {
  BrokerSession& session = *peers_[index].session;
  if (!session.HasToSend()) return;
  session.Flush();
  if (session.WantsALook()) loop_.Touch(index);
}

void BrokerDriver::OnWelcome(Peer& peer) {
  peer.greeted = true;
  peer.idle_limit = static_cast<int64_t>(peer.session->terms().ping_seconds * rng_.Uniform() * 1e9);
  board_.ready += 1;
  if (!peer.produces) peer.session->Ask(SubscribeCommand{peer.consumer.queue});
}

void BrokerDriver::OnDeliver(Peer& peer, const DeliverEvent& deliver, int64_t now) {
  tally_.delivered += 1;
  tally_.delivered_bytes += deliver.body.size();
  if (deliver.redelivered) tally_.redelivered += 1;
  if (board_.measuring && peer.consumer.measures) {
    tally_.latencies.Add(now - static_cast<int64_t>(deliver.id.cursor));
  }
  peer.received += 1;
  peer.received_bytes += deliver.body.size();
  if (peer.consumer.accepts) {
    peer.session->Ask(AcceptCommand{deliver.token});
    tally_.done += 1;
    return;
  }
  SettleCommand settle{deliver.token, deliver.queue, deliver.id, {}};
  if (!peer.consumer.children.empty()) {
    peer.last_cursor = std::max<uint64_t>(peer.last_cursor + 1, static_cast<uint64_t>(now));
    TaskSpec child;
    child.queue = peer.consumer.children;
    child.id = {deliver.id.run, peer.space, peer.last_cursor, 1};
    child.body = NewBody();
    settle.children.push_back(std::move(child));
    tally_.sent += 1;
    tally_.sent_bytes += options_.body_bytes;
    tally_.confirmed += 1;  // with its parent's settle
  }
  const size_t producer =
      deliver.id.space <= kMostProducers ? deliver.id.space - 1 : kMostProducers;
  peer.settling.push_back({peer.session->Ask(std::move(settle)), producer});
}

void BrokerDriver::OnAnswer(Peer& peer, const AnswerEvent& answer) {
  if (!answer.status.ok()) tally_.failed += 1;
  if (peer.produces) {
    tally_.confirmed += 1;
    peer.confirmed += 1;
    if (!peer.open.empty()) peer.open.pop_front();
    if (peer.confirmed % kFloorEvery == 0) {
      const uint64_t floor = peer.open.empty() ? peer.last_cursor + 1 : peer.open.front();
      peer.session->Ask(FloorCommand{peer.producer.queue, options_.run, peer.space, floor});
    }
    return;
  }
  const auto found = std::find_if(peer.settling.begin(), peer.settling.end(),
                                  [&](const Settling& s) { return s.number == answer.number; });
  if (found == peer.settling.end()) return;
  const size_t producer = found->producer;
  peer.settling.erase(found);
  tally_.done += 1;
  if (producer < kMostProducers) board_.Done(producer);
}

void BrokerDriver::Put(Peer& peer, int64_t intended) {
  peer.last_cursor = std::max<uint64_t>(peer.last_cursor + 1, static_cast<uint64_t>(intended));
  TaskSpec task;
  task.queue = peer.producer.queue;
  task.id = {options_.run, peer.space, peer.last_cursor, 0};
  task.body = NewBody();
  peer.open.push_back(peer.last_cursor);
  peer.session->Ask(PutCommand{std::move(task)});
  peer.sent += 1;
  tally_.sent += 1;
  tally_.sent_bytes += options_.body_bytes;
}

void BrokerDriver::FillWindow(uint32_t index) {
  Peer& peer = peers_[index];
  Window& window = board_.windows[peer.producer.index];
  if (peer.producer.window > 0) {
    window.tell_every = std::clamp<uint64_t>(peer.producer.window / 4, 1, 16);
  }
  const auto open = [&] {
    if (peer.producer.bytes > 0 && peer.sent * options_.body_bytes >= peer.producer.bytes)
      return false;
    if (peer.producer.window > 0) return peer.sent - window.done < peer.producer.window;
    return peer.sent - peer.confirmed < peer.producer.unanswered;
  };
  while (!board_.sending_over && open()) {
    Put(peer, NowNanoseconds());
    if (peer.producer.singly) Send(index);
  }
}

void BrokerDriver::Grant(Peer& peer) {
  const ConsumerPlan& plan = peer.consumer;
  const uint64_t tasks = peer.received + plan.grant_tasks;
  const uint64_t bytes = peer.received_bytes + plan.grant_bytes;
  const bool worth_telling =
      tasks >= peer.told_tasks + std::max<uint64_t>(1, plan.grant_tasks / 4) ||
      bytes >= peer.told_bytes + std::max<uint64_t>(1, plan.grant_bytes / 4);
  if (!worth_telling) return;
  peer.session->Ask(CreditCommand{plan.queue, tasks, bytes});
  peer.told_tasks = tasks;
  peer.told_bytes = bytes;
}

void BrokerDriver::SendDue(int64_t now) {
  if (!pace_.has_value() || board_.sending_over) return;
  if (board_.paused) {
    pace_->Stop();
    return;
  }
  if (!pace_->running()) {
    const bool all =
        std::all_of(peers_.begin(), peers_.end(), [](const Peer& p) { return p.greeted; });
    if (!all) return;
    pace_->StartAfter(now);
  }
  to_send_.clear();
  pace_->SendDue(now, [this](int64_t intended) {
    const uint32_t index = paced_[next_paced_++ % paced_.size()];
    if (peers_[index].session->blocked()) tally_.late += 1;
    Put(peers_[index], intended);
    if (peers_[index].producer.singly) {
      Send(index);
    } else {
      to_send_.push_back(index);
    }
  });
  for (const uint32_t index : to_send_) Send(index);
}

void BrokerDriver::PingIdle(int64_t now) {
  if (now < next_ping_) return;
  next_ping_ = now + kPingScan;
  for (uint32_t i = 0; i < peers_.size(); ++i) {
    Peer& peer = peers_[i];
    if (!peer.greeted) continue;
    if (peer.consumer.stalls && board_.resume) loop_.Touch(i);
    if (now - peer.session->last_sent() < peer.idle_limit) continue;
    // Clients that started together do not ping together.
    const double share = 0.5 + 0.5 * rng_.Uniform();
    peer.idle_limit = static_cast<int64_t>(peer.session->terms().ping_seconds * share * 1e9);
    peer.session->Ping();
    if (peer.session->WantsALook()) loop_.Touch(i);
  }
}

}  // namespace cohort::bench
