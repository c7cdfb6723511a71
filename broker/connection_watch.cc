#include "broker/connection_watch.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "libs/base/endpoint.h"
#include "libs/base/logging.h"
#include "libs/messaging/keys.h"

namespace cohort {
namespace {

constexpr Duration kLookEvery = Seconds(0.005);
constexpr Duration kLineEvery = Seconds(1);  // a flood of cuts is no flood of log lines
constexpr long kSuspiciousMilliseconds = 5;
constexpr size_t kLooksPerTurn = 256;

// Bytes of the stream that the kernel has received; nothing for other sockets.
std::optional<uint64_t> BytesReceived(int descriptor) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  if (size < offsetof(tcp_info, tcpi_bytes_received) + sizeof(info.tcpi_bytes_received)) {
    return std::nullopt;
  }
  return info.tcpi_bytes_received;
}

// Strangers must never hold so many descriptors that none is left for those who have business here.
ConnectionGuard::Limits WithinDescriptors(ConnectionGuard::Limits limits) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) {
    limits.pending = std::min<size_t>(limits.pending, std::max<size_t>(16, files.rlim_cur / 2));
  }
  return limits;
}

}  // namespace

Result<std::unique_ptr<ConnectionWatch>> ConnectionWatch::Start(zmq::context_t& context,
                                                                zmq::socket_t& socket,
                                                                Options options) {
  std::unique_ptr<LiveAllowList> allowed;
  std::unique_ptr<ZapHandler> zap;
  if (options.keys.has_value()) {
    COHORT_ASSIGN_OR_RETURN(allowed, LiveAllowList::Open(options.keys->allowed, *options.clock));
    COHORT_ASSIGN_OR_RETURN(zap,
                            ZapHandler::Start(context, {.allowed = allowed.get(), .roles = {}}));
    UseKeys(socket, *options.keys);
  } else if (NeedsKeys(options.endpoint)) {
    return PermissionDenied("endpoint " + options.endpoint +
                            " can be reached by other machines, which needs keys: set "
                            "security.keys (`cohort keys new --fleet` makes them), or use "
                            "ipc:///path or tcp://127.0.0.1:port");
  }
  COHORT_ASSIGN_OR_RETURN(ConnectionMonitor monitor, ConnectionMonitor::Watch(context, socket));
  return std::unique_ptr<ConnectionWatch>(
      new ConnectionWatch(options, std::move(allowed), std::move(zap), std::move(monitor)));
}

ConnectionWatch::ConnectionWatch(const Options& options, std::unique_ptr<LiveAllowList> allowed,
                                 std::unique_ptr<ZapHandler> zap, ConnectionMonitor monitor)
    : tcp_(options.endpoint.starts_with("tcp://")),
      guard_(WithinDescriptors(options.limits)),
      allowed_(std::move(allowed)),
      zap_(std::move(zap)),
      monitor_(std::move(monitor)) {
  if (keys_in_use()) generation_ = allowed_->generation();
  for (const char* reason : {"no_key", "unknown_key", "revoked", "wrong_role", "wrong_mechanism",
                             "other_protocol", "unfinished_handshake"}) {
    refused_[reason] = 0;
  }
  for (const char* reason :
       {"no_hello", "too_many_pending", "unfinished_message", "unreadable", "revoked"}) {
    cut_[reason] = 0;
  }
}

long ConnectionWatch::PollMilliseconds(long otherwise) const {
  return guard_.any_suspicious() ? std::min(otherwise, kSuspiciousMilliseconds) : otherwise;
}

bool ConnectionWatch::Meet(Time now, const Received& received) {
  if (received.descriptor < 0 || received.frames.empty()) return false;
  const std::string key = keys_in_use() ? KeyOf(received.frames[0]) : std::string();
  return guard_.Met(now, received.descriptor, SocketInode(received.descriptor), key);
}

bool ConnectionWatch::Admit(const Received& received) {
  uint64_t bytes = 0;
  for (const zmq::message_t& frame : received.frames) bytes += frame.size();
  return guard_.Message(received.descriptor, bytes);
}

Status ConnectionWatch::CheckHello(int descriptor, Role role) {
  if (!keys_in_use()) return {};
  const LiveAllowList::Answer answer = allowed_->Find(guard_.KeyOf(descriptor));
  if (answer.verdict != LiveAllowList::Verdict::kAllowed) {
    const bool revoked = answer.verdict == LiveAllowList::Verdict::kRevoked;
    refused_[revoked ? "revoked" : "unknown_key"] += 1;
    return PermissionDenied("the key of this process is not allowed: `cohort keys allow` adds it");
  }
  if (answer.role == role) return {};
  refused_["wrong_role"] += 1;
  return PermissionDenied("the key of this process is allowed for the role " +
                          std::string(RoleName(answer.role)) + ", not for " +
                          std::string(RoleName(role)));
}

std::vector<int> ConnectionWatch::TakeEnded(Time now, bool drained) {
  std::vector<int> ended;
  ReadEvents(now, ended);
  if (now >= next_look_) {
    next_look_ = now + kLookEvery;
    if (drained && tcp_) CountBytes();
    if (keys_in_use()) CheckKeys();
  }
  for (const ConnectionGuard::Cut& cut : guard_.TakeCuts(now)) {
    cut_[std::string(cut.reason)] += 1;
    untold_[std::string(cut.reason)] += 1;
    ShutDownConnection(cut.descriptor, cut.inode);
    ended.push_back(cut.descriptor);
  }
  if (!untold_.empty() && now >= next_line_) {
    next_line_ = now + kLineEvery;
    for (const auto& [reason, count] : std::exchange(untold_, {})) {
      LogWarning("cut connections", {{"why", reason}, {"count", count}});
    }
  }
  return ended;
}

void ConnectionWatch::ReadEvents(Time now, std::vector<int>& ended) {
  while (const std::optional<ConnectionEvent> event = monitor_.Next()) {
    switch (event->kind) {
      case ConnectionEvent::Kind::kAccepted:
        if (guard_.Accepted(now, event->descriptor, SocketInode(event->descriptor))) {
          ended.push_back(event->descriptor);
        }
        break;
      case ConnectionEvent::Kind::kEnded:
        if (guard_.Ended(event->descriptor)) ended.push_back(event->descriptor);
        break;
      case ConnectionEvent::Kind::kOtherMechanism:
        refused_[keys_in_use() ? "no_key" : "wrong_mechanism"] += 1;
        break;
      case ConnectionEvent::Kind::kOtherProtocol:
        refused_["other_protocol"] += 1;
        break;
      case ConnectionEvent::Kind::kHandshakeCut:
        refused_["unfinished_handshake"] += 1;
        break;
      case ConnectionEvent::Kind::kKeyRefused:
        break;  // counted by whoever refused it
    }
  }
}

void ConnectionWatch::CountBytes() {
  for (const int descriptor : guard_.ToLookAt(kLooksPerTurn)) {
    if (const auto bytes = BytesReceived(descriptor)) guard_.Received(descriptor, *bytes);
  }
}

void ConnectionWatch::CheckKeys() {
  const uint64_t generation = allowed_->generation();
  if (generation == generation_) return;
  generation_ = generation;
  guard_.Revoke([this](const std::string& key, std::optional<Role> role) {
    const LiveAllowList::Answer answer = allowed_->Find(key);
    return answer.verdict == LiveAllowList::Verdict::kAllowed &&
           (!role.has_value() || answer.role == *role);
  });
}

std::map<std::string, uint64_t> ConnectionWatch::refused() const {
  std::map<std::string, uint64_t> all = refused_;
  if (zap_) {
    for (const auto& [reason, count] : zap_->refused()) all[reason] += count;
  }
  return all;
}

}  // namespace cohort
