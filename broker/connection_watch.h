// The broker's eyes on its connections: keys, the monitor's events, the kernel's byte counts; cuts
// what ConnectionGuard says, and counts whom it refused and cut, by reason.
//
// Belongs to the thread that serves the socket. Costs a look into a table for each message, and a
// system call for each of at most 256 connections every few milliseconds (tcp only).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "broker/connection_guard.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/messaging/connection_monitor.h"
#include "libs/messaging/key_pair.h"
#include "libs/messaging/sockets.h"
#include "libs/messaging/zap.h"

namespace cohort {

class ConnectionWatch {
 public:
  struct Options {
    std::string endpoint;
    ConnectionGuard::Limits limits;
    std::optional<CurveServer> keys;
    const Clock* clock = nullptr;
  };

  // Before the socket is bound: gives it its keys. Refuses an endpoint that other machines can
  // reach while there are none. Must end before the socket and its context.
  static Result<std::unique_ptr<ConnectionWatch>> Start(zmq::context_t& context,
                                                        zmq::socket_t& socket, Options options);

  // To be polled together with the socket, at most this long.
  zmq::socket_t& events() { return monitor_.events(); }
  long PollMilliseconds(long otherwise) const;

  // A message from a connection that has said no hello yet. True when an earlier connection of this
  // descriptor has ended unseen: its peer is to be dropped first.
  bool Meet(Time now, const Received& received);
  // False when the message is not to be looked at: its connection was cut.
  bool Admit(const Received& received);
  void Unreadable(int descriptor) { guard_.Unreadable(descriptor); }
  // With keys: whether the key of the connection may act in this role.
  Status CheckHello(int descriptor, Role role);
  void HelloAccepted(int descriptor, Role role) { guard_.HelloAccepted(descriptor, role); }
  void SessionOver(Time now, int descriptor) { guard_.SessionOver(now, descriptor); }

  // Descriptors of connections that ended or were cut. `drained`: every message that had come was
  // read, so that what is missing is unfinished.
  std::vector<int> TakeEnded(Time now, bool drained);

  bool keys_in_use() const { return allowed_ != nullptr; }
  size_t pending() const { return guard_.pending(); }
  // Totals by reason.
  std::map<std::string, uint64_t> refused() const;
  const std::map<std::string, uint64_t>& cut() const { return cut_; }

 private:
  ConnectionWatch(const Options& options, std::unique_ptr<LiveAllowList> allowed,
                  std::unique_ptr<ZapHandler> zap, ConnectionMonitor monitor);
  void ReadEvents(Time now, std::vector<int>& ended);
  void CountBytes();
  void CheckKeys();

  const bool tcp_;
  ConnectionGuard guard_;
  std::unique_ptr<LiveAllowList> allowed_;
  std::unique_ptr<ZapHandler> zap_;
  ConnectionMonitor monitor_;
  uint64_t generation_ = 0;  // of the allow-list that connections were checked against
  Time next_look_;
  std::map<std::string, uint64_t> refused_, cut_;
  std::map<std::string, uint64_t> untold_;  // cuts that the log does not have yet
  Time next_line_;
};

}  // namespace cohort
