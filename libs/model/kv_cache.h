// Keys and values of what was already read, in blocks of 64 positions.
//
// A prompt's cache is written once by Decoder::Prefill and then shared, immutable, by all samples
// of its group; a sample's cache holds its own tokens and grows with each decode step. Blocks start
// anew at the sample's first token. Caches know nothing of weights: they survive a change of them.
// A SampleCache belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace cohort {

inline constexpr int64_t kKeyBlock = 64;  // positions in a block

// Growing storage: one allocation per block, for all layers. Layout of a block:
// [layers][kv_heads] of keys [head_dim][kKeyBlock] followed by values [kKeyBlock][head_dim].
class KvBlocks {
 public:
  // layer_bytes: one layer of one block.
  KvBlocks(int64_t layers, int64_t layer_bytes) : layers_(layers), layer_bytes_(layer_bytes) {}

  // No blocks, the same shape.
  KvBlocks EmptyLike() const { return {layers_, layer_bytes_}; }
  // Makes room for `positions` in all; new memory is zero.
  void Reserve(int64_t positions);
  int64_t blocks() const { return static_cast<int64_t>(blocks_.size()); }
  // Where layer 0 lies in each block; layer l lies l × layer_bytes() further.
  std::vector<std::byte*> FirstLayer() const;
  int64_t layer_bytes() const { return layer_bytes_; }
  int64_t bytes() const { return blocks() * layers_ * layer_bytes_; }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  int64_t layers_;
  int64_t layer_bytes_;
  std::vector<std::unique_ptr<std::byte, Free>> blocks_;  // 64-byte aligned
};

class PromptCache {
 public:
  PromptCache(KvBlocks blocks, int64_t length) : blocks_(std::move(blocks)), length_(length) {}
  int64_t length() const { return length_; }  // tokens
  int64_t bytes() const { return blocks_.bytes(); }
  const KvBlocks& blocks() const { return blocks_; }

 private:
  KvBlocks blocks_;
  int64_t length_;
};

class SampleCache {
 public:
  // An empty suffix after `prompt`.
  explicit SampleCache(std::shared_ptr<const PromptCache> prompt);
  const PromptCache& prompt() const { return *prompt_; }
  int64_t length() const { return length_; }  // own tokens, without the prompt's
  int64_t bytes() const { return blocks_.bytes(); }

 private:
  friend class Decoder;
  std::shared_ptr<const PromptCache> prompt_;
  KvBlocks blocks_;
  int64_t length_ = 0;
};

}  // namespace cohort
