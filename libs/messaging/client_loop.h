// The thread of a BrokerClient: one connection at a time, supervised.
//
// A connection counts only once the broker has answered our hello; without an answer in time the
// socket is thrown away and made anew, after a pause with jitter. So is one whose other side has
// fallen silent. Everything here runs on the client's own thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "libs/base/clock.h"
#include "libs/base/rng.h"
#include "libs/messaging/broker_client.h"
#include "libs/messaging/client_held.h"
#include "libs/messaging/client_outbox.h"
#include "libs/messaging/client_shared.h"
#include "libs/messaging/connection_monitor.h"
#include "libs/messaging/envelope.h"
#include "libs/messaging/sockets.h"

namespace cohort {

class ClientLoop {
 public:
  ClientLoop(BrokerClient::Options options, const Clock& clock, ClientShared& shared);
  ~ClientLoop();

  // Until a CloseRequest is done.
  void Run();

 private:
  enum class Phase { kPausing, kGreeting, kConnected, kRefused, kLeaving, kGone };

  struct Subscription {
    uint32_t grant_tasks = 0;  // as the application asked
    uint64_t grant_bytes = 0;
    uint64_t received_tasks = 0;  // since hello
    uint64_t received_bytes = 0;
    uint64_t waiting_tasks = 0;  // received, not taken by the application
    uint64_t waiting_bytes = 0;
    bool wanted = false;      // Subscribe was called
    bool subscribed = false;  // … and the broker was told since hello
    uint64_t told_tasks = 0;  // credit that the broker knows
    uint64_t told_bytes = 0;
  };

  // Connection (client_connection.cc).
  void OpenSocket();
  void CloseSocket();
  void Reconnect(const std::string& why);
  void Refuse(const Status& status);
  void OnTimers(Time now);
  Duration UntilNextTimer(Time now) const;
  void Wait();

  // Messages in.
  void ReceiveAll();
  void OnMessage(BrokerMessage message);
  void OnWelcome(const WelcomeMessage& welcome, uint64_t processed);
  void OnEvent(Event event);
  void OnAnswer(const AnswerEvent& answer);
  void OnDeliver(DeliverEvent deliver);
  void OnLeaseLost(const LeaseLostEvent& lost);
  void OnHeldBack(HeldBackEvent held);
  // The put has its answer, or (0) the connection is a new one: all puts are sent again.
  void ForgetHeldBack(uint64_t number);
  void OnDone(const std::vector<Outgoing>& done);

  // Requests in.
  void HandleRequests();
  void OnVerb(VerbRequest request);
  void OnCancel(const CancelCommand& cancel);
  // False when the request ended here because its lease is not held.
  bool CheckLease(VerbRequest& request);
  void OnTaken();

  // Messages out.
  void Flush();
  void SendSubscriptions();
  void SendRenewals(Time now);
  void LeaveIfDone(Time now);
  void SetWaiting(const std::string& why);
  // For commands that are not kept: lost ones are made again after the next hello. False, as with
  // Send, when the pipe is full and nothing was taken.
  bool SendDirectly(std::vector<Verb> verbs);
  bool Send(Frames frames);
  void RetryBlocked();

  void Answer(uint64_t tag, Status status, bool known_before = false);

  const BrokerClient::Options options_;
  const Clock& clock_;
  ClientShared& shared_;
  const uint64_t session_;
  Rng rng_;

  zmq::context_t context_;
  std::optional<zmq::socket_t> socket_;
  std::optional<ConnectionMonitor> monitor_;
  Phase phase_ = Phase::kPausing;
  Time deadline_;  // of the pause, the greeting or the farewell
  int failures_ = 0;
  Time last_heard_;
  Time last_sent_;
  Time last_ping_;
  Time last_turn_;
  Time next_renewal_;
  Time next_attempt_ = Time::max();  // at what the broker could not take
  std::optional<Time> close_by_;
  std::optional<Frames> blocked_;  // did not fit into the pipe

  uint64_t known_epoch_ = 0;
  WelcomeMessage terms_;
  std::map<std::string, Subscription> subscriptions_;
  HeldLeases held_;
  ClientOutbox outbox_;
  std::map<uint64_t, ClientShared::HeldBack> held_back_;  // puts, by number
  std::vector<BrokerEvent> events_;                       // to tell at the end of the turn
};

}  // namespace cohort
