#include "libs/math/words.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "libs/math/symbols.h"
#include "libs/math/units.h"
#include "libs/math/wrapping.h"

namespace cohort {
namespace {

bool IsSeparator(std::string_view word) { return word == "and" || word == "or"; }

// Greek letters and constants spelled out in plain text.
std::string_view SpelledOut(std::string_view word, Token::Kind* kind) {
  *kind = Token::Kind::kCommand;
  if (word == "pi" || word == "Pi") return "pi";
  if (word == "inf" || word == "infty" || word == "infinity" || word == "Infinity") return "infty";
  *kind = Token::Kind::kName;
  for (const std::string_view letter :
       {"theta", "alpha", "beta", "gamma", "lambda", "phi", "omega"}) {
    if (word == letter) return letter;
  }
  return {};
}

class Sorter {
 public:
  Sorter(const std::vector<std::string>* symbols, std::vector<Token>* tokens)
      : symbols_(symbols), tokens_(tokens) {}

  void Run() {
    std::vector<Token> sorted;
    sorted.reserve(tokens_->size());
    only_letters_ = std::all_of(tokens_->begin(), tokens_->end(), [](const Token& token) {
      return token.kind == Token::Kind::kWord || token.kind == Token::Kind::kEnd ||
             token.text == ".";
    });
    for (size_t at = 0; at < tokens_->size(); ++at) {
      Token& token = (*tokens_)[at];
      if (token.kind != Token::Kind::kWord) {
        sorted.push_back(std::move(token));
      } else if (IsUnionSign(token, sorted, at + 1)) {
        token.kind = Token::Kind::kSign;
        token.text = "cup";
        sorted.push_back(std::move(token));
      } else if (IsRateWord(token, at + 1)) {
        token.text = "per";
        sorted.push_back(std::move(token));
      } else {
        const bool called = at + 1 < tokens_->size() && IsSign((*tokens_)[at + 1], "(");
        Sort(std::move(token), called, &sorted);
      }
    }
    *tokens_ = std::move(sorted);
  }

 private:
  static bool IsSign(const Token& token, std::string_view sign) {
    return token.kind == Token::Kind::kSign && token.text == sign;
  }

  // (-∞,-1) U (1,∞)
  bool IsUnionSign(const Token& word, const std::vector<Token>& before, size_t next) const {
    if (word.text != "U" || word.in_text || before.empty()) return false;
    const Token& behind = (*tokens_)[std::min(next, tokens_->size() - 1)];
    return (IsSign(before.back(), ")") || IsSign(before.back(), "]")) &&
           (IsSign(behind, "(") || IsSign(behind, "["));
  }

  // The second word of "dollars a day".
  bool IsRateWord(const Token& word, size_t next) const {
    if ((word.text != "a" && word.text != "an") || !word.space_before || IsSymbol('a'))
      return false;
    const Token& behind = (*tokens_)[std::min(next, tokens_->size() - 1)];
    return behind.kind == Token::Kind::kWord && behind.text.size() > 1 && FindMeasure(behind.text);
  }

  bool IsSymbol(char letter) const {
    return symbols_ != nullptr && std::find(symbols_->begin(), symbols_->end(),
                                            std::string_view(&letter, 1)) != symbols_->end();
  }

  // Letters that may be variables: all of them are the gold's; up to two in a gold itself.
  bool AreSymbols(std::string_view letters) const {
    if (symbols_ == nullptr) return letters.size() <= 2;
    return std::all_of(letters.begin(), letters.end(),
                       [this](char letter) { return IsSymbol(letter); });
  }

  static bool BehindNumber(const std::vector<Token>& before) {
    return !before.empty() && before.back().kind == Token::Kind::kNumber;
  }

  // The h of km/h.
  static bool BelowMeasure(const std::vector<Token>& before) {
    if (before.size() < 2 || !IsSign(before.back(), "/")) return false;
    const Token& measure = before[before.size() - 2];
    return measure.kind == Token::Kind::kWord && FindMeasure(measure.text);
  }

  // `called`: a round bracket follows.
  void Sort(Token word, bool called, std::vector<Token>* sorted) const {
    if (IsSeparator(word.text)) return sorted->push_back(std::move(word));
    if (word.in_text) return SortText(std::move(word), sorted);
    Token::Kind kind = Token::Kind::kName;
    if (const std::string_view spelled = SpelledOut(word.text, &kind); !spelled.empty()) {
      word.kind = kind;
      word.text = spelled;
      return sorted->push_back(std::move(word));
    }
    const bool unit_place = BehindNumber(*sorted) && (word.space_before || !called);
    if (unit_place && word.text.size() > 1 && FindMeasure(word.text)) {
      return sorted->push_back(std::move(word));
    }
    const std::string_view function = LeadingFunctionName(word.text);
    if (!function.empty() && AreSymbols(std::string_view(word.text).substr(function.size()))) {
      return SplitFunction(std::move(word), function.size(), sorted);
    }
    if (word.text.size() == 1) return SortLetter(std::move(word), sorted);
    if (IsProduct(word, BehindNumber(*sorted))) return SplitLetters(word, sorted);
    sorted->push_back(std::move(word));
  }

  // Upright text is a word, but for a variable that someone set upright.
  void SortText(Token word, std::vector<Token>* sorted) const {
    if (word.text.size() == 1 && !BehindNumber(*sorted) &&
        (symbols_ == nullptr || IsSymbol(word.text[0]))) {
      word.kind = Token::Kind::kName;
    }
    sorted->push_back(std::move(word));
  }

  void SortLetter(Token word, std::vector<Token>* sorted) const {
    const bool unit = symbols_ != nullptr && symbols_->empty() &&
                      (BehindNumber(*sorted) || BelowMeasure(*sorted)) &&
                      FindMeasure(word.text).has_value();
    if (!unit) word.kind = Token::Kind::kName;
    sorted->push_back(std::move(word));
  }

  bool IsProduct(const Token& word, bool behind_number) const {
    const std::string& letters = word.text;
    const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (only_letters_ && symbols_ == nullptr)  // a gold that may be a name, or "No"
      return letters.size() <= 2 && letters != "no" &&
             std::none_of(letters.begin(), letters.end(), is_capital);
    if (symbols_ != nullptr && !symbols_->empty()) {
      const auto known = [this](char c) { return IsSymbol(c) || c == 'i' || c == 'e'; };
      return std::all_of(letters.begin(), letters.end(), known);
    }
    if (symbols_ != nullptr) return false;
    if (behind_number && word.space_before && (letters.size() > 2 || FindMeasure(letters)))
      return false;
    if (behind_number && (FindMeasure(letters) || IsOrdinalEnd(letters))) return false;
    return letters.size() <= 3 && letters != "yes" && letters != "no";
  }

  // The rest of 1st.
  static bool IsOrdinalEnd(std::string_view letters) {
    return letters == "st" || letters == "nd" || letters == "rd" || letters == "th";
  }

  static void SplitFunction(Token word, size_t length, std::vector<Token>* sorted) {
    const std::string rest = word.text.substr(length);
    word.kind = Token::Kind::kCommand;
    word.text.resize(length);
    sorted->push_back(std::move(word));
    Token letters;
    letters.text = rest;
    SplitLetters(letters, sorted);
  }

  static void SplitLetters(const Token& word, std::vector<Token>* sorted) {
    for (size_t i = 0; i < word.text.size(); ++i) {
      Token& letter = sorted->emplace_back();
      letter.kind = Token::Kind::kName;
      letter.text = word.text.substr(i, 1);
      letter.space_before = i == 0 && word.space_before;
    }
  }

  const std::vector<std::string>* symbols_;
  std::vector<Token>* tokens_;
  bool only_letters_ = false;
};

bool IsLetterToken(const Token& token) {
  return token.kind == Token::Kind::kWord && token.text.size() == 1;
}

}  // namespace

void SortWords(const std::vector<std::string>* symbols, std::vector<Token>* tokens) {
  Sorter(symbols, tokens).Run();
}

std::string WordForm(std::string_view text) {
  const Result<std::vector<Token>> read = ReadTokens(WithoutWrapping(text), DecimalComma::kRefused);
  if (!read.ok()) return "";
  std::string form;
  for (size_t i = 0; i < read->size(); ++i) {
    const Token& token = (*read)[i];
    if (token.kind == Token::Kind::kEnd || token.text == ".") continue;
    const bool around_letter = (token.text == "(" && i + 2 < read->size() &&
                                IsLetterToken((*read)[i + 1]) && (*read)[i + 2].text == ")") ||
                               (token.text == ")" && i >= 2 && IsLetterToken((*read)[i - 1]) &&
                                (*read)[i - 2].text == "(");
    if (around_letter) continue;
    if (token.kind == Token::Kind::kNumber && token.text.empty()) return "";
    std::string word = LowerCase(token.text);
    const bool letters = word.find_first_of("abcdefghijklmnopqrstuvwxyz") != std::string::npos;
    if (token.kind == Token::Kind::kCommand || (token.kind == Token::Kind::kSign && letters))
      word.insert(0, "\\");
    if (form.empty() &&
        (word == "the" || word == "an" ||
         (word == "a" && read->size() > 2 && (*read)[i + 1].text != ")" &&
          (*read)[i + 1].kind == Token::Kind::kWord && !IsSeparator((*read)[i + 1].text)))) {
      continue;
    }
    if (!form.empty()) form += ' ';
    form += word;
  }
  return form;
}

bool HasWords(const std::vector<Token>& tokens) {
  return std::any_of(tokens.begin(), tokens.end(), [](const Token& token) {
    return (token.kind == Token::Kind::kWord && !IsSeparator(token.text)) ||
           (token.kind == Token::Kind::kName && token.in_text);
  });
}

}  // namespace cohort
