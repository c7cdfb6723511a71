#include "bench/load/relay_driver.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
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

struct Stamp {
  uint64_t producer = 0;
  int64_t intended = 0;
};

zmq::message_t NewMessage(const std::string& bytes) {
  if (bytes.size() <= kCopied) return zmq::message_t(bytes.data(), bytes.size());
  return zmq::message_t(
      const_cast<char*>(bytes.data()), bytes.size(), [](void*, void*) {}, nullptr);
}

std::string Stamped(size_t bytes, const Stamp& stamp) {
  std::string body(std::max(bytes, sizeof(stamp)), 'x');
  std::memcpy(body.data(), &stamp, sizeof(stamp));
  return body;
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
    producers[i].body = Stamped(bytes, {first + i, 0});
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
        Stamp stamp;
        std::memcpy(&stamp, message.data(), sizeof(stamp));
        tally.delivered += 1;
        tally.delivered_bytes += message.size();
        tally.done += 1;
        board.Done(stamp.producer);
      }
    }
  }
  return {};
}

Status Echo(zmq::context_t& context, const std::string& endpoint, const EchoLoad& load,
            Board& board, Tally& tally) {
  prctl(PR_SET_TIMERSLACK, 1);
  Loop loop;
  std::vector<zmq::socket_t> sockets;
  for (uint32_t i = 0; i < load.count; ++i) {
    zmq::socket_t& socket = sockets.emplace_back(context, zmq::socket_type::dealer);
    SetLimits(socket, {.max_frame_bytes = -1, .high_water_mark = kHighWaterMark});
    COHORT_RETURN_IF_ERROR(ConnectSocket(socket, endpoint));
    loop.Add(socket, i);
    board.ready += 1;
  }
  Pace pace(load.rate, load.beat);
  pace.Start(NowNanoseconds());
  uint32_t next = 0;
  while (!board.stop) {
    int64_t wait = kLongestWait;
    if (!board.sending_over) {
      pace.SendDue(NowNanoseconds(), [&](int64_t intended) {
        const std::string body = Stamped(load.bytes, {0, intended});
        zmq::message_t message(body.data(), body.size());
        if (!sockets[next].send(message, zmq::send_flags::dontwait)) tally.failed += 1;
        tally.sent += 1;
        tally.confirmed += 1;
        loop.Touch(next);
        next = (next + 1) % static_cast<uint32_t>(load.count);
      });
      wait = std::min(wait, pace.next() - NowNanoseconds());
    }
    for (const uint32_t i : loop.Wait(wait)) {
      zmq::message_t message;
      while (sockets[i].recv(message, zmq::recv_flags::dontwait)) {
        Stamp stamp;
        std::memcpy(&stamp, message.data(), sizeof(stamp));
        tally.delivered += 1;
        tally.done += 1;
        if (board.measuring) tally.latencies.Add(NowNanoseconds() - stamp.intended);
      }
    }
  }
  return {};
}

}  // namespace cohort::bench
