#include "libs/tokenizer/bpe.h"

#include <bit>
#include <queue>
#include <utility>

#include "libs/tokenizer/utf8.h"

namespace cohort {
namespace {

uint64_t PairOf(int32_t left, int32_t right) {
  return (static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32) | static_cast<uint32_t>(right);
}

uint64_t HashOf(uint64_t pair) {
  pair ^= pair >> 32;
  pair *= 0x9E3779B97F4A7C15u;
  return pair ^ (pair >> 29);
}

struct Symbol {
  int32_t id;  // -1: merged into its left neighbour
  int32_t previous;
  int32_t next;  // -1: none
};

struct Candidate {
  uint32_t rank;
  int32_t position;  // of the left symbol
  uint64_t pair;
  int32_t merged;

  // For std::priority_queue, whose top is the greatest.
  bool operator<(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : position > other.position;
  }
};

}  // namespace

Result<Bpe> Bpe::Make(const BpeSpec& spec) {
  const auto id_of = [&](const std::string& token) {
    const auto found = spec.vocabulary.find(token);
    return found == spec.vocabulary.end() ? -1 : found->second;
  };
  Bpe made;
  for (int byte = 0; byte < 256; ++byte) {
    std::string token;
    AppendUtf8(ByteToCharacter(static_cast<uint8_t>(byte)), &token);
    made.byte_ids_[byte] = id_of(token);
  }
  if (spec.unknown) {
    made.unknown_id_ = id_of(*spec.unknown);
    made.fuse_unknown_ = spec.fuse_unknown;
    if (made.unknown_id_ < 0) {
      return InvalidArgument("unk_token '" + *spec.unknown + "' is not in the vocabulary");
    }
  }

  made.slots_.resize(std::bit_ceil(2 * spec.merges.size() + 2));
  for (size_t rank = 0; rank < spec.merges.size(); ++rank) {
    const auto& [left, right] = spec.merges[rank];
    const std::string merged = left + right;
    for (const std::string* token : {&left, &right, &merged}) {
      if (id_of(*token) < 0) {
        return InvalidArgument("merge " + std::to_string(rank) + ": token '" + *token +
                               "' is not in the vocabulary");
      }
    }
    made.AddMerge({PairOf(id_of(left), id_of(right)), static_cast<uint32_t>(rank), id_of(merged)});
  }

  if (spec.ignore_merges) made.whole_words_ = spec.vocabulary;
  return made;
}

void Bpe::AddMerge(const Merge& merge) {
  size_t at = HashOf(merge.pair) & (slots_.size() - 1);
  while (slots_[at].merged >= 0 && slots_[at].pair != merge.pair) {
    at = (at + 1) & (slots_.size() - 1);
  }
  slots_[at] = merge;  // a merge that is listed twice has its last rank
}

const Bpe::Merge* Bpe::FindMerge(int32_t left, int32_t right) const {
  const uint64_t pair = PairOf(left, right);
  size_t at = HashOf(pair) & (slots_.size() - 1);
  while (slots_[at].merged >= 0) {
    if (slots_[at].pair == pair) return &slots_[at];
    at = (at + 1) & (slots_.size() - 1);
  }
  return nullptr;
}

std::vector<int32_t> Bpe::ByteIds(std::string_view bytes, uint64_t* dropped) const {
  std::vector<int32_t> ids;
  ids.reserve(bytes.size());
  bool after_unknown = false;
  for (const char byte : bytes) {
    const int32_t id = byte_ids_[static_cast<uint8_t>(byte)];
    if (id >= 0) {
      ids.push_back(id);
    } else {
      *dropped += 1;
      if (unknown_id_ >= 0 && !(after_unknown && fuse_unknown_)) ids.push_back(unknown_id_);
    }
    after_unknown = id < 0;
  }
  return ids;
}

void Bpe::EncodeWord(std::string_view bytes, std::vector<int32_t>* ids, uint64_t* dropped) const {
  if (!whole_words_.empty()) {
    std::string token;
    for (const char byte : bytes) AppendUtf8(ByteToCharacter(static_cast<uint8_t>(byte)), &token);
    if (const auto found = whole_words_.find(token); found != whole_words_.end()) {
      ids->push_back(found->second);
      return;
    }
  }

  std::vector<Symbol> symbols;
  symbols.reserve(bytes.size());
  for (const int32_t id : ByteIds(bytes, dropped)) {
    const auto position = static_cast<int32_t>(symbols.size());
    symbols.push_back({id, position - 1, position + 1});
  }
  if (symbols.empty()) return;
  symbols.back().next = -1;

  std::priority_queue<Candidate> candidates;
  const auto consider = [&](int32_t position) {
    const int32_t next = position < 0 ? -1 : symbols[position].next;
    if (next < 0) return;
    if (const Merge* merge = FindMerge(symbols[position].id, symbols[next].id)) {
      candidates.push({merge->rank, position, merge->pair, merge->merged});
    }
  };
  for (size_t i = 0; i + 1 < symbols.size(); ++i) consider(static_cast<int32_t>(i));
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    Symbol& left = symbols[best.position];
    if (left.id < 0 || left.next < 0) continue;
    Symbol& right = symbols[left.next];
    if (PairOf(left.id, right.id) != best.pair) continue;  // one of the two has merged since
    left.id = best.merged;
    left.next = right.next;
    right.id = -1;
    if (left.next >= 0) symbols[left.next].previous = best.position;
    consider(left.previous);
    consider(best.position);
  }
  for (int32_t i = 0; i >= 0; i = symbols[i].next) ids->push_back(symbols[i].id);
}

}  // namespace cohort
