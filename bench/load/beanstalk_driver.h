// Load for beanstalkd over a unix socket, by its text protocol. Each function is one thread's work
// until the board says stop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/load/board.h"
#include "libs/base/status.h"

namespace cohort::bench {

// put, `window` of them unanswered at a time.
Status ProduceForBeanstalk(const std::string& path, uint64_t window, size_t bytes, Board& board,
                           Tally& tally);
// reserve; the delete of each job goes out together with the next reserve.
Status ConsumeFromBeanstalk(const std::string& path, Board& board, Tally& tally);

}  // namespace cohort::bench
