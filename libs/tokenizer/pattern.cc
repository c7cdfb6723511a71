#include "libs/tokenizer/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <utility>

namespace cohort {

struct Pattern::Code {
  pcre2_code* compiled = nullptr;
  ~Code() { pcre2_code_free(compiled); }
};

struct Pattern::Search::State {
  std::shared_ptr<const Code> code;
  std::string_view subject;
  size_t offset = 0;
  pcre2_match_data* match = nullptr;
  ~State() { pcre2_match_data_free(match); }
};

Result<std::string> TranslateOnigurumaPattern(std::string_view expression) {
  constexpr std::string_view kSameEscapes = "dDpPnrtfx";
  const auto refuse = [&](size_t at, std::string_view what) {
    return InvalidArgument("pattern '" + std::string(expression) + "', byte " + std::to_string(at) +
                           ": " + std::string(what) + " is not supported; rewrite the pattern");
  };
  std::string translated;
  bool in_set = false;
  for (size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (c == '\\') {
      if (i + 1 == expression.size()) return refuse(i, "a trailing backslash");
      const char escaped = expression[++i];
      const bool alphanumeric = (escaped >= '0' && escaped <= '9') ||
                                (escaped >= 'A' && escaped <= 'Z') ||
                                (escaped >= 'a' && escaped <= 'z');
      if (escaped == 's') {
        translated += "\\p{White_Space}";
      } else if (escaped == 'S') {
        translated += "\\P{White_Space}";
      } else if (!alphanumeric || kSameEscapes.find(escaped) != std::string_view::npos) {
        translated += {c, escaped};
      } else {
        return refuse(i - 1, std::string("\\") + escaped);
      }
      continue;
    }
    if (in_set) {
      if (c == '[') return refuse(i, "a set inside a set");
      if (expression.substr(i, 2) == "&&") return refuse(i, "an intersection of sets");
      if (c == ']') in_set = false;
    } else if (c == '[') {
      in_set = true;
      translated += c;
      if (expression.substr(i + 1, 1) == "^") translated += expression[++i];
      if (expression.substr(i + 1, 1) == "]") return refuse(i + 1, "']' as the first of a set");
      continue;
    } else if (c == '^' || c == '$') {
      return refuse(i, std::string("the anchor ") + c);
    }
    translated += c;
  }
  return translated;
}

Result<Pattern> Pattern::Compile(std::string_view expression) {
  COHORT_ASSIGN_OR_RETURN(const std::string translated, TranslateOnigurumaPattern(expression));
  return CompileWith(translated, PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C);
}

Result<Pattern> Pattern::Literal(std::string_view text) { return CompileWith(text, PCRE2_LITERAL); }

Result<Pattern> Pattern::CompileWith(std::string_view expression, uint32_t options) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto code = std::make_shared<Code>();
  code->compiled = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
                                 options | PCRE2_UTF, &error, &offset, nullptr);
  if (code->compiled == nullptr) {
    PCRE2_UCHAR reason[256] = {};
    pcre2_get_error_message(error, reason, sizeof(reason));
    return InvalidArgument("pattern '" + std::string(expression) + "', byte " +
                           std::to_string(offset) + ": " + reinterpret_cast<const char*>(reason));
  }
  // Without a just-in-time compiler on this machine the interpreter runs: slower, the same matches.
  (void)pcre2_jit_compile(code->compiled, PCRE2_JIT_COMPLETE);
  return Pattern(std::move(code));
}

Pattern::Search::Search(const Pattern& pattern, std::string_view subject)
    : state_(std::make_unique<State>()) {
  state_->code = pattern.code_;
  state_->subject = subject;
  state_->match = pcre2_match_data_create_from_pattern(pattern.code_->compiled, nullptr);
}

Pattern::Search::~Search() = default;

std::optional<Pattern::Span> Pattern::Search::Next() {
  State& s = *state_;
  const auto subject = reinterpret_cast<PCRE2_SPTR>(s.subject.data());
  const auto match = [&](uint32_t options) {
    return pcre2_match(s.code->compiled, subject, s.subject.size(), s.offset,
                       options | PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, s.match, nullptr);
  };
  if (s.match == nullptr || s.offset >= s.subject.size()) return std::nullopt;
  int found = match(0);
  if (found == PCRE2_ERROR_JIT_STACKLIMIT) found = match(PCRE2_NO_JIT);
  if (found < 0) {
    s.offset = s.subject.size();
    return std::nullopt;
  }
  const PCRE2_SIZE* span = pcre2_get_ovector_pointer(s.match);
  s.offset = span[1];
  return Span{span[0], span[1]};
}

}  // namespace cohort
