// State that threads share, reachable only under its lock.
//
//   Guarded<Counters> counters;
//   counters.With([](Counters& c) { c.steps += 1; });
#pragma once

#include <mutex>
#include <utility>

namespace cohort {

template <typename T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  template <typename F>
  decltype(auto) With(F&& use) {
    std::scoped_lock lock(mutex_);
    return std::forward<F>(use)(value_);
  }
  template <typename F>
  decltype(auto) With(F&& use) const {
    std::scoped_lock lock(mutex_);
    return std::forward<F>(use)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace cohort
