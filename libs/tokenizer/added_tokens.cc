#include "libs/tokenizer/added_tokens.h"

#include <algorithm>
#include <utility>

#include "libs/tokenizer/utf8.h"

namespace cohort {
namespace {

// Unicode's White_Space.
bool IsSpace(char32_t c) {
  return (c >= 0x9 && c <= 0xD) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

size_t SpaceAtStart(std::string_view text) {
  size_t bytes = 0;
  while (bytes < text.size()) {
    const Utf8Step step = ReadUtf8(text.substr(bytes));
    if (!step.valid || !IsSpace(step.character)) break;
    bytes += step.bytes;
  }
  return bytes;
}

size_t SpaceAtEnd(std::string_view text) {
  size_t begin = text.size();
  while (begin > 0) {
    size_t at = begin - 1;
    while (at > 0 && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) --at;
    const Utf8Step step = ReadUtf8(text.substr(at, begin - at));
    if (!step.valid || !IsSpace(step.character)) break;
    begin = at;
  }
  return text.size() - begin;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  for (uint32_t i = 0; i < tokens_.size(); ++i) {
    Index& index = tokens_[i].normalized ? normalized_ : raw_;
    index[static_cast<uint8_t>(tokens_[i].content.front())].push_back(i);
  }
  for (Index* index : {&raw_, &normalized_}) {
    for (std::vector<uint32_t>& bucket : *index) {
      std::sort(bucket.begin(), bucket.end(), [&](uint32_t a, uint32_t b) {
        return tokens_[a].content.size() > tokens_[b].content.size();
      });
    }
  }
}

const AddedToken* AddedTokens::Find(const Index& index, std::string_view text, size_t at) const {
  for (const uint32_t candidate : index[static_cast<uint8_t>(text[at])]) {
    if (text.substr(at).starts_with(tokens_[candidate].content)) return &tokens_[candidate];
  }
  return nullptr;
}

void AddedTokens::CutWith(const Index& index, std::string_view text,
                          std::vector<Piece>* pieces) const {
  size_t done = 0;
  for (size_t at = 0; at < text.size();) {
    const AddedToken* token = Find(index, text, at);
    if (token == nullptr) {
      ++at;
      continue;
    }
    size_t begin = at;
    size_t end = at + token->content.size();
    if (token->lstrip) begin -= SpaceAtEnd(text.substr(done, begin - done));
    if (token->rstrip) end += SpaceAtStart(text.substr(end));
    if (done < begin) pieces->push_back({-1, text.substr(done, begin - done)});
    pieces->push_back({token->id, text.substr(begin, end - begin)});
    done = at = end;
  }
  if (done < text.size()) pieces->push_back({-1, text.substr(done)});
}

std::vector<AddedTokens::Piece> AddedTokens::Cut(std::string_view text) const {
  std::vector<Piece> raw;
  CutWith(raw_, text, &raw);
  std::vector<Piece> pieces;
  for (const Piece& piece : raw) {
    if (piece.id >= 0) {
      pieces.push_back(piece);
    } else {
      CutWith(normalized_, piece.text, &pieces);
    }
  }
  return pieces;
}

}  // namespace cohort
