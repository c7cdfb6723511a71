// A broker on its own thread behind a socket in a temporary folder, and waiting without sleeping.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "broker/server.h"
#include "libs/messaging/broker_client.h"

namespace cohort {

inline constexpr Duration kPatience = Seconds(20);

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char name[] = "/tmp/cohort-test-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class LiveBroker {
 public:
  explicit LiveBroker(const std::string& endpoint, MachineConfig machine = QuickConfig(),
                      const std::string& journal = "", uint64_t segment_bytes = 1 << 20) {
    auto bound = BrokerServer::Bind({.endpoint = endpoint,
                                     .weights_endpoint = "ipc:///weights",
                                     .machine = machine,
                                     .journal_directory = journal,
                                     .segment_bytes = segment_bytes});
    EXPECT_TRUE(bound.ok()) << bound.status().ToString();
    server_ = *std::move(bound);
    thread_ = std::thread([this] { server_->Run(); });
  }
  ~LiveBroker() {
    server_->Stop();
    thread_.join();
  }
  BrokerServer& server() { return *server_; }

  static MachineConfig QuickConfig() {
    MachineConfig config;
    config.epoch = 0;
    config.restart_grace = Seconds(0.05);
    config.session_grace = Seconds(0.2);
    config.lease = Seconds(5);
    config.retry_delay = Seconds(0.01);
    return config;
  }

 private:
  std::unique_ptr<BrokerServer> server_;
  std::thread thread_;
};

inline std::unique_ptr<BrokerClient> ConnectTo(const std::string& endpoint, Role role,
                                               const std::string& instance) {
  auto client = BrokerClient::Connect({.endpoint = endpoint, .role = role, .instance = instance});
  EXPECT_TRUE(client.ok());
  return *std::move(client);
}

// The next event of one kind, others are dropped. Fails the test when it does not come.
template <typename T>
std::optional<T> NextOf(BrokerClient& client, Duration patience = kPatience) {
  const SystemClock clock;
  const Time until = clock.Now() + patience;
  for (Time now = clock.Now(); now < until; now = clock.Now()) {
    std::optional<BrokerEvent> event = client.Next(until - now);
    if (event.has_value() && std::holds_alternative<T>(*event)) {
      return std::get<T>(*std::move(event));
    }
  }
  ADD_FAILURE() << "no such event; " << client.State();
  return std::nullopt;
}

// Asks again and again until it is so or patience ends.
template <typename F>
bool Eventually(F&& condition) {
  const SystemClock clock;
  const Time until = clock.Now() + kPatience;
  while (clock.Now() < until) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return false;
}

inline TaskId Id(uint64_t cursor, uint32_t index = 0) { return {7, 1, cursor, index}; }

}  // namespace cohort
