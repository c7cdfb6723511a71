#include "libs/math/counted_words.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace cohort {
namespace {

using WordSet = std::unordered_set<std::string_view>;

// Separated by spaces.
WordSet Words(std::string_view text) {
  WordSet words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    words.insert(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

constexpr std::string_view kNumerals =
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty "
    "ninety hundred thousand million billion trillion quadrillion quintillion sextillion lakh "
    "crore myriad googol dozen score gross pair couple single double triple quadruple once "
    "twice thrice kilo mega giga milli micro nano";

constexpr std::string_view kParts =
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "hundredth thousandth millionth billionth trillionth half halve quarter percent";

// In the plural some of them are things: squares, points, roots.
constexpr std::string_view kOperators =
    "plus minus times over divided multiplied added subtracted equals equal factorial choose "
    "mod modulo modulus root square squared cube cubed cubic power exponent raised log "
    "logarithm sine cosine tangent base inverse reciprocal negative positive opposite remainder "
    "absolute conjugate sum product difference quotient point decimal fraction percentage per "
    "and or halved doubled tripled quadrupled radical subscript superscript transpose "
    "transposed complement";

constexpr std::string_view kDoubts =
    "not no none nor never neither either but if is are was except yes true false right wrong "
    "correct incorrect invalid maybe perhaps possibly so ish about around up to than least most "
    "more less fewer below above under between from until through that this these those which "
    "because then where when for with without within oops wait sorry rather instead else "
    "otherwise other another also only just even odd prime composite undefined unknown infinite "
    "infinity each almost via hence thus unless though although versus greater larger smaller "
    "bigger higher lower repeating recurring missing cancelled reversed ignored neg pos nil "
    "null nan fold nope error non cannot fail impossible guess whatever lie lies umm negated "
    "fails errors guesses logs percentages minuses unclear inverted rounded after rounding plusone "
    "onehalf "
    "teen grand thou";

// Of other bases, prefixes of size, and letters of mathematics spelled out.
constexpr std::string_view kNotations =
    "binary octal hexadecimal hex oct bin tera deca deci peta pico permille basis minuse minus "
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron rho sigma "
    "tau upsilon phi chi psi omega";

// Words in "ly" that are none of the adverbs, which speak about the number.
constexpr std::string_view kThingsInLy =
    "family butterfly dragonfly firefly jelly lily ally belly assembly monopoly bully pony";

// Two letters are more often a product than a unit.
constexpr std::string_view kShort = "am pm hz kw mw gb mb kb cc";

bool EndsWith(std::string_view word, std::string_view end) {
  return word.size() > end.size() && word.substr(word.size() - end.size()) == end;
}

bool IsPartOfTheNumber(std::string_view word) {
  static const WordSet numerals = Words(kNumerals);
  static const WordSet parts = Words(kParts);
  return numerals.count(word) > 0 || parts.count(word) > 0 || EndsWith(word, "teenth") ||
         EndsWith(word, "tieth") || EndsWith(word, "fold");
}

bool SpeaksOfTheNumber(std::string_view word) {
  static const WordSet operators = Words(kOperators);
  static const WordSet doubts = Words(kDoubts);
  static const WordSet things = Words(kThingsInLy);
  static const WordSet notations = Words(kNotations);
  // "untrue", but no units, unions and uncles.
  if (word.size() > 4 && word.substr(0, 2) == "un" && word[2] != 'i' && word.substr(2, 3) != "cle")
    return true;
  return notations.count(word) > 0 || operators.count(word) > 0 || doubts.count(word) > 0 ||
         (EndsWith(word, "ly") && things.count(word) == 0);
}

}  // namespace

bool IsCountable(std::string_view word) {
  static const WordSet short_words = Words(kShort);
  if (word.size() < 3) return short_words.count(word) > 0;
  return word.find_first_of("aeiou") != std::string_view::npos && !SpeaksOfTheNumber(word) &&
         !IsPartOfTheNumber(word) && !IsPartOfTheNumber(Singular(word));
}

std::string Singular(std::string_view word) {
  static const std::unordered_map<std::string_view, std::string_view> irregular = {
      {"people", "person"}, {"men", "man"},   {"women", "woman"}, {"children", "child"},
      {"halves", "half"},   {"sixes", "six"}, {"feet", "foot"},   {"mice", "mouse"}};
  if (const auto found = irregular.find(word); found != irregular.end())
    return std::string(found->second);
  const auto without = [word](size_t letters) {
    return std::string(word.substr(0, word.size() - letters));
  };
  if (word.size() > 4) {
    if (EndsWith(word, "ies")) return without(3) + "y";
    if (EndsWith(word, "ie")) return without(2) + "y";
  }
  for (const std::string_view end : {"ches", "shes", "xes", "ses"}) {
    if (EndsWith(word, end)) return without(2);
  }
  if (EndsWith(word, "se") && word.size() > 3) return without(1);
  if (word.size() > 3 && word.back() == 's' && !EndsWith(word, "ss")) return without(1);
  return std::string(word);
}

}  // namespace cohort
