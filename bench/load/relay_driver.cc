#include "bench/load/relay_driver.h"

#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "bench/load/loop.h"
#include "libs/base/rng.h"
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

Status ProduceForRelay(zmq::context_t& context, const std::string& endpoint, size_t index,
                       uint64_t window, size_t bytes, Board& board, Tally& tally) {
  zmq::socket_t socket(context, zmq::socket_type::push);
  SetLimits(socket, {.max_frame_bytes = -1, .high_water_mark = kHighWaterMark});
  COHORT_RETURN_IF_ERROR(ConnectSocket(socket, endpoint));
  const std::string body = Stamped(bytes, {index, 0});
  Window& mine = board.windows[index];
  mine.tell_every = std::clamp<uint64_t>(window / 4, 1, 16);
  zmq_pollitem_t items[] = {{nullptr, mine.wakeup, ZMQ_POLLIN, 0}, {socket.handle(), 0, 0, 0}};
  board.ready += 1;
  uint64_t sent = 0;
  while (!board.stop) {
    bool full = false;
    while (!board.sending_over && sent - mine.done < window && !full) {
      zmq::message_t message = NewMessage(body);
      full = !socket.send(message, zmq::send_flags::dontwait);
      if (full) break;
      sent += 1;
      tally.sent += 1;
      tally.confirmed += 1;
      tally.sent_bytes += bytes;
    }
    items[1].events = full ? ZMQ_POLLOUT : 0;
    zmq_poll(items, full ? 2 : 1, 50);
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = read(mine.wakeup, &count, sizeof(count));
  }
  return {};
}

Status ConsumeFromRelay(zmq::context_t& context, const std::string& endpoint, Board& board,
                        Tally& tally) {
  zmq::socket_t socket(context, zmq::socket_type::pull);
  SetLimits(socket, {.max_frame_bytes = -1, .high_water_mark = kHighWaterMark});
  COHORT_RETURN_IF_ERROR(ConnectSocket(socket, endpoint));
  board.ready += 1;
  while (!board.stop) {
    zmq_pollitem_t item{socket.handle(), 0, ZMQ_POLLIN, 0};
    zmq_poll(&item, 1, 50);
    zmq::message_t message;
    while (socket.recv(message, zmq::recv_flags::dontwait)) {
      Stamp stamp;
      std::memcpy(&stamp, message.data(), sizeof(stamp));
      tally.delivered += 1;
      tally.delivered_bytes += message.size();
      tally.done += 1;
      board.Done(stamp.producer);
    }
  }
  return {};
}

Status Echo(zmq::context_t& context, const std::string& endpoint, double rate, size_t bytes,
            Board& board, Tally& tally) {
  prctl(PR_SET_TIMERSLACK, 1);
  zmq::socket_t socket(context, zmq::socket_type::dealer);
  SetLimits(socket, {.max_frame_bytes = -1, .high_water_mark = kHighWaterMark});
  COHORT_RETURN_IF_ERROR(ConnectSocket(socket, endpoint));
  Loop loop;
  loop.Add(socket, 0);
  board.ready += 1;
  const auto interval = static_cast<int64_t>(1e9 / rate);
  int64_t due = NowNanoseconds() +
                static_cast<int64_t>(EntropyFromSystem() % static_cast<uint64_t>(interval + 1));
  while (!board.stop) {
    const int64_t now = NowNanoseconds();
    for (; !board.sending_over && due <= now; due += interval) {
      const std::string body = Stamped(bytes, {0, due});
      zmq::message_t message(body.data(), body.size());
      if (!socket.send(message, zmq::send_flags::dontwait)) tally.failed += 1;
      tally.sent += 1;
      tally.confirmed += 1;
      loop.Touch(0);
    }
    loop.Wait(board.sending_over ? kLongestWait : std::min(kLongestWait, due - NowNanoseconds()));
    zmq::message_t message;
    while (socket.recv(message, zmq::recv_flags::dontwait)) {
      Stamp stamp;
      std::memcpy(&stamp, message.data(), sizeof(stamp));
      tally.delivered += 1;
      tally.done += 1;
      if (board.measuring) tally.latencies.Add(NowNanoseconds() - stamp.intended);
    }
  }
  return {};
}

}  // namespace cohort::bench
