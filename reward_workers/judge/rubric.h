// What a judge is asked: a text of the user's with places for question, response and reference.
//
// Places are filled in one pass: what stands in a row is never read as a place. Every text of a row
// is put between two lines with a mark that it does not contain, so that no response can forge the
// end of itself. Values; thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

inline constexpr size_t kMaxRubricBytes = 64 << 10;

class Rubric {
 public:
  // The texts of a row by place: "question", "response", "reference"; pairwise "question",
  // "response_a", "response_b".
  using Texts = std::map<std::string, std::string, std::less<>>;

  // `{response}` is a place, `{{response}}` these letters themselves, and so for every word in
  // braces. Fails for a word that is no place, where no response is asked for, and for a text that
  // is too long; the message says the line and the cure.
  static Result<Rubric> Parse(std::string_view text, bool pairwise);
  // The same for a file, with its path in the message.
  static Result<Rubric> Read(const std::string& path, bool pairwise);

  // Whether it has this place.
  bool Asks(std::string_view place) const;

  struct Filled {
    std::string text;
    std::string mark;  // in the lines around each text of the row, and in none of them
  };
  // A place that `texts` does not have stays empty.
  Filled Fill(const Texts& texts) const;

 private:
  struct Piece {
    bool place = false;
    std::string text;  // or the place's name
  };
  std::vector<Piece> pieces_;
};

}  // namespace cohort
