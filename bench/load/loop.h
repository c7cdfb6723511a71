// One thread's wait for many descriptors: epoll over plain ones and those of ZeroMQ sockets.
//
// zmq_poll asks every socket in every round, which 1,000 of them make slow. A ZeroMQ descriptor
// only tells that a socket is worth a look, once: whoever is told must read until there is nothing
// left, and look again at sockets it has sent to (Touch).
#pragma once

#include <cstdint>
#include <vector>
#include <zmq.hpp>

namespace cohort::bench {

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void Add(zmq::socket_t& socket, uint32_t index);
  void AddDescriptor(int descriptor, uint32_t index);
  // No longer watched; Touch still works.
  void Remove(int descriptor);
  // To be looked at in the next round though nothing may arrive.
  void Touch(uint32_t index);
  // Indices that are worth a look; empty when the time is up first. Valid until the next call.
  const std::vector<uint32_t>& Wait(int64_t nanoseconds);

 private:
  int epoll_;
  std::vector<uint32_t> touched_;
  std::vector<uint32_t> found_;
};

}  // namespace cohort::bench
