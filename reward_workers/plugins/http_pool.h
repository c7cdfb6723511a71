// The requests of one HTTP scorer: posts rollouts, repeats what an outage swallowed, keeps to a
// rate.
//
// One thread of its own waits for all requests at once (libcurl's multi interface); a request holds
// memory and a connection, no thread. What is the service's trouble — no connection, 429, 502, 503,
// 504 — is repeated with growing delays and in the end masked; what breaks on one rollout — a
// timeout, 500, nonsense — goes the way of grading_case.h, so that it cannot mask itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/scoring/verdict.h"

namespace cohort {

class HttpPool {
 public:
  struct Options {
    std::string url;
    std::string authorization;                  // value of that header; empty: none
    Duration limit = std::chrono::seconds(30);  // of one request
    size_t in_flight = 256;                     // requests at once
    size_t batch = 1;                           // rollouts in a request
    int retries = 3;
    double requests_per_second = 0;  // 0: without limit
  };
  struct Job {
    uint64_t id = 0;     // above 0
    std::string fields;  // of the rollout (messages.h)
    std::function<void(Verdict)> done;
  };
  // "retry", "rate_limited", and what ChildPool::Tell knows.
  using Tell = std::function<void(const std::string& what)>;

  // `clock` outlives it. `tell` and a job's `done` are called on its thread.
  HttpPool(Options options, const Clock* clock, Tell tell);
  ~HttpPool();  // ends all requests; nothing is called after
  HttpPool(const HttpPool&) = delete;
  HttpPool& operator=(const HttpPool&) = delete;

  // From any thread.
  void Submit(Job job);
  void Cancel(uint64_t id);

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace cohort
