// Decides who may connect to the CURVE sockets of a context: ZAP 1.0 (RFC 27) over an allow-list.
//
// libzmq asks `inproc://zeromq.zap.01` about every handshake; a thread of its own answers, so that
// a busy server keeps nobody out and a slow peer holds up nobody else. Only CURVE is let in. A
// connection's key is known from each of its messages (KeyOf). Must be started before the sockets
// are bound and end before the context does.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "libs/base/guarded.h"
#include "libs/base/status.h"
#include "libs/messaging/allow_list.h"
#include "libs/messaging/sockets.h"

namespace cohort {

// The public key that the message's connection proved to own; empty without CURVE.
std::string KeyOf(const zmq::message_t& frame);

class ZapHandler {
 public:
  struct Options {
    LiveAllowList* allowed = nullptr;  // outlives it
    std::vector<Role> roles;           // who has business here; empty: every role
  };
  static Result<std::unique_ptr<ZapHandler>> Start(zmq::context_t& context, Options options);
  ~ZapHandler();

  // Handshakes refused so far, by reason: unknown_key, revoked, wrong_role, wrong_mechanism.
  std::map<std::string, uint64_t> refused() const {
    return refused_.With([](const auto& refused) { return refused; });
  }

 private:
  ZapHandler(zmq::socket_t socket, Options options);
  void Run();
  Frames Reply(const Frames& request);
  // Empty: let in.
  std::string WhyNot(const std::string& key);

  const Options options_;
  Wakeup wakeup_;
  zmq::socket_t socket_;
  Guarded<std::map<std::string, uint64_t>> refused_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace cohort
