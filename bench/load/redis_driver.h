// Load for a Redis stream with one consumer group, by hiredis. Each function is one thread's work
// until the board says stop: that of any number of connections, which it waits for together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/load/board.h"
#include "libs/base/status.h"

namespace cohort::bench {

Status MakeRedisGroup(const std::string& path);
// XADD, `window` of them unanswered at a time on each connection.
Status ProduceForRedis(const std::string& path, size_t connections, uint64_t window, size_t bytes,
                       Board& board, Tally& tally);
// XREADGROUP of up to `batch`; one XACK for what came, sent together with the next XREADGROUP.
// Its consumers are numbered from `first`.
Status ConsumeFromRedis(const std::string& path, size_t first, size_t connections, size_t batch,
                        Board& board, Tally& tally);

}  // namespace cohort::bench
