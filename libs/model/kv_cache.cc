#include "libs/model/kv_cache.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace cohort {

void KvBlocks::Free::operator()(std::byte* memory) const { std::free(memory); }

void KvBlocks::Reserve(int64_t positions) {
  const auto bytes = static_cast<size_t>(layers_ * layer_bytes_);
  while (blocks() * kKeyBlock < positions) {
    auto* memory = static_cast<std::byte*>(std::aligned_alloc(64, bytes));
    if (memory == nullptr) throw std::bad_alloc();
    std::memset(memory, 0, bytes);
    blocks_.emplace_back(memory);
  }
}

std::vector<std::byte*> KvBlocks::FirstLayer() const {
  std::vector<std::byte*> first;
  first.reserve(blocks_.size());
  for (const auto& block : blocks_) first.push_back(block.get());
  return first;
}

SampleCache::SampleCache(std::shared_ptr<const PromptCache> prompt)
    : prompt_(std::move(prompt)), blocks_(prompt_->blocks().EmptyLike()) {}

}  // namespace cohort
