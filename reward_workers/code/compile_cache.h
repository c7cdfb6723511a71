// What was compiled before. Safe from any thread.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "libs/base/digest.h"

namespace cohort {

class CompileCache {
 public:
  // Keeps at most so many bytes of programs, the last used ones.
  explicit CompileCache(size_t bytes) : most_(bytes) {}

  // The key names source, flags, compiler and base together.
  std::shared_ptr<const std::string> Find(const Digest& key);
  void Keep(const Digest& key, std::shared_ptr<const std::string> program);

 private:
  struct Hash {
    size_t operator()(const Digest& digest) const { return digest.low; }
  };
  using Order = std::list<std::pair<Digest, std::shared_ptr<const std::string>>>;

  const size_t most_;
  std::mutex mutex_;
  Order order_;  // the last one used first
  std::unordered_map<Digest, Order::iterator, Hash> places_;
  size_t bytes_ = 0;
};

}  // namespace cohort
