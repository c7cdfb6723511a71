#include "bench/load/loop.h"

#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace cohort::bench {

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
Loop::~Loop() { close(epoll_); }

void Loop::Add(zmq::socket_t& socket, uint32_t index) {
  AddDescriptor(socket.get(zmq::sockopt::fd), index);
  Touch(index);
}

void Loop::AddDescriptor(int descriptor, uint32_t index) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = index;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
}

void Loop::Remove(int descriptor) { epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr); }

void Loop::Touch(uint32_t index) { touched_.push_back(index); }

const std::vector<uint32_t>& Loop::Wait(int64_t nanoseconds) {
  found_.clear();
  std::swap(found_, touched_);
  std::array<epoll_event, 256> events;
  timespec limit{};
  if (found_.empty() && nanoseconds > 0) {
    limit.tv_sec = nanoseconds / 1'000'000'000;
    limit.tv_nsec = nanoseconds % 1'000'000'000;
  }
  const int count =
      epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &limit, nullptr);
  for (int i = 0; i < count; ++i) found_.push_back(events[static_cast<size_t>(i)].data.u32);
  std::sort(found_.begin(), found_.end());
  found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
  return found_;
}

}  // namespace cohort::bench
