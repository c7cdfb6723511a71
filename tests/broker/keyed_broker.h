// A broker on tcp that asks for keys, the keys of a fleet, and a wire that can be read.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "libs/base/guarded.h"
#include "libs/messaging/allow_list.h"
#include "libs/messaging/keys.h"
#include "tests/broker/live_broker.h"

namespace cohort {

inline sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A port that was free a moment ago.
inline uint16_t FreePort() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(descriptor, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(descriptor);
  return ntohs(address.sin_port);
}

inline int ConnectTcp(uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return descriptor;
  }
  close(descriptor);
  return -1;
}

// Forwards tcp connections and keeps every byte that passes, both ways together.
class RecordingProxy {
 public:
  explicit RecordingProxy(uint16_t target) : port_(FreePort()), target_(target) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(port_);
    const int yes = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    listen(listener_, 64);
    thread_ = std::thread([this] { Run(); });
  }
  ~RecordingProxy() {
    stop_ = true;
    wakeup_.Notify();
    thread_.join();
    for (const int descriptor : ends_) close(descriptor);
    close(listener_);
  }
  std::string endpoint() const { return "tcp://127.0.0.1:" + std::to_string(port_); }
  bool Saw(const std::string& text) const {
    return seen_.With([&](const std::string& seen) { return seen.find(text) != seen.npos; });
  }
  size_t bytes() const {
    return seen_.With([](const std::string& seen) { return seen.size(); });
  }
  void Forget() {
    seen_.With([](std::string& seen) { seen.clear(); });
  }

 private:
  void Run() {
    while (!stop_) {
      std::vector<pollfd> polled = {{wakeup_.fd(), POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const int descriptor : ends_) polled.push_back({descriptor, POLLIN, 0});
      poll(polled.data(), polled.size(), -1);
      wakeup_.Drain();
      std::vector<int> kept;
      for (size_t i = 0; i + 1 < ends_.size(); i += 2) {
        const int near = ends_[i], far = ends_[i + 1];
        const bool near_ok = polled[2 + i].revents == 0 || Forward(near, far);
        const bool far_ok = polled[3 + i].revents == 0 || Forward(far, near);
        if (near_ok && far_ok) {
          kept.insert(kept.end(), {near, far});
        } else {
          close(near);
          close(far);
        }
      }
      ends_ = std::move(kept);
      if (polled[1].revents == 0) continue;
      const int near = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      const int far = ConnectTcp(target_);
      if (far >= 0) {
        ends_.insert(ends_.end(), {near, far});
      } else {
        close(near);
      }
    }
  }
  bool Forward(int from, int to) {
    std::string bytes(65536, '\0');
    const ssize_t got = recv(from, bytes.data(), bytes.size(), 0);
    if (got <= 0) return false;
    bytes.resize(static_cast<size_t>(got));
    seen_.With([&](std::string& seen) { seen += bytes; });
    for (size_t sent = 0; sent < bytes.size();) {
      const ssize_t more = send(to, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (more <= 0) return false;
      sent += static_cast<size_t>(more);
    }
    return true;
  }

  const uint16_t port_, target_;
  int listener_ = -1;
  std::vector<int> ends_;  // near, far, near, far, …
  Guarded<std::string> seen_;
  std::atomic<bool> stop_{false};
  Wakeup wakeup_;
  std::thread thread_;
};

// Keys of a broker and of one process of each role, and the broker that knows them.
class KeyedBroker {
 public:
  explicit KeyedBroker(const std::string& folder, bool with_keys = true,
                       ConnectionGuard::Limits limits = {}, int64_t max_message_bytes = 1 << 20)
      : folder_(folder), port_(FreePort()) {
    own_ = *MakeKeyPair();
    for (const Role role : {Role::kLearner, Role::kActor, Role::kRewardWorker, Role::kOperator}) {
      pairs_.push_back(*MakeKeyPair());
      allowed_.push_back({role, pairs_.back().public_key, std::string(RoleName(role))});
    }
    WriteList();
    BrokerServer::Options options{.endpoint = endpoint(),
                                  .machine = LiveBroker::QuickConfig(),
                                  .max_message_bytes = max_message_bytes,
                                  .connections = limits};
    if (with_keys) options.keys = CurveServer{own_, List()};
    auto bound = BrokerServer::Bind(options);
    EXPECT_TRUE(bound.ok()) << bound.status().ToString();
    server_ = *std::move(bound);
    thread_ = std::thread([this] { server_->Run(); });
  }
  ~KeyedBroker() {
    server_->Stop();
    thread_.join();
  }

  CurveClient KeysOf(Role role) const {
    return {pairs_[static_cast<size_t>(role) - 1], own_.public_key};
  }
  CurveClient StrangersKeys() const { return {*MakeKeyPair(), own_.public_key}; }
  // The live list: from now on this role's key is revoked.
  void Revoke(Role role) {
    allowed_[static_cast<size_t>(role) - 1].role.reset();
    WriteList();
  }

  uint16_t port() const { return port_; }
  std::string endpoint() const { return "tcp://127.0.0.1:" + std::to_string(port_); }
  ServerSnapshot Snapshot() const { return server_->snapshot(); }
  uint64_t Refused(const std::string& reason) const { return Snapshot().refused_peers[reason]; }
  uint64_t Cut(const std::string& reason) const { return Snapshot().cut_peers[reason]; }
  // Puts and deliveries of all queues so far.
  uint64_t TasksMoved() const {
    uint64_t tasks = 0;
    for (const QueueSnapshot& queue : Snapshot().machine.queues) {
      tasks += queue.totals.puts + queue.totals.deliveries;
    }
    return tasks;
  }
  std::filesystem::path List() const { return folder_ / "allowed"; }

 private:
  void WriteList() { EXPECT_TRUE(WriteAllowList(List(), allowed_).ok()); }

  const std::filesystem::path folder_;
  const uint16_t port_;
  CurveKeyPair own_;
  std::vector<CurveKeyPair> pairs_;  // by role
  std::vector<AllowedKey> allowed_;
  std::unique_ptr<BrokerServer> server_;
  std::thread thread_;
};

}  // namespace cohort
