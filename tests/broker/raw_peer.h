// A peer that speaks to a broker by hand: says what no client would, stops when no client would.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>
#include <zmq.hpp>

#include "libs/base/clock.h"
#include "libs/messaging/envelope.h"
#include "libs/messaging/sockets.h"

namespace cohort {

class RawPeer {
 public:
  explicit RawPeer(const std::string& endpoint, int high_water_mark = 1000)
      : socket_(context_, zmq::socket_type::dealer) {
    SetLimits(socket_, {.max_frame_bytes = 1 << 30, .high_water_mark = high_water_mark});
    EXPECT_TRUE(ConnectSocket(socket_, endpoint).ok());
  }

  void Send(Frames frames) {
    for (size_t i = 0; i < frames.size(); ++i) {
      const auto more = i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
      socket_.send(std::move(frames[i]), more);
    }
  }
  void SendBytes(std::vector<std::string> parts) {
    Frames frames;
    for (const std::string& part : parts) frames.emplace_back(part.data(), part.size());
    Send(std::move(frames));
  }
  void SendCommands(std::vector<Verb> verbs) {
    std::vector<Command> commands;
    for (Verb& verb : verbs) commands.push_back({++number_, std::move(verb)});
    std::vector<const Command*> pointers;
    for (const Command& command : commands) pointers.push_back(&command);
    Send(EncodeCommands(session_, pointers));
  }
  // Says hello and reads the welcome.
  WelcomeMessage Hello(uint64_t session, Role role, const std::string& instance,
                       std::vector<LeaseToken> held = {}) {
    session_ = session;
    Send(EncodeHello(session, {role, instance, std::move(held), 0}));
    return Expect<WelcomeMessage>();
  }

  // The next message of a kind; others are dropped.
  template <typename T>
  T Expect() {
    while (true) {
      zmq_pollitem_t item{socket_.handle(), 0, ZMQ_POLLIN, 0};
      zmq_poll(&item, 1, /*milliseconds=*/20'000);
      std::optional<Received> received = TryReceive(socket_, /*router=*/false);
      if (!received.has_value()) break;
      Result<BrokerMessage> message = DecodeBrokerMessage(std::move(received->frames));
      if (!message.ok()) {
        ADD_FAILURE() << message.status().ToString();
        continue;
      }
      if (auto* match = std::get_if<T>(&message->content)) return std::move(*match);
    }
    ADD_FAILURE() << "no such message came";
    return {};
  }
  // The next event of a kind.
  template <typename T>
  T ExpectEvent() {
    while (true) {
      for (; next_ < events_.size(); ++next_) {
        if (auto* match = std::get_if<T>(&events_[next_])) {
          ++next_;
          return std::move(*match);
        }
      }
      events_ = Expect<std::vector<Event>>();
      next_ = 0;
      if (testing::Test::HasFailure()) return {};
    }
  }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
  uint64_t session_ = 0;
  uint64_t number_ = 0;
  std::vector<Event> events_;
  size_t next_ = 0;
};

}  // namespace cohort
