#include "libs/tokenizer/pre_tokenizer.h"

#include <utility>

namespace cohort {
namespace {

// GPT-2's word borders.
constexpr std::string_view kByteLevelWords =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

void CutPiece(const Pattern& pattern, bool keep_matches, bool keep_between, std::string_view piece,
              std::vector<std::string_view>* pieces) {
  const auto add = [&](size_t begin, size_t end) {
    if (begin < end) pieces->push_back(piece.substr(begin, end - begin));
  };
  Pattern::Search search(pattern, piece);
  size_t done = 0;
  while (const auto match = search.Next()) {
    if (keep_between) add(done, match->begin);
    if (keep_matches) add(match->begin, match->end);
    done = match->end;
  }
  if (keep_between) add(done, piece.size());
}

}  // namespace

Result<PreTokenizer> PreTokenizer::Make(const std::vector<PreTokenizerStage>& stages) {
  PreTokenizer made;
  bool bytes = false;
  for (const PreTokenizerStage& stage : stages) {
    if (bytes) return InvalidArgument("ByteLevel is not the last stage; remove what follows it");
    if (const auto* digits = std::get_if<DigitsStage>(&stage)) {
      COHORT_ASSIGN_OR_RETURN(Pattern pattern,
                              Pattern::Compile(digits->individual_digits ? "\\p{N}" : "\\p{N}+"));
      made.cuts_.push_back({std::move(pattern), /*keep_matches=*/true, /*keep_between=*/true});
    } else if (const auto* split = std::get_if<SplitStage>(&stage)) {
      COHORT_ASSIGN_OR_RETURN(Pattern pattern, split->is_literal
                                                   ? Pattern::Literal(split->pattern)
                                                   : Pattern::Compile(split->pattern));
      const bool removed = split->behavior == SplitBehavior::kRemoved;
      made.cuts_.push_back(
          {std::move(pattern), !removed || split->invert, !removed || !split->invert});
    } else {
      const auto& byte_level = std::get<ByteLevelStage>(stage);
      bytes = true;
      made.add_prefix_space_ = byte_level.add_prefix_space;
      if (byte_level.use_regex) {
        COHORT_ASSIGN_OR_RETURN(Pattern pattern, Pattern::Compile(kByteLevelWords));
        made.byte_level_words_ = std::move(pattern);
      }
    }
  }
  if (!bytes) return InvalidArgument("no ByteLevel stage: only byte-level BPE is supported");
  return made;
}

std::vector<std::string> PreTokenizer::Words(std::string_view text) const {
  std::vector<std::string_view> pieces{text};
  for (const Cut& cut : cuts_) {
    std::vector<std::string_view> smaller;
    for (const std::string_view piece : pieces) {
      CutPiece(cut.pattern, cut.keep_matches, cut.keep_between, piece, &smaller);
    }
    pieces = std::move(smaller);
  }

  std::vector<std::string> words;
  std::string spaced;
  std::vector<std::string_view> cut;
  for (std::string_view piece : pieces) {
    if (piece.empty()) continue;
    if (add_prefix_space_ && piece.front() != ' ') {
      spaced.assign(1, ' ').append(piece);
      piece = spaced;
    }
    if (!byte_level_words_) {
      words.emplace_back(piece);
      continue;
    }
    cut.clear();
    CutPiece(*byte_level_words_, /*keep_matches=*/true, /*keep_between=*/true, piece, &cut);
    words.insert(words.end(), cut.begin(), cut.end());
  }
  return words;
}

}  // namespace cohort
