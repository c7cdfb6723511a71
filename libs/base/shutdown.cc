#include "libs/base/shutdown.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace cohort {
namespace {

std::atomic<int> g_requests{0};  // a signal handler can reach nothing but a global
std::atomic<int> g_event_fd{-1};

void OnSignal(int) {
  if (g_requests.fetch_add(1) > 0) _exit(1);
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = write(g_event_fd.load(), &one, sizeof(one));
}

}  // namespace

Shutdown& Shutdown::Install() {
  static Shutdown shutdown;
  return shutdown;
}

Shutdown::Shutdown() : event_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  g_event_fd = event_fd_;
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

bool Shutdown::requested() const { return g_requests.load() > 0; }

void Shutdown::Request() {
  if (!requested()) OnSignal(SIGTERM);
}

bool Shutdown::WaitFor(Duration timeout) const {
  pollfd waiting{event_fd_, POLLIN, 0};
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  if (!requested()) poll(&waiting, 1, static_cast<int>(millis));
  return requested();
}

}  // namespace cohort
