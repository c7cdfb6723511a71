// Runs load threads in processes of their own and prints what they did.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "bench/load/board.h"
#include "libs/base/status.h"

namespace cohort::bench {

// A thread's work until the board says stop. The context is its process's.
using Work = std::function<Status(zmq::context_t&)>;

struct RunPlan {
  size_t processes = 4;
  double warm_up_seconds = 0.5;
  double seconds = 2;
  double drain_seconds = 10;  // for what is under way when the sending is over
  size_t sessions = 0;        // to wait for before the warm-up
  bool must_finish = true;    // what was sent must be done by then
  pid_t server = 0;
};

// The producers, or consumers, of one thread.
struct Share {
  size_t first = 0, count = 0;
};
std::vector<Share> Shares(size_t all, size_t per_thread);

// Polls until the condition holds; false when the time is up first.
bool WaitUntil(double seconds, const std::function<bool()>& condition);

// User and system time of a process so far, and what it holds in memory.
double ProcessorSeconds(pid_t process);
double ResidentMiB(pid_t process);

// The children of one load. Threads are dealt in order: neighbours share a process.
class LoadProcesses {
 public:
  LoadProcesses(Board& board, size_t processes, std::vector<Work> work);
  ~LoadProcesses();  // stops them
  // False when one has failed; it has said why.
  bool Healthy();
  double ProcessorSeconds() const;
  void Signal(int signal) const;
  void Sleep(double seconds) const;

 private:
  Board& board_;
  std::vector<pid_t> children_;
  bool healthy_ = true;
};

// Warm-up, measurement, drain; one line of JSON. Returns main's exit code.
int RunLoad(Board& board, const RunPlan& plan, std::vector<Work> work);

}  // namespace cohort::bench
