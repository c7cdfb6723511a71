// Load for the bare relay and the bare echo of bench-relay: what ZeroMQ does by itself. Each
// function is one thread's work until the board says stop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <zmq.hpp>

#include "bench/load/board.h"
#include "libs/base/status.h"

namespace cohort::bench {

// PUSH sockets of the producers [first, first + count): each keeps `window` messages between itself
// and the consumers.
Status ProduceForRelay(zmq::context_t& context, const std::string& endpoint, size_t first,
                       size_t count, uint64_t window, size_t bytes, Board& board, Tally& tally);
// PULL sockets.
Status ConsumeFromRelay(zmq::context_t& context, const std::string& endpoint, size_t count,
                        Board& board, Tally& tally);

struct EchoLoad {
  size_t count = 0;  // DEALERs
  double rate = 0;   // bodies a second in all
  int64_t beat = 0;  // nanoseconds; see pace.h
  size_t bytes = 0;
};
// Measures there and back from the intended moment. A DEALER's bodies that are due together are
// frames of one message.
Status Echo(zmq::context_t& context, const std::string& endpoint, const EchoLoad& load,
            Board& board, Tally& tally);

}  // namespace cohort::bench
