// The rollouts that wait for a service, and what its replies make of each.
//
// One thread of its own waits for all requests at once (http_transport.h) and sends them when it is
// their turn (service_line.h). A service that is away or busy is waited for, and its rollouts are
// masked once patience ends: saturated where it said last that it has no room, else grader_crashed.
// What may be away or may be this task's doing — a connection that breaks off, 502, 503, 504 — is
// repeated with growing delays by itself. What then still breaks, and what breaks on one rollout —
// a timeout, 500, nonsense — goes the way of grading_case.h, so that it cannot mask itself; where
// its canary meets a 5xx or a connection that breaks off, the service is away for all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/scoring/verdict.h"
#include "reward_workers/plugins/service_codec.h"

namespace cohort {

class HttpPool {
 public:
  struct Options {
    std::string url;
    std::string authorization;                  // value of that header; empty: none
    Duration limit = std::chrono::seconds(30);  // of one request
    size_t in_flight = 256;                     // requests at once
    size_t batch = 1;                           // rollouts in a request
    int retries = 3;                            // of what broke off
    Duration patience = std::chrono::minutes(2);
    double requests_per_second = 0;  // 0: without limit
  };
  struct Job {
    uint64_t id = 0;     // above 0
    std::string fields;  // of the rollout (messages.h)
    std::function<void(Verdict)> done;
  };
  // "retry", "rate_limited", and what ChildPool::Tell knows.
  using Tell = std::function<void(const std::string& what)>;

  // `clock` outlives it. `tell`, a job's `done` and the codec are called on its thread.
  HttpPool(Options options, std::unique_ptr<const ServiceCodec> codec, const Clock* clock,
           Tell tell);
  ~HttpPool();  // ends all requests; nothing is called after
  HttpPool(const HttpPool&) = delete;
  HttpPool& operator=(const HttpPool&) = delete;

  // From any thread, `done` included.
  void Submit(Job job);
  // A request about nobody else is ended.
  void Cancel(uint64_t id);

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

// The longest that such a service takes for one rollout whose turn it is, all attempts included.
Duration LongestWait(const HttpPool::Options& options);

}  // namespace cohort
