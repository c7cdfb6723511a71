#include "libs/tokenizer/tokenizer.h"

#include <algorithm>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "libs/base/files.h"
#include "libs/tokenizer/added_tokens.h"
#include "libs/tokenizer/bpe.h"
#include "libs/tokenizer/pre_tokenizer.h"
#include "libs/tokenizer/tokenizer_json.h"
#include "libs/tokenizer/utf8.h"

namespace cohort {

struct Tokenizer::State {
  struct Entry {
    std::string bytes;
    bool special = false;
  };

  AddedTokens added_tokens;
  PreTokenizer pre_tokenizer;
  Bpe bpe;
  std::unordered_map<std::string, int32_t> ids;
  std::vector<Entry> entries;  // by id; gaps are empty
  std::optional<int32_t> eos;
};

namespace {

struct Parts {
  TokenizerSpec spec;
  PreTokenizer pre_tokenizer;
  Bpe bpe;
};

Result<Parts> ReadParts(std::string_view json) {
  COHORT_ASSIGN_OR_RETURN(TokenizerSpec spec, ParseTokenizerJson(json));
  Result<PreTokenizer> pre_tokenizer = PreTokenizer::Make(spec.stages);
  if (!pre_tokenizer.ok()) return pre_tokenizer.status().WithContext("pre_tokenizer");
  Result<Bpe> bpe = Bpe::Make(spec.bpe);
  if (!bpe.ok()) return bpe.status().WithContext("model");
  return Parts{std::move(spec), *std::move(pre_tokenizer), *std::move(bpe)};
}

}  // namespace

Result<Tokenizer> Tokenizer::Load(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "tokenizer.json";
  COHORT_ASSIGN_OR_RETURN(const std::string json, ReadFile(path));
  Result<Parts> parts = ReadParts(json);
  if (!parts.ok()) return parts.status().WithContext(path.string());

  auto state = std::make_unique<State>();
  state->pre_tokenizer = std::move(parts->pre_tokenizer);
  state->bpe = std::move(parts->bpe);
  state->ids = std::move(parts->spec.bpe.vocabulary);
  for (const AddedToken& token : parts->spec.added_tokens) state->ids[token.content] = token.id;
  int32_t highest = -1;
  for (const auto& [token, id] : state->ids) highest = std::max(highest, id);
  state->entries.resize(highest + 1);
  for (const auto& [token, id] : state->ids) state->entries[id].bytes = TokenBytes(token);
  for (const AddedToken& token : parts->spec.added_tokens) {
    state->entries[token.id].special = token.special;
  }
  state->added_tokens = AddedTokens(std::move(parts->spec.added_tokens));

  const std::filesystem::path config_path = directory / "tokenizer_config.json";
  if (std::error_code error; std::filesystem::exists(config_path, error)) {
    COHORT_ASSIGN_OR_RETURN(const std::string config, ReadFile(config_path));
    const Result<std::optional<std::string>> eos = ParseEosToken(config);
    if (!eos.ok()) return eos.status().WithContext(config_path.string());
    if (eos->has_value()) {
      const auto found = state->ids.find(**eos);
      if (found == state->ids.end()) {
        return InvalidArgument(config_path.string() + ": eos_token '" + **eos +
                               "' is no token of tokenizer.json");
      }
      state->eos = found->second;
    }
  }
  return Tokenizer(std::move(state));
}

Tokenizer::Tokenizer(std::unique_ptr<const State> state) : state_(std::move(state)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

std::vector<int32_t> Tokenizer::Encode(std::string_view text, EncodeStats* stats) const {
  EncodeStats unused;
  if (stats == nullptr) stats = &unused;
  const std::string valid = ReplaceInvalidUtf8(text, &stats->replaced_invalid_utf8);
  std::vector<int32_t> ids;
  for (const AddedTokens::Piece& piece : state_->added_tokens.Cut(valid)) {
    if (piece.id >= 0) {
      ids.push_back(piece.id);
      continue;
    }
    for (const std::string& word : state_->pre_tokenizer.Words(piece.text)) {
      state_->bpe.EncodeWord(word, &ids, &stats->dropped_bytes);
    }
  }
  return ids;
}

std::string Tokenizer::Decode(std::span<const int32_t> ids, bool skip_special) const {
  std::string bytes;
  for (const int32_t id : ids) {
    if (id < 0 || id >= vocabulary_size()) continue;
    const State::Entry& entry = state_->entries[id];
    if (!(skip_special && entry.special)) bytes += entry.bytes;
  }
  return ReplaceInvalidUtf8(bytes);
}

int32_t Tokenizer::vocabulary_size() const { return static_cast<int32_t>(state_->entries.size()); }

std::optional<int32_t> Tokenizer::TokenId(std::string_view token) const {
  const auto found = state_->ids.find(std::string(token));
  if (found == state_->ids.end()) return std::nullopt;
  return found->second;
}

std::optional<int32_t> Tokenizer::eos() const { return state_->eos; }

}  // namespace cohort
