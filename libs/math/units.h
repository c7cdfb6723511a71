// Units behind a number: measures that convert into each other, and plain words such as "apples".
// The conventions are those of docs/math_equality.md. Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/math/rational.h"

namespace cohort {

// Powers of metre, kilogram, second, degree of angle, dollar; the scales of temperature each for
// itself, since they do not convert by a factor.
inline constexpr size_t kBaseUnits = 8;
using Dimensions = std::array<int8_t, kBaseUnits>;

struct Unit {
  enum class Kind : uint8_t { kNone, kPercent, kMeasure, kWords };

  Kind kind = Kind::kNone;
  Dimensions dimensions{};        // of a measure
  Rational factor = Rational(1);  // of a measure, in base units
  bool radians = false;           // a measure of angle whose factor is 180/π besides
  std::string words;              // in lower case and singular

  bool operator==(const Unit&) const = default;
};

// One word of a unit as written, with the power behind it and whether "/" or "per" is in front.
struct UnitWord {
  std::string word;
  int power = 1;
  bool has_power = false;
  bool below = false;
  bool joined = false;  // to the number, as in 5cm
};

// Nothing when these words are no unit: neither measures nor one to three plain words that say
// nothing about the number.
std::optional<Unit> ReadUnit(const std::vector<UnitWord>& words);

// The measure of this name, as "cm" or "hours"; abbreviations are case-sensitive.
std::optional<Unit> FindMeasure(std::string_view name);

Unit DegreeUnit();
Unit PercentUnit();

// 10^3, 10^6 or 10^9 for "thousand", "million", "billion"; nothing for another word.
std::optional<Rational> NumberWord(std::string_view word);

std::string LowerCase(std::string_view word);

}  // namespace cohort
