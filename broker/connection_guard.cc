#include "broker/connection_guard.h"

#include <algorithm>

namespace cohort {
namespace {

constexpr uint64_t kSuspiciousBytes = 256 * 1024;

}  // namespace

ConnectionGuard::Connection* ConnectionGuard::Find(int descriptor) {
  const auto found = connections_.find(descriptor);
  return found == connections_.end() ? nullptr : &found->second;
}

ConnectionGuard::Connection& ConnectionGuard::Begin(Time now, int descriptor, uint64_t inode) {
  if (Connection* before = Find(descriptor)) {
    SetPending(now, descriptor, *before, false);
    suspicious_.erase(descriptor);
  }
  Connection& connection = connections_[descriptor];
  connection = Connection();
  connection.inode = inode;
  connection.pending = false;
  order_.insert(descriptor);
  SetPending(now, descriptor, connection, true);
  return connection;
}

void ConnectionGuard::SetPending(Time now, int descriptor, Connection& connection, bool pending) {
  if (connection.pending == pending) return;
  connection.pending = pending;
  if (!pending) {
    pending_.erase({connection.pending_since, descriptor});
    return;
  }
  connection.pending_since = now;
  pending_.emplace(now, descriptor);
}

void ConnectionGuard::CutNow(int descriptor, Connection& connection, std::string_view reason) {
  if (connection.cut) return;
  SetPending({}, descriptor, connection, false);
  suspicious_.erase(descriptor);
  connection.cut = true;
  cuts_.push_back({descriptor, connection.inode, reason});
}

bool ConnectionGuard::Accepted(Time now, int descriptor, uint64_t inode) {
  Connection* known = Find(descriptor);
  const bool met = known != nullptr && !known->announced && known->inode == inode;
  (met ? *known : Begin(now, descriptor, inode)).announced = true;
  if (ended_early_.erase(descriptor) > 0) return Forget(descriptor);
  accepted_.insert(descriptor);
  while (pending_.size() > limits_.pending) {
    const int oldest = pending_.begin()->second;
    CutNow(oldest, connections_.at(oldest), "too_many_pending");
  }
  return false;
}

bool ConnectionGuard::Ended(int descriptor) {
  if (accepted_.erase(descriptor) > 0) return Forget(descriptor);
  ended_early_.insert(descriptor);
  return false;
}

bool ConnectionGuard::Forget(int descriptor) {
  Connection* connection = Find(descriptor);
  // The accept of the one that we have met is still to be told: this is the end of another.
  if (connection == nullptr || !connection->announced) return false;
  const bool news = !connection->cut;
  SetPending({}, descriptor, *connection, false);
  suspicious_.erase(descriptor);
  order_.erase(descriptor);
  connections_.erase(descriptor);
  return news;
}

bool ConnectionGuard::Met(Time now, int descriptor, uint64_t inode, const std::string& key) {
  Connection* known = Find(descriptor);
  const bool same = known != nullptr && known->inode == inode;
  (same ? *known : Begin(now, descriptor, inode)).key = key;
  return known != nullptr && !same;
}

bool ConnectionGuard::Message(int descriptor, uint64_t bytes) {
  Connection* connection = Find(descriptor);
  if (connection == nullptr) return true;
  connection->since_look += bytes;
  return !connection->cut;
}

void ConnectionGuard::Unreadable(int descriptor) {
  Connection* connection = Find(descriptor);
  if (connection == nullptr) return;
  if (++connection->unreadable >= limits_.unreadable_messages) {
    CutNow(descriptor, *connection, "unreadable");
  }
}

void ConnectionGuard::HelloAccepted(int descriptor, Role role) {
  if (Connection* connection = Find(descriptor); connection != nullptr && !connection->cut) {
    connection->role = role;
    SetPending({}, descriptor, *connection, false);
  }
}

void ConnectionGuard::SessionOver(Time now, int descriptor) {
  if (Connection* connection = Find(descriptor); connection != nullptr && !connection->cut) {
    SetPending(now, descriptor, *connection, true);
  }
}

const std::string& ConnectionGuard::KeyOf(int descriptor) const {
  static const std::string none;
  const auto found = connections_.find(descriptor);
  return found == connections_.end() ? none : found->second.key;
}

std::vector<int> ConnectionGuard::ToLookAt(size_t share) {
  std::vector<int> due(suspicious_.begin(), suspicious_.end());
  auto next = order_.upper_bound(last_looked_at_);
  for (size_t i = 0; i < std::min(share, order_.size()); ++i, ++next) {
    if (next == order_.end()) next = order_.begin();
    last_looked_at_ = *next;
    if (!suspicious_.contains(*next)) due.push_back(*next);
  }
  return due;
}

void ConnectionGuard::Received(int descriptor, uint64_t bytes) {
  Connection* connection = Find(descriptor);
  if (connection == nullptr || connection->cut) return;
  if (connection->since_look > 0) {
    // What finished frees all before it: at least these bytes, and what had come by the last look.
    connection->finished =
        std::max(connection->finished + connection->since_look, connection->received);
    connection->since_look = 0;
  }
  connection->received = bytes;
  const uint64_t unfinished = bytes - std::min(bytes, connection->finished);
  if (unfinished > (connection->pending ? limits_.hello_bytes : limits_.unfinished_bytes)) {
    return CutNow(descriptor, *connection, "unfinished_message");
  }
  if (unfinished > kSuspiciousBytes) {
    suspicious_.insert(descriptor);
  } else {
    suspicious_.erase(descriptor);
  }
}

void ConnectionGuard::Revoke(
    const std::function<bool(const std::string& key, std::optional<Role>)>& allowed) {
  for (auto& [descriptor, connection] : connections_) {
    if (!connection.key.empty() && !allowed(connection.key, connection.role)) {
      CutNow(descriptor, connection, "revoked");
    }
  }
}

std::vector<ConnectionGuard::Cut> ConnectionGuard::TakeCuts(Time now) {
  while (!pending_.empty() && now - pending_.begin()->first > limits_.hello_deadline) {
    const int late = pending_.begin()->second;
    CutNow(late, connections_.at(late), "no_hello");
  }
  return std::exchange(cuts_, {});
}

}  // namespace cohort
