// Networks for boxes, with a loopback and nothing else. Belongs to the launcher.
//
// Making and ending one costs the kernel more than all else of a box. So a network that nobody has
// used serves the next box: one whose counters all stand where they stood when it was made. The
// first packet, or refused connection, is its last box: no run learns of another.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

struct Network {
  ~Network();
  Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  int fd = -1;           // of its namespace
  std::string counters;  // as made
};

class NetworkPool {
 public:
  // Moves this process into a network that no box has: the next clone inherits it.
  Result<std::unique_ptr<Network>> Enter();
  // When all processes of its box have ended.
  void GiveBack(std::unique_ptr<Network> network);

  void CloseIdle() { idle_.clear(); }

 private:
  std::vector<std::unique_ptr<Network>> idle_;
};

}  // namespace cohort
