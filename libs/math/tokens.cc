#include "libs/math/tokens.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "libs/math/symbols.h"
#include "libs/math/wrapping.h"

namespace cohort {
namespace {

constexpr size_t kNpos = std::string_view::npos;
constexpr int kMaxTextDepth = 8;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// A tie of LaTeX is white space.
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~'; }

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

class Lexer {
 public:
  Lexer(std::string_view text, DecimalComma decimal_comma, std::vector<Token>* tokens)
      : text_(text), decimal_comma_(decimal_comma), tokens_(tokens) {}

  Status Run(int text_depth) {
    text_depth_ = text_depth;
    while (at_ < text_.size()) COHORT_RETURN_IF_ERROR(Step());
    return {};
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool StartsWith(std::string_view prefix) const {
    return text_.substr(at_, prefix.size()) == prefix;
  }

  Token& Push(Token::Kind kind, std::string_view text) {
    Token& token = tokens_->emplace_back();
    token.kind = kind;
    token.text = text;
    token.space_before = std::exchange(space_, false);
    token.in_text = text_depth_ > 0;
    return token;
  }
  void PushSign(std::string_view sign) {
    if (sign == "(" || sign == "[" || sign == "\\{" || sign == "<<") ++brackets_;
    if (sign == ")" || sign == "]" || sign == "\\}" || sign == ">>") --brackets_;
    Push(Token::Kind::kSign, sign);
  }

  Status Step() {
    const char c = Peek();
    if (IsSpace(c)) {
      space_ = true;
      ++at_;
      return {};
    }
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1))) || AtRepetend()) return ReadNumber();
    if (IsLetter(c)) return ReadWord();
    if (c == '\\') return ReadCommand();
    if (static_cast<unsigned char>(c) >= 0x80) return ReadUnicode();
    return ReadSign();
  }

  // How many characters stand between a digit and three more that belong to the same number; 0 when
  // the number ends here.
  size_t ThousandsSeparator(std::string_view kind) const {
    const size_t behind = at_ + kind.size();
    if (!StartsWith(kind) || behind + 3 > text_.size()) return 0;
    if (!AllDigits(text_.substr(behind, 3))) return 0;
    if (behind + 3 < text_.size() && IsDigit(text_[behind + 3])) return 0;
    return kind.size();
  }

  static constexpr std::string_view kThousands[] = {
      ",", "{,}", ",\\!", ",\\! ", "\\,", "\\ ", "\\!", "~", " ", "\u00a0", "\u2009", "\u202f"};

  void ReadGroups(std::string* digits) {
    if (digits->size() > 3 || (*digits)[0] == '0') return;
    for (const std::string_view kind : kThousands) {
      if (kind == "," && brackets_ > 0) continue;  // in brackets a comma separates
      size_t skip = ThousandsSeparator(kind);
      if (skip == 0) continue;
      while (skip > 0) {
        *digits += text_.substr(at_ + skip, 3);
        at_ += skip + 3;
        skip = ThousandsSeparator(kind);
      }
      return;
    }
  }

  std::string_view TakeDigits() {
    const size_t start = at_;
    while (IsDigit(Peek())) ++at_;
    return text_.substr(start, at_ - start);
  }

  // What a bar or a dot marks as repeating behind the decimals; empty when there is none.
  std::string_view TakeRepetend() {
    for (const std::string_view bar : {"\\overline", "\\bar", "\\dot"}) {
      if (!StartsWith(bar)) continue;
      size_t start = at_ + bar.size();
      size_t end = start + 1;
      const bool group = start < text_.size() && text_[start] == '{';
      if (group) end = text_.find('}', ++start);
      if (end > text_.size() || !AllDigits(text_.substr(start, end - start))) return {};
      if (bar == "\\dot" && end - start > 1) return {};  // marks one digit
      at_ = group ? end + 1 : end;
      return text_.substr(start, end - start);
    }
    return {};
  }
  bool AtRepetend() const {
    return StartsWith(".\\overline") || StartsWith(".\\bar") || StartsWith(".\\dot");
  }

  Status ReadNumber() {
    std::string whole(TakeDigits());
    ReadGroups(&whole);
    std::string_view decimals;
    std::string_view repetend;
    bool has_point = false;
    const bool comma = Peek() == ',' && decimal_comma_ == DecimalComma::kAccepted &&
                       IsDigit(Peek(1)) && brackets_ == 0;
    if ((Peek() == '.' && Peek(1) != '.') || comma) {
      has_point = true;
      ++at_;
      decimals = TakeDigits();
      repetend = TakeRepetend();
    }
    Token& token = Push(Token::Kind::kNumber, "");
    token.number = DigitsValue(whole.empty() ? "0" : whole);
    if (!decimals.empty()) {
      token.number =
          token.number + DigitsValue(decimals) * PowerOfTen(-static_cast<long>(decimals.size()));
    }
    if (!repetend.empty()) {
      const auto length = static_cast<long>(repetend.size());
      token.number = token.number + DigitsValue(repetend) / (PowerOfTen(length) - Rational(1)) *
                                        PowerOfTen(-static_cast<long>(decimals.size()));
    } else if (!decimals.empty()) {
      token.decimals = static_cast<int>(decimals.size());
      const std::string all = whole + std::string(decimals);
      token.significant =
          static_cast<int>(all.size() - std::min(all.find_first_not_of('0'), all.size()));
    }
    if (!has_point) token.text = whole;
    return ReadExponent(&token);
  }

  // The e+03 of 1.5e+03.
  Status ReadExponent(Token* token) {
    if (Peek() != 'e' && Peek() != 'E') return {};
    size_t digits_at = 1;
    const bool negative = Peek(1) == '-';
    if (negative || Peek(1) == '+') digits_at = 2;
    if (!IsDigit(Peek(digits_at))) return {};
    at_ += digits_at;
    const std::string_view digits = TakeDigits();
    if (digits.size() > 4) return ResourceExhausted("a number's exponent is too large");
    long exponent = 0;
    for (const char digit : digits) exponent = exponent * 10 + (digit - '0');
    token->number = token->number * PowerOfTen(negative ? -exponent : exponent);
    token->text.clear();
    token->decimals =
        std::max(0, token->decimals - static_cast<int>(negative ? -exponent : exponent));
    return {};
  }

  Status ReadWord() {
    const size_t start = at_;
    while (IsLetter(Peek()) ||
           (text_depth_ > 0 && start < at_ && Peek() == '\'' && IsLetter(Peek(1))))
      ++at_;
    Push(Token::Kind::kWord, text_.substr(start, at_ - start));
    return {};
  }

  Status ReadSign() {
    static constexpr std::pair<std::string_view, std::string_view> kLong[] = {
        {"**", "^"}, {"<=", "<="},  {">=", ">="},       {"!=", "!="},
        {"==", "="}, {"+/-", "+-"}, {"...", "ellipsis"}};
    for (const auto& [written, sign] : kLong) {
      if (!StartsWith(written)) continue;
      at_ += written.size();
      PushSign(sign);
      return {};
    }
    const char c = Peek();
    if (c == '$' && SkipMathDelimiter()) return {};
    if (std::strchr("+-*/^_()[]{}|,;:=<>!%$&'.?", c) == nullptr || c == '\0') {
      return InvalidArgument("a character that is no mathematics");
    }
    ++at_;
    PushSign(std::string_view(&c, 1));
    return {};
  }

  // A pair of $ in the middle encloses mathematics; a $ alone, or one that would enclose white
  // space at its ends, is money.
  bool SkipMathDelimiter() {
    if (at_ == closing_dollar_) {
      ++at_;
      return true;
    }
    size_t close = at_ + 1;
    while (close < text_.size() && text_[close] != '$') close += text_[close] == '\\' ? 2 : 1;
    if (close >= text_.size() || close == at_ + 1) return false;
    if (IsSpace(text_[at_ + 1]) || IsSpace(text_[close - 1])) return false;
    closing_dollar_ = close;
    ++at_;
    return true;
  }

  Status ReadUnicode() {
    const std::optional<UnicodeSign> sign = FindUnicodeSign(text_.substr(at_));
    if (!sign) return InvalidArgument("a character that is no mathematics");
    at_ += sign->bytes;
    switch (sign->meaning) {
      case UnicodeSign::Meaning::kSpace:
        space_ = true;
        return {};
      case UnicodeSign::Meaning::kSign:
        PushSign(sign->text);
        return {};
      case UnicodeSign::Meaning::kCommand:
        Push(Token::Kind::kCommand, sign->text);
        return {};
      case UnicodeSign::Meaning::kName:
        Push(Token::Kind::kName, sign->text);
        return {};
      case UnicodeSign::Meaning::kFraction: {
        Token& token = Push(Token::Kind::kNumber, "");
        token.number =
            Rational(sign->text[0] - '0', static_cast<unsigned long>(sign->text[1] - '0'));
        token.vulgar = true;
        return {};
      }
      case UnicodeSign::Meaning::kRaised:
      case UnicodeSign::Meaning::kLowered:
        return ReadRaised(*sign);
    }
    return {};
  }

  // x²³ is x^{23}: neighbouring small digits make one number.
  Status ReadRaised(const UnicodeSign& first) {
    std::string digits(first.text);
    for (;;) {
      const std::optional<UnicodeSign> next = FindUnicodeSign(text_.substr(at_));
      if (!next || next->meaning != first.meaning) break;
      digits += next->text;
      at_ += next->bytes;
    }
    PushSign(first.meaning == UnicodeSign::Meaning::kRaised ? "^" : "_");
    PushSign("{");
    if (digits[0] == '-') {
      PushSign("-");
      digits.erase(0, 1);
    }
    if (!AllDigits(digits)) return InvalidArgument("a small sign without a number");
    Token& token = Push(Token::Kind::kNumber, digits);
    token.number = DigitsValue(digits);
    PushSign("}");
    return {};
  }

  // The [4pt] behind the end of a row.
  void SkipRowSpace() {
    size_t end = at_ + 1;
    while (end < text_.size() && (IsDigit(text_[end]) || text_[end] == '.')) ++end;
    if (Peek() != '[' || end == at_ + 1 || end + 2 >= text_.size() || text_[end + 2] != ']') return;
    for (const std::string_view unit : {"pt", "em", "ex", "mm", "cm"}) {
      if (text_.substr(end, 2) == unit) at_ = end + 3;
    }
  }

  Status ReadCommand() {
    ++at_;
    if (at_ == text_.size()) return InvalidArgument("a backslash at the end");
    if (!IsLetter(Peek())) {
      const char c = Peek();
      ++at_;
      switch (c) {
        case ',':
        case ';':
        case ':':
        case '!':
        case ' ':
        case '>':
          space_ = space_ || c != '!';
          return {};
        case '\\':
          PushSign("\\\\");
          SkipRowSpace();
          return {};
        case '{':
          PushSign("\\{");
          return {};
        case '}':
          PushSign("\\}");
          return {};
        case '%':
          PushSign("%");
          return {};
        case '$':
          PushSign("$");
          return {};
        case '|':
          PushSign("norm");
          return {};
        case '(':
        case ')':
        case '[':
        case ']':
          return {};  // delimiters in the middle of a text
        default:
          return InvalidArgument(std::string("the command \\") + c);
      }
    }
    const size_t start = at_;
    while (IsLetter(Peek())) ++at_;
    return ApplyCommand(text_.substr(start, at_ - start));
  }

  Status ApplyCommand(std::string_view name) {
    const std::optional<LatexCommand> command = FindLatexCommand(name);
    if (!command) return InvalidArgument("the command \\" + std::string(name));
    switch (command->meaning) {
      case LatexCommand::Meaning::kSpace:
        space_ = true;
        return {};
      case LatexCommand::Meaning::kNothing:
        if ((name == "left" || name == "right") && Peek() == '.') ++at_;
        return {};
      case LatexCommand::Meaning::kSign:
        PushSign(command->text);
        return {};
      case LatexCommand::Meaning::kCommand:
        Push(Token::Kind::kCommand, command->text);
        return {};
      case LatexCommand::Meaning::kWord:
        Push(Token::Kind::kWord, command->text);
        return {};
      case LatexCommand::Meaning::kName:
        Push(Token::Kind::kName, command->text);
        return {};
      case LatexCommand::Meaning::kUnsupported:
        return FailedPrecondition("\\" + std::string(name) + " is not computed");
      case LatexCommand::Meaning::kEnvironment:
      case LatexCommand::Meaning::kText:
      case LatexCommand::Meaning::kRoman:
      case LatexCommand::Meaning::kDecoration:
      case LatexCommand::Meaning::kBoard:
        return ApplyCommandOnGroup(*command, name);
    }
    return {};
  }

  Status ApplyCommandOnGroup(const LatexCommand& command, std::string_view name) {
    while (IsSpace(Peek())) ++at_;
    std::string_view group;
    if (Peek() == '{') {
      const size_t end = MatchingBrace(text_, at_);
      if (end == kNpos) return InvalidArgument("a brace is not closed");
      group = text_.substr(at_ + 1, end - at_ - 2);
      at_ = end;
    } else if (IsLetter(Peek())) {
      group = text_.substr(at_++, 1);
    } else {
      return InvalidArgument("\\" + std::string(name) + " without its argument");
    }
    switch (command.meaning) {
      case LatexCommand::Meaning::kEnvironment:
        Push(Token::Kind::kCommand, std::string(name) + ":" + std::string(group));
        return {};
      case LatexCommand::Meaning::kBoard:
        if (group != "R")
          return InvalidArgument("the set \\mathbb{" + std::string(group.substr(0, 8)) + "}");
        Push(Token::Kind::kCommand, "reals");
        return {};
      case LatexCommand::Meaning::kDecoration:
        Push(Token::Kind::kName, std::string(name) + " " + std::string(group));
        return {};
      default:
        return ReadText(group, command.meaning == LatexCommand::Meaning::kRoman);
    }
  }

  Status ReadText(std::string_view group, bool roman) {
    if (text_depth_ >= kMaxTextDepth) return ResourceExhausted("text inside text too deep");
    // \mathrm{e} and \mathrm{lcm} are mathematics in upright letters.
    const bool constant = group == "e" || group == "i";
    const bool mathematics = roman && (constant || IsFunctionName(group));
    Lexer inner(group, decimal_comma_, tokens_);
    inner.space_ = space_;
    inner.brackets_ = brackets_;
    COHORT_RETURN_IF_ERROR(inner.Run(mathematics ? text_depth_ : text_depth_ + 1));
    space_ = inner.space_;
    brackets_ = inner.brackets_;
    return {};
  }

  std::string_view text_;
  DecimalComma decimal_comma_;
  std::vector<Token>* tokens_;
  size_t at_ = 0;
  int text_depth_ = 0;
  int brackets_ = 0;
  size_t closing_dollar_ = kNpos;
  bool space_ = false;
};

}  // namespace

Result<std::vector<Token>> ReadTokens(std::string_view text, DecimalComma decimal_comma) {
  std::vector<Token> tokens;
  tokens.reserve(16);
  COHORT_RETURN_IF_ERROR(Lexer(text, decimal_comma, &tokens).Run(0));
  tokens.emplace_back();
  return tokens;
}

}  // namespace cohort
