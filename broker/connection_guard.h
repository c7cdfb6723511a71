// Which connections of the broker misbehave. Pure: time, bytes and descriptors are told to it.
//
// A connection is *pending* from its accept until its hello was accepted (and again when its
// session ends while it stands). It is cut, with one reason, when
//   no_hello            it is pending for longer than the deadline,
//   too_many_pending    more are pending than the bound allows: the oldest goes,
//   unfinished_message  it has sent more bytes of a message without end than a message may have
//                       (pending ones: than a hello may have),
//   unreadable          it keeps sending what cannot be read,
//   revoked             its key is no longer allowed.
//
// Bytes: the kernel counts what a TCP connection has received, we count what came out as finished
// messages. What finishes a message frees all before it, so the difference is known up to what came
// in since the look before. Connections by ipc have no such count; they are this user's processes.
// A descriptor is known together with its socket's inode, since numbers are used again.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/messaging/broker_client.h"

namespace cohort {

class ConnectionGuard {
 public:
  struct Limits {
    Duration hello_deadline = Seconds(10);
    uint64_t unfinished_bytes = uint64_t{80} << 20;
    uint64_t hello_bytes = uint64_t{4} << 20;
    uint32_t unreadable_messages = 64;
    size_t pending = 4096;
  };
  struct Cut {
    int descriptor = -1;
    uint64_t inode = 0;
    std::string_view reason;
  };

  explicit ConnectionGuard(const Limits& limits) : limits_(limits) {}

  // --- as they come and go, in the order of the monitor's events. Each accept has one end; libzmq
  // may tell the end first where the two happened on different threads.
  // True: it has ended already, as Ended says it.
  bool Accepted(Time now, int descriptor, uint64_t inode);
  // False when the event is about an earlier connection of this number, one that was cut, or one
  // whose accept is still to be told.
  bool Ended(int descriptor);

  // --- messages
  // A connection that is met by its first message, which may overtake the news of its accept. A
  // known one stays what it is. True: it takes the number of one whose end is still to be told.
  bool Met(Time now, int descriptor, uint64_t inode, const std::string& key);
  // A finished message. False: the connection was cut, its messages count for nothing.
  bool Message(int descriptor, uint64_t bytes);
  void Unreadable(int descriptor);
  void HelloAccepted(int descriptor, Role role);
  void SessionOver(Time now, int descriptor);
  const std::string& KeyOf(int descriptor) const;

  // --- looks
  // Connections whose received bytes are due to be read: all that look suspicious, and a share of
  // the others.
  std::vector<int> ToLookAt(size_t share);
  // Bytes that the connection has received since its beginning.
  void Received(int descriptor, uint64_t bytes);
  // Cuts every connection whose key, and the role of its hello, `allowed` denies.
  void Revoke(const std::function<bool(const std::string& key, std::optional<Role>)>& allowed);
  // What is to be cut now. Each is told once.
  std::vector<Cut> TakeCuts(Time now);

  size_t pending() const { return pending_.size(); }
  bool any_suspicious() const { return !suspicious_.empty(); }

 private:
  struct Connection {
    uint64_t inode = 0;
    std::string key;
    std::optional<Role> role;
    Time pending_since;
    bool pending = true;
    bool announced = false;  // its accept was told
    bool cut = false;
    uint32_t unreadable = 0;
    uint64_t received = 0;    // at the last look
    uint64_t finished = 0;    // offset in what it sent up to which all messages ended, at least
    uint64_t since_look = 0;  // bytes of messages that ended since
  };
  Connection* Find(int descriptor);
  bool Forget(int descriptor);  // as Ended, for ends that come in order
  Connection& Begin(Time now, int descriptor, uint64_t inode);
  void SetPending(Time now, int descriptor, Connection& connection, bool pending);
  void CutNow(int descriptor, Connection& connection, std::string_view reason);

  const Limits limits_;
  std::unordered_map<int, Connection> connections_;
  std::unordered_set<int> accepted_;     // told, their ends are not
  std::unordered_set<int> ended_early_;  // told, their accepts are not
  std::set<std::pair<Time, int>> pending_;
  std::set<int> suspicious_;
  std::set<int> order_;  // for taking turns
  int last_looked_at_ = -1;
  std::vector<Cut> cuts_;
};

}  // namespace cohort
