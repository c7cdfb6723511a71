#include "reward_workers/judge/rubric.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "libs/base/digest.h"
#include "libs/base/files.h"

namespace cohort {
namespace {

const std::vector<std::string_view>& Places(bool pairwise) {
  static const std::vector<std::string_view> pointwise = {"question", "response", "reference"};
  static const std::vector<std::string_view> pair = {"question", "response_a", "response_b"};
  return pairwise ? pair : pointwise;
}

std::string InWords(const std::vector<std::string_view>& places) {
  std::string words;
  for (size_t i = 0; i < places.size(); ++i) {
    if (i > 0) words += i + 1 < places.size() ? ", " : " and ";
    words += "{" + std::string(places[i]) + "}";
  }
  return words;
}

// The word in braces with which a text starts; nothing where it does not.
std::optional<std::string_view> WordInBraces(std::string_view text) {
  if (!text.starts_with('{')) return std::nullopt;
  size_t end = 1;
  while (end < text.size() &&
         (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_')) {
    ++end;
  }
  if (end == 1 || end >= text.size() || text[end] != '}') return std::nullopt;
  if (std::isdigit(static_cast<unsigned char>(text[1]))) return std::nullopt;
  return text.substr(1, end - 1);
}

// What a rubric starts with: a place, a word whose braces are doubled, or any letter.
struct Start {
  bool place = false;
  std::string_view text;
  size_t bytes = 0;
};

Start StartOf(std::string_view rubric) {
  if (const auto word = WordInBraces(rubric)) return {true, *word, word->size() + 2};
  if (rubric.starts_with('{')) {
    const auto word = WordInBraces(rubric.substr(1));
    if (word && rubric.substr(word->size() + 3).starts_with('}')) {
      return {false, rubric.substr(1, word->size() + 2), word->size() + 4};
    }
  }
  return {false, rubric.substr(0, 1), 1};
}

// A mark that none of the texts contains: of their digest, and where one contains that, of the
// next.
std::string MarkFor(const Rubric::Texts& texts) {
  Digester digester;
  for (const auto& [place, text] : texts) {
    const uint64_t bytes = text.size();
    digester.Add(&bytes, sizeof(bytes));
    digester.Add(text.data(), text.size());
  }
  for (;;) {
    std::string mark = digester.Finish().ToString();
    const bool inside = std::ranges::any_of(
        texts, [&](const auto& text) { return text.second.find(mark) != std::string::npos; });
    if (!inside) return mark;
    digester.Add(mark.data(), mark.size());
  }
}

std::string Upper(std::string_view place) {
  std::string upper;
  for (const char c : place) {
    upper += c == '_' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return upper;
}

void EndLine(std::string& text) {
  if (!text.empty() && text.back() != '\n') text += '\n';
}

}  // namespace

Result<Rubric> Rubric::Parse(std::string_view text, bool pairwise) {
  if (text.size() > kMaxRubricBytes) {
    return InvalidArgument("it has " + std::to_string(text.size()) + " bytes, and may have " +
                           std::to_string(kMaxRubricBytes) + "; shorten it");
  }
  const std::vector<std::string_view>& places = Places(pairwise);
  Rubric rubric;
  std::string plain;
  for (size_t at = 0; at < text.size();) {
    const Start start = StartOf(text.substr(at));
    if (!start.place) {
      plain += start.text;
    } else if (std::ranges::find(places, start.text) == places.end()) {
      const auto line = 1 + std::count(text.begin(), text.begin() + at, '\n');
      const std::string word(start.text);
      return InvalidArgument("line " + std::to_string(line) + ": {" + word + "} is unknown; a " +
                             (pairwise ? "pairwise" : "pointwise") + " rubric knows " +
                             InWords(places) + "; write {{" + word + "}} for these letters");
    } else {
      rubric.pieces_.push_back({false, std::exchange(plain, {})});
      rubric.pieces_.push_back({true, std::string(start.text)});
    }
    at += start.bytes;
  }
  rubric.pieces_.push_back({false, std::move(plain)});
  for (const std::string_view place : places) {
    if (place.starts_with("response") && !rubric.Asks(place)) {
      return InvalidArgument("it has no {" + std::string(place) +
                             "}; write it where the judge is to read what it judges");
    }
  }
  return rubric;
}

Result<Rubric> Rubric::Read(const std::string& path, bool pairwise) {
  const Result<std::string> text = ReadFile(path);
  if (!text.ok()) {
    return Status(text.status().code(),
                  text.status().message() + "; let rubric name a text file that is there");
  }
  Result<Rubric> rubric = Parse(*text, pairwise);
  if (!rubric.ok()) return rubric.status().WithContext("rubric " + path);
  return rubric;
}

bool Rubric::Asks(std::string_view place) const {
  return std::ranges::any_of(
      pieces_, [&](const Piece& piece) { return piece.place && piece.text == place; });
}

Rubric::Filled Rubric::Fill(const Texts& texts) const {
  Filled filled;
  filled.mark = MarkFor(texts);
  for (const Piece& piece : pieces_) {
    if (!piece.place) {
      // The lines with the mark stand for themselves.
      if (!filled.text.empty() && !piece.text.empty() && piece.text[0] != '\n') {
        filled.text += '\n';
      }
      filled.text += piece.text;
      continue;
    }
    EndLine(filled.text);
    const std::string fence = Upper(piece.text) + " " + filled.mark + ">>>";
    filled.text += "<<<" + fence + "\n";
    if (const auto found = texts.find(piece.text); found != texts.end()) {
      filled.text += found->second;
    }
    EndLine(filled.text);
    filled.text += "<<<END OF " + fence;
  }
  EndLine(filled.text);
  return filled;
}

}  // namespace cohort
