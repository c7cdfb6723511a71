// One thread of broker load: any number of sessions, producers by rate or by window, consumers that
// settle.
//
// A task's cursor is the moment at which it was meant to be put, so its delivery tells the latency,
// also of what was put late. Every put and every settle is answered singly and counted when it is.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "bench/load/board.h"
#include "bench/load/broker_session.h"
#include "bench/load/loop.h"
#include "bench/load/pace.h"
#include "libs/base/rng.h"
#include "libs/base/status.h"

namespace cohort::bench {

struct ProducerPlan {
  std::string queue;
  size_t index = 0;         // of its window on the board; < kMostProducers
  uint64_t window = 0;      // tasks under way, put to settled; 0: by the thread's rate
  uint64_t unanswered = 0;  // … or puts without an answer; 0: no such window
  uint64_t bytes = 0;       // stops after so many; 0: never
  bool singly = false;      // each put in a message of its own, however many there are to send
};
struct ConsumerPlan {
  std::string queue;
  std::string children;  // each settle puts one here; empty: none
  uint64_t grant_tasks = 64;
  uint64_t grant_bytes = 16 << 20;
  bool accepts = false;  // holds what it gets and never settles
  bool stalls = false;   // reads nothing until the board says resume
  bool measures = true;  // its deliveries count as latencies
};

class BrokerDriver {
 public:
  struct Options {
    std::string endpoint;
    std::string name;  // of its instances
    uint64_t run = 1;
    size_t body_bytes = 4096;
    std::optional<CurveClient> keys = {};
    bool bare = false;  // links without ZeroMQ (see link.h) and without keys
    double rate = 0;    // puts a second of all its producers without a window; 0: there are none
    int64_t beat = 0;   // nanoseconds; see pace.h
  };
  BrokerDriver(Options options, zmq::context_t& context, Board& board, Tally& tally);

  void Add(const ProducerPlan& plan, Role role = Role::kLearner);
  void Add(const ConsumerPlan& plan, Role role);
  // Until the board says stop. Fails when a session breaks.
  Status Run();

 private:
  struct Settling {
    uint64_t number = 0;
    size_t producer = 0;
  };
  struct Peer {
    BrokerSession::Options identity;
    std::unique_ptr<BrokerSession> session;
    bool greeted = false;
    int64_t idle_limit = 0;  // until the next ping
    bool produces = false;
    ProducerPlan producer;
    ConsumerPlan consumer;
    uint64_t space = 0;
    uint64_t last_cursor = 0;
    uint64_t sent = 0, confirmed = 0;
    std::deque<uint64_t> open;  // cursors of puts that are not answered
    uint64_t received = 0, received_bytes = 0, told_tasks = 0, told_bytes = 0;
    std::deque<Settling> settling;
  };

  Peer NewPeer(Role role) const;
  Status Look(uint32_t index);
  void OnDone(uint32_t index);  // tasks of this producer are done with
  void Send(uint32_t index);
  void OnWelcome(Peer& peer);
  void OnDeliver(Peer& peer, const DeliverEvent& deliver, int64_t now);
  void OnAnswer(Peer& peer, const AnswerEvent& answer);
  void Put(Peer& peer, int64_t intended);
  void FillWindow(uint32_t index);
  void Grant(Peer& peer);
  void SendDue(int64_t now);
  void PingIdle(int64_t now);
  Body NewBody() const { return Body::Share(bytes_, *bytes_); }

  const Options options_;
  zmq::context_t& context_;
  Board& board_;
  Tally& tally_;
  const std::shared_ptr<const std::string> bytes_;
  Rng rng_;
  Loop loop_;
  std::vector<Peer> peers_;
  std::vector<uint32_t> paced_;  // producers by rate
  size_t next_paced_ = 0;
  std::optional<Pace> pace_;
  std::vector<uint32_t> to_send_;
  int64_t next_ping_ = 0;
};

}  // namespace cohort::bench
