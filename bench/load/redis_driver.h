// Load for a Redis stream with one consumer group: the client that a fleet on Redis would have.
// Each function is one thread's work until the board says stop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/load/board.h"
#include "libs/base/status.h"

namespace cohort::bench {

Status MakeRedisGroup(const std::string& path);
// XADD, `window` of them unanswered at a time.
Status ProduceForRedis(const std::string& path, uint64_t window, size_t bytes, Board& board,
                       Tally& tally);
// XREADGROUP of up to `batch`; one XACK for what came, sent together with the next XREADGROUP.
Status ConsumeFromRedis(const std::string& path, size_t index, size_t batch, Board& board,
                        Tally& tally);

}  // namespace cohort::bench
