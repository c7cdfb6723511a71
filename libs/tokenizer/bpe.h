// Byte-pair encoding of one word: the merges join neighbours, lowest rank first, leftmost of
// equals.
//
// Immutable; thread-safe; movable.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

struct BpeSpec {
  std::unordered_map<std::string, int32_t> vocabulary;  // token in the byte-level alphabet → id
  std::vector<std::pair<std::string, std::string>> merges;  // by rank; may be empty
  bool ignore_merges = false;          // a word that is a token as a whole is that token
  std::optional<std::string> unknown;  // stands for bytes without a token; nothing: left out
  bool fuse_unknown = false;           // one `unknown` for neighbouring such bytes
};

class Bpe {
 public:
  // Fails when a merge or `unknown` names a token that the vocabulary lacks.
  static Result<Bpe> Make(const BpeSpec& spec);

  // Appends the ids of a word given as bytes. The number of bytes without a token is added to
  // `dropped`; where they are left out, their neighbours meet.
  void EncodeWord(std::string_view bytes, std::vector<int32_t>* ids, uint64_t* dropped) const;

 private:
  struct Merge {
    uint64_t pair = 0;  // left id in the high half, right id in the low half
    uint32_t rank = 0;
    int32_t merged = -1;  // -1: an empty slot
  };

  // The ids of the bytes, before any merge.
  std::vector<int32_t> ByteIds(std::string_view bytes, uint64_t* dropped) const;
  void AddMerge(const Merge& merge);
  const Merge* FindMerge(int32_t left, int32_t right) const;

  std::array<int32_t, 256> byte_ids_{};
  std::vector<Merge> slots_;  // open addressing; a power of two, at most half full
  std::unordered_map<std::string, int32_t> whole_words_;  // the vocabulary; only with ignore_merges
  int32_t unknown_id_ = -1;
  bool fuse_unknown_ = false;
};

}  // namespace cohort
