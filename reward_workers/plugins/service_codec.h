// What is said to a service and back: the body that asks about rollouts, the verdicts in a reply.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "libs/scoring/verdict.h"

namespace cohort {

// Used by one thread.
class ServiceCodec {
 public:
  virtual ~ServiceCodec() = default;

  // The body of a request about these rollouts, each as its fields (messages.h); one where the pool
  // sends them one by one.
  virtual std::string Body(const std::vector<std::string>& fields) const = 0;

  // A verdict for each of `count`, in their order. Whatever the service says: what is no verdict
  // fails, alone where it can be told apart from the others.
  virtual Result<std::vector<Result<Verdict>>> Read(std::string_view reply, size_t count) const = 0;
};

}  // namespace cohort
