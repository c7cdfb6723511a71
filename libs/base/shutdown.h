// SIGTERM and SIGINT as a state that threads can ask for and wait on.
//
// The first signal asks the process to drain, the second one to stop at once (the process exits
// with 1). Install once, from main, before other threads start. Thread-safe afterwards.
#pragma once

#include "libs/base/clock.h"

namespace cohort {

class Shutdown {
 public:
  // Installs the handlers; there is one per process.
  static Shutdown& Install();

  bool requested() const;
  // Asks as a signal would.
  void Request();
  // True as soon as it is requested, false when the time is up.
  bool WaitFor(Duration timeout) const;
  // Readable once it is requested: for poll().
  int fd() const { return event_fd_; }

 private:
  Shutdown();
  int event_fd_;
};

}  // namespace cohort
