// When an open loop's tasks are meant to be sent: at a fixed rate, told apart from when they are.
//
// Tasks that are due go out together, once a beat: a load generator that is woken for each task by
// itself takes the processors whose servers it measures. Latencies count from the intended moment,
// so what a beat delays counts. One thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "libs/base/rng.h"

namespace cohort::bench {

class Pace {
 public:
  // rate: tasks a second, above 0. beat: nanoseconds that are between two sends at least; 0: each
  // task is sent at its moment.
  Pace(double rate, int64_t beat)
      : interval_(std::max<int64_t>(1, static_cast<int64_t>(1e9 / rate))), beat_(beat) {}

  bool running() const { return due_ != 0; }
  // The first task is meant to be sent then.
  void Start(int64_t first) { due_ = next_beat_ = first; }
  // … after a random part of a beat, so that several threads do not send as one.
  void StartAfter(int64_t now) {
    const auto spread = static_cast<uint64_t>(std::max(interval_, beat_));
    Start(now + static_cast<int64_t>(EntropyFromSystem() % (spread + 1)));
  }
  void Stop() { due_ = 0; }

  // When to call SendDue again.
  int64_t next_look() const { return std::max(due_, next_beat_); }
  // Calls send(intended) for each task that is due.
  template <typename Send>
  void SendDue(int64_t now, Send send) {
    if (now < next_look()) return;
    next_beat_ = now + beat_;
    for (; due_ <= now; due_ += interval_) send(due_);
  }

 private:
  const int64_t interval_, beat_;
  int64_t due_ = 0, next_beat_ = 0;
};

}  // namespace cohort::bench
