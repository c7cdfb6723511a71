// A regular expression of a tokenizer file, read as Hugging Face's engine (Oniguruma) reads it.
//
// PCRE2 does the work. Where the two engines differ, the pattern is rewritten (\s is Unicode's
// White_Space) or refused (\w, \h, ^, nested sets, …): never silently something else. Character
// properties are those of PCRE2's Unicode version (14 in 10.42). Immutable; thread-safe; movable.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace cohort {

class Pattern {
 public:
  struct Span {
    size_t begin = 0;  // byte offsets into the subject
    size_t end = 0;
  };

  // Fails with the place and the reason.
  static Result<Pattern> Compile(std::string_view expression);
  // Matches the text itself.
  static Result<Pattern> Literal(std::string_view text);

  // Finds matches in one subject, left to right. Belongs to one thread.
  class Search {
   public:
    // The pattern and the subject (well-formed UTF-8) outlive the search.
    Search(const Pattern& pattern, std::string_view subject);
    ~Search();
    Search(const Search&) = delete;
    Search& operator=(const Search&) = delete;

    // The next match that is not empty. A pattern that exceeds the engine's limits on this subject
    // ends the search early.
    std::optional<Span> Next();

   private:
    struct State;
    std::unique_ptr<State> state_;
  };

 private:
  struct Code;
  explicit Pattern(std::shared_ptr<const Code> code) : code_(std::move(code)) {}
  static Result<Pattern> CompileWith(std::string_view expression, uint32_t options);

  std::shared_ptr<const Code> code_;
};

// The rewritten expression: what Compile gives to PCRE2.
Result<std::string> TranslateOnigurumaPattern(std::string_view expression);

}  // namespace cohort
