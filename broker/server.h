// The broker at its socket: reads commands, asks the queue machine, sends what it says.
//
// One thread, whoever calls Run, owns the socket and the machine. Nothing that a peer sends stops
// it: unreadable messages are counted and answered with "say hello", other protocol versions with a
// refusal. A peer whose pipe is full keeps its output here, which its credit bounds; nobody else
// waits for it. snapshot() and Stop() may be called from any thread.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>
#include <zmq.hpp>

#include "broker/answer_patience.h"
#include "broker/connection_watch.h"
#include "broker/durability.h"
#include "broker/machine/queue_machine.h"
#include "broker/outbox.h"
#include "libs/base/clock.h"
#include "libs/base/guarded.h"
#include "libs/base/status.h"
#include "libs/messaging/envelope.h"
#include "libs/messaging/sockets.h"

namespace cohort {

// One moment of the broker, for metrics and status.
struct ServerSnapshot {
  MachineSnapshot machine;
  uint64_t epoch = 0;
  std::map<std::string, uint64_t> malformed;  // messages refused, by reason
  uint64_t messages_received = 0, messages_sent = 0;
  uint64_t hellos = 0;
  uint64_t blocked_peers = 0;  // now: their pipes are full
  std::optional<JournalState> journal;
  std::map<std::string, uint64_t> refused_peers, cut_peers;  // by reason
  uint64_t pending_connections = 0;                          // now: without an accepted hello
};

class BrokerServer {
 public:
  struct Options {
    std::string endpoint;  // "ipc:///path" (its folder is made, for the owner only) or tcp
    std::string weights_endpoint = "";  // told to every process
    MachineConfig machine = {};         // epoch 0: one is made of the wall clock
    // Where queues that are durable live; needed when machine.durable is set.
    std::string journal_directory = "";
    uint64_t segment_bytes = uint64_t{64} << 20;
    bool sync = true;  // false only in tests of tests: confirmed before it is durable
    int64_t max_message_bytes = 64 << 20;  // of one frame
    int io_threads = 2;                    // of ZeroMQ; each connection belongs to one of them
    const Clock* clock = nullptr;
    std::optional<CurveServer> keys = {};  // needed where others than this machine can connect
    ConnectionGuard::Limits connections = {};
  };

  // Reads the journal first. Fails when the endpoint is in use or cannot be listened on, or when
  // the journal cannot be used.
  static Result<std::unique_ptr<BrokerServer>> Bind(const Options& options);
  ~BrokerServer();

  // Serves until Stop, then sends what is pending for a moment and returns.
  void Run();
  void Stop();

  ServerSnapshot snapshot() const {
    return snapshot_.With([](const auto& s) { return s; });
  }
  uint64_t epoch() const { return machine_.epoch(); }

 private:
  struct Peer {
    std::string routing_id;
    SessionId session = 0;
    int descriptor = -1;
    Role role = Role::kOperator;
    Outbox outbox;
    std::optional<Frames> blocked;  // did not fit into its pipe
    bool ack_due = false;           // `processed` is news to it
    bool urgent = false;            // among its events are others than answers
    AnswerPatience patience;
    bool queued = false;  // in flush_
  };

  BrokerServer(Options options, const Clock& clock);
  Status OpenJournal();
  Status KeepEpoch();  // before it is used
  Status Listen();
  Time Now() const { return durability_ != nullptr ? durability_->Now() : clock_.Now(); }
  uint64_t synced() const { return durability_ != nullptr ? durability_->synced() : UINT64_MAX; }

  // Until there is something to read, or for a moment.
  void WaitForNews();
  // Reads, lets time pass, writes. True when nothing was left to read.
  bool Turn();
  // True when nothing is left to read.
  bool ReceiveSome(Time now);
  void OnMessage(Time now, Received received);
  void OnHello(Time now, const Received& received, SessionId session, const HelloMessage& hello);
  void OnCommands(Time now, Peer& peer, std::vector<Command> commands);
  void OnGoodbye(Time now, Peer& peer);
  void Deny(Peer& peer, const Command& command, const Status& why);
  void OnDisconnects(Time now, bool drained);
  void LoseConnection(Time now, int descriptor);
  void Refuse(const Received& received, const Status& why);

  void Dispatch();  // effects_ to peers
  void QueueFlush(Peer& peer);
  // What became durable is ready to be sent; false when nothing did.
  bool ReleaseSynced();
  // Whoever waits for the disk goes on as soon as it has spoken, while others are being read.
  void AnswerSynced(Time now);
  void FlushAll(Time now);
  // One of flush_; false when it is gone.
  bool FlushQueued(Time now, Peer& peer);
  // Answers alone wait for others that go to the same peer: answer_patience.h.
  bool MayWait(Time now, const Peer& peer) const;
  // False when the peer is gone.
  bool Flush(Peer& peer);
  bool SendNow(Peer& peer, Frames frames);
  void SendLoose(const std::string& routing_id, Frames frames);
  void Drop(Peer* peer);
  void Publish(Time now);

  const Options options_;
  const Clock& clock_;
  QueueMachine machine_;
  Wakeup wakeup_;
  std::unique_ptr<Durability> durability_;  // null: all queues live in memory
  zmq::context_t context_;
  zmq::socket_t socket_;
  std::unique_ptr<ConnectionWatch> watch_;
  std::atomic<bool> stop_{false};

  std::unordered_map<std::string, Peer> peers_;  // by routing id; a peer stays where it is
  std::unordered_map<SessionId, Peer*> routes_;
  std::vector<Peer*> flush_;            // those with something to send
  std::unordered_set<Peer*> blocked_;   // … whose pipe was full
  std::unordered_set<Peer*> unsynced_;  // … whose events wait for the journal
  uint64_t synced_before_ = 0;
  Effects effects_;
  Time last_turn_{};
  bool busy_ = false;  // in the last turn something came
  Time last_drained_;
  Time next_publish_;
  ServerSnapshot counters_;  // machine is filled when published
  Guarded<ServerSnapshot> snapshot_;
};

}  // namespace cohort
