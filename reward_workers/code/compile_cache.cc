#include "reward_workers/code/compile_cache.h"

namespace cohort {

std::shared_ptr<const std::string> CompileCache::Find(const Digest& key) {
  std::scoped_lock lock(mutex_);
  const auto found = places_.find(key);
  if (found == places_.end()) return nullptr;
  order_.splice(order_.begin(), order_, found->second);
  return found->second->second;
}

void CompileCache::Keep(const Digest& key, std::shared_ptr<const std::string> program) {
  std::scoped_lock lock(mutex_);
  if (program->size() > most_ || places_.contains(key)) return;
  bytes_ += program->size();
  order_.emplace_front(key, std::move(program));
  places_[key] = order_.begin();
  while (bytes_ > most_) {
    bytes_ -= order_.back().second->size();
    places_.erase(order_.back().first);
    order_.pop_back();
  }
}

}  // namespace cohort
