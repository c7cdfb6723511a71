// A session with the broker that is driven by hand: the protocol of schemas/envelope.capnp over a
// link, without a thread.
//
// For load from thousands of clients. It repeats nothing: a benchmark whose connection breaks has
// failed. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/link.h"
#include "libs/messaging/envelope.h"

namespace cohort::bench {

class BrokerSession {
 public:
  struct Options {
    Role role = Role::kOperator;
    std::string instance;
    uint64_t session = 0;
  };
  BrokerSession(std::unique_ptr<Link> link, Options options);

  int descriptor() { return link_->descriptor(); }
  uint64_t session() const { return options_.session; }
  void Greet();
  bool welcomed() const { return welcomed_; }
  const WelcomeMessage& terms() const { return terms_; }
  const std::string& trouble() const { return trouble_; }  // empty: none

  // Its number. Sent by the next Flush.
  uint64_t Ask(Verb verb);
  // False when the pipe is full; call again when it is writable.
  bool Flush();
  bool HasToSend() const { return blocked() || !pending_.empty(); }
  // A message has not fitted into the pipe.
  bool blocked() const { return blocked_.has_value(); }
  // Something can be read or sent of which the descriptor may not tell.
  bool WantsALook() { return link_->Ready(HasToSend()); }
  void Ping();
  int64_t last_sent() const { return last_sent_; }

  // The next message's events; nothing when there is no message.
  std::optional<std::vector<Event>> Receive();

 private:
  bool SendBlocked();

  const Options options_;
  const std::unique_ptr<Link> link_;
  WelcomeMessage terms_;
  bool welcomed_ = false;
  std::string trouble_;
  uint64_t number_ = 0;
  int64_t last_sent_ = 0;
  std::deque<Command> pending_;
  std::optional<Frames> blocked_;
};

}  // namespace cohort::bench
