// What ZeroMQ does by itself: `bench-relay relay IN OUT` passes from PULL to PUSH, `bench-relay
// echo IN` sends everything back.
#include <cstdio>
#include <cstring>
#include <string>
#include <zmq.hpp>

#include "libs/messaging/sockets.h"

namespace cohort::bench {
namespace {

// The load's window bounds what is under way.
constexpr int kHighWaterMark = 100'000;

// Whole messages, frame by frame, without a look inside.
void Pass(zmq::socket_t& from, zmq::socket_t& to) {
  while (true) {
    zmq::message_t frame;
    bool more = true;
    while (more) {
      if (!from.recv(frame)) return;
      more = frame.more();
      if (!to.send(frame, more ? zmq::send_flags::sndmore : zmq::send_flags::none)) return;
    }
  }
}

zmq::socket_t Bound(zmq::context_t& context, zmq::socket_type type, const std::string& endpoint) {
  zmq::socket_t socket(context, type);
  SetLimits(socket, {.max_frame_bytes = -1, .high_water_mark = kHighWaterMark});
  const Status status = BindSocket(socket, endpoint);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return socket;
}

int Main(int argc, char** argv) {
  zmq::context_t context;
  if (argc == 4 && std::strcmp(argv[1], "relay") == 0) {
    zmq::socket_t in = Bound(context, zmq::socket_type::pull, argv[2]);
    zmq::socket_t out = Bound(context, zmq::socket_type::push, argv[3]);
    Pass(in, out);
    return 0;
  }
  if (argc == 3 && std::strcmp(argv[1], "echo") == 0) {
    zmq::socket_t socket = Bound(context, zmq::socket_type::router, argv[2]);
    Pass(socket, socket);
    return 0;
  }
  std::fprintf(stderr, "usage: bench-relay relay IN OUT | echo IN\n");
  return 2;
}

}  // namespace
}  // namespace cohort::bench

int main(int argc, char** argv) { return cohort::bench::Main(argc, argv); }
