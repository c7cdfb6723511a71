#include "bench/load/relay_driver.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <vector>

#include "bench/load/loop.h"
#include "bench/load/pace.h"
#include "libs/messaging/sockets.h"

namespace cohort::bench {
namespace {

// The window bounds what is under way.
constexpr int kHighWaterMark = 100'000;
constexpr int64_t kLongestWait = 50'000'000;
// Smaller bodies are copied into the message, as BrokerClient does; larger ones are sent from where
// they lie.
constexpr size_t kCopied = 8192;

zmq::message_t NewMessage(const std::string& bytes) {
  if (bytes.size() <= kCopied) return zmq::message_t(bytes.data(), bytes.size());
  return zmq::message_t(
      const_cast<char*>(bytes.data()), bytes.size(), [](void*, void*) {}, nullptr);
}

std::string Stamped(size_t bytes, uint64_t producer) {
  std::string body(std::max(bytes, sizeof(producer)), 'x');
  std::memcpy(body.data(), &producer, sizeof(producer));
  return body;
}

struct EchoClient {
  zmq::socket_t socket;
  std::vector<int64_t> due;       // intended moments of what goes out next
  std::deque<int64_t> under_way;  // … of what comes back next
};

// What is due, as frames of one message.
Status SendDue(EchoClient& client, const std::string& body) {
  for (size_t left = client.due.size(); left > 0; --left) {
    zmq::message_t frame = NewMessage(body);
    const auto more = left > 1 ? zmq::send_flags::sndmore : zmq::send_flags::none;
    if (!client.socket.send(frame, more | zmq::send_flags::dontwait)) {
      return Unavailable("the echo does not take what is due");
    }
  }
  client.under_way.insert(client.under_way.end(), client.due.begin(), client.due.end());
  client.due.clear();
  return {};
}

}  // namespace

Status ProduceForRelay(zmq::context_t& context, const std::string& endpoint, size_t first,
                       size_t count, uint64_t window, size_t bytes, Board& board, Tally& tally) {
  struct Producer {
    zmq::socket_t socket;
    std::string body;
    uint64_t sent = 0;
  };
  Loop loop;
  std::vector<Producer> producers(count);
  for (uint32_t i = 0; i < count; ++i) {
    producers[i].socket = zmq::socket_t(context, zmq::socket_type::push);
    SetLimits(producers[i].socket, {.max_frame_bytes = -1, .high_water_mark = kHighWaterMark});
    COHORT_RETURN_IF_ERROR(ConnectSocket(producers[i].socket, endpoint));
    producers[i].body = Stamped(bytes, first + i);
    Window& window_of = board.windows[first + i];
    window_of.tell_every = std::clamp<uint64_t>(window / 4, 1, 16);
    loop.AddDescriptor(window_of.wakeup, i);
    loop.Touch(i);
    board.ready += 1;
  }
  while (!board.stop) {
    for (const uint32_t i : loop.Wait(kLongestWait)) {
      Producer& producer = producers[i];
      Window& mine = board.windows[first + i];
      uint64_t told = 0;
      [[maybe_unused]] const ssize_t got = read(mine.wakeup, &told, sizeof(told));
      while (!board.sending_over && producer.sent - mine.done < window) {
        zmq::message_t message = NewMessage(producer.body);
        if (!producer.socket.send(message, zmq::send_flags::dontwait)) break;
        producer.sent += 1;
        tally.sent += 1;
        tally.confirmed += 1;
        tally.sent_bytes += bytes;
      }
    }
  }
  return {};
}

Status ConsumeFromRelay(zmq::context_t& context, const std::string& endpoint, size_t count,
                        Board& board, Tally& tally) {
  Loop loop;
  std::vector<zmq::socket_t> sockets;
  for (uint32_t i = 0; i < count; ++i) {
    zmq::socket_t& socket = sockets.emplace_back(context, zmq::socket_type::pull);
    SetLimits(socket, {.max_frame_bytes = -1, .high_water_mark = kHighWaterMark});
    COHORT_RETURN_IF_ERROR(ConnectSocket(socket, endpoint));
    loop.Add(socket, i);
    board.ready += 1;
  }
  while (!board.stop) {
    for (const uint32_t i : loop.Wait(kLongestWait)) {
      zmq::message_t message;
      while (sockets[i].recv(message, zmq::recv_flags::dontwait)) {
        uint64_t producer = 0;
        std::memcpy(&producer, message.data(), sizeof(producer));
        tally.delivered += 1;
        tally.delivered_bytes += message.size();
        tally.done += 1;
        board.Done(producer);
      }
    }
  }
  return {};
}

Status Echo(zmq::context_t& context, const std::string& endpoint, const EchoLoad& load,
            Board& board, Tally& tally) {
  prctl(PR_SET_TIMERSLACK, 1);
  Loop loop;
  const std::string body(load.bytes, 'x');
  std::vector<EchoClient> clients(load.count);
  for (uint32_t i = 0; i < load.count; ++i) {
    zmq::socket_t& socket = clients[i].socket;
    socket = zmq::socket_t(context, zmq::socket_type::dealer);
    SetLimits(socket, {.max_frame_bytes = -1, .high_water_mark = kHighWaterMark});
    COHORT_RETURN_IF_ERROR(ConnectSocket(socket, endpoint));
    loop.Add(socket, i);
    board.ready += 1;
  }
  Pace pace(load.rate, load.beat);
  pace.StartAfter(NowNanoseconds());
  size_t next = 0;
  while (!board.stop) {
    int64_t wait = kLongestWait;
    if (!board.sending_over) {
      pace.SendDue(NowNanoseconds(), [&](int64_t intended) {
        clients[next++ % clients.size()].due.push_back(intended);
      });
      for (uint32_t i = 0; i < load.count; ++i) {
        if (clients[i].due.empty()) continue;
        tally.sent += clients[i].due.size();
        tally.confirmed += clients[i].due.size();
        COHORT_RETURN_IF_ERROR(SendDue(clients[i], body));
        loop.Touch(i);
      }
      wait = std::min(wait, pace.next_look() - NowNanoseconds());
    }
    for (const uint32_t i : loop.Wait(wait)) {
      EchoClient& client = clients[i];
      zmq::message_t frame;
      while (client.socket.recv(frame, zmq::recv_flags::dontwait)) {
        tally.delivered += 1;
        tally.done += 1;
        if (board.measuring) tally.latencies.Add(NowNanoseconds() - client.under_way.front());
        client.under_way.pop_front();
      }
    }
  }
  return {};
}

}  // namespace cohort::bench
