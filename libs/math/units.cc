#include "libs/math/units.h"

#include <algorithm>
#include <unordered_map>

#include "libs/math/counted_words.h"

namespace cohort {
namespace {

enum Base { kMetre, kKilogram, kSecond, kDegree, kDollar, kCelsius, kFahrenheit, kKelvin };

struct Measure {
  std::string_view names;  // separated by spaces
  Base base;
  int power;
  long numerator;
  unsigned long denominator;
};

// Lengths of the inch's family in metres: an inch is 254/10000.
constexpr Measure kMeasures[] = {
    {"m meter meters metre metres", kMetre, 1, 1, 1},
    {"km kilometer kilometers kilometre kilometres", kMetre, 1, 1000, 1},
    {"dm decimeter decimeters", kMetre, 1, 1, 10},
    {"cm centimeter centimeters centimetre centimetres", kMetre, 1, 1, 100},
    {"mm millimeter millimeters millimetre millimetres", kMetre, 1, 1, 1000},
    {"in in. inch inches", kMetre, 1, 254, 10000},
    {"ft ft. foot feet", kMetre, 1, 3048, 10000},
    {"yd yd. yard yards", kMetre, 1, 9144, 10000},
    {"mi mi. mile miles", kMetre, 1, 1609344, 1000},
    {"acre acres", kMetre, 2, 40468564224, 10000000},
    {"hectare hectares ha", kMetre, 2, 10000, 1},
    {"L l liter liters litre litres", kMetre, 3, 1, 1000},
    {"mL ml milliliter milliliters millilitre millilitres", kMetre, 3, 1, 1000000},
    {"gallon gallons gal", kMetre, 3, 3785411784, 1000000000000},
    {"quart quarts qt", kMetre, 3, 946352946, 1000000000000},
    {"pint pints", kMetre, 3, 473176473, 1000000000000},
    {"kg kilogram kilograms", kKilogram, 1, 1, 1},
    {"g gram grams", kKilogram, 1, 1, 1000},
    {"mg milligram milligrams", kKilogram, 1, 1, 1000000},
    {"lb lb. lbs pound pounds", kKilogram, 1, 45359237, 100000000},
    {"oz oz. ounce ounces", kKilogram, 1, 45359237, 1600000000},
    {"ton tons", kKilogram, 1, 90718474, 100000},
    {"s sec secs sec. second seconds", kSecond, 1, 1, 1},
    {"min mins min. minute minutes", kSecond, 1, 60, 1},
    {"h hr hrs hr. hour hours", kSecond, 1, 3600, 1},
    {"day days", kSecond, 1, 86400, 1},
    {"week weeks", kSecond, 1, 604800, 1},
    {"degree degrees deg", kDegree, 1, 1, 1},
    {"dollar dollars USD", kDollar, 1, 1, 1},
    {"cent cents", kDollar, 1, 1, 100},
    {"celsius", kCelsius, 1, 1, 1},
    {"fahrenheit", kFahrenheit, 1, 1, 1},
    {"kelvin kelvins", kKelvin, 1, 1, 1},
};

using MeasureTable = std::unordered_map<std::string_view, Unit>;

const MeasureTable& Measures() {
  static const MeasureTable table = [] {
    MeasureTable made;
    for (const Measure& measure : kMeasures) {
      Unit unit;
      unit.kind = Unit::Kind::kMeasure;
      unit.dimensions[measure.base] = static_cast<int8_t>(measure.power);
      unit.factor = Rational(measure.numerator, measure.denominator);
      std::string_view names = measure.names;
      while (!names.empty()) {
        const size_t end = std::min(names.find(' '), names.size());
        made.emplace(names.substr(0, end), unit);
        names.remove_prefix(std::min(end + 1, names.size()));
      }
    }
    Unit radians = made.at("degree");
    radians.radians = true;
    for (const std::string_view name : {"radian", "radians", "rad"}) made.emplace(name, radians);
    return made;
  }();
  return table;
}

// 2 for "square", 3 for "cubic", else 0.
int PowerWord(std::string_view word) {
  const std::string lower = LowerCase(word);
  if (lower == "square" || lower == "sq" || lower == "sq.") return 2;
  if (lower == "cubic" || lower == "cu") return 3;
  return 0;
}

std::optional<Unit> ReadMeasures(const std::vector<UnitWord>& words) {
  Unit unit;
  unit.kind = Unit::Kind::kMeasure;
  size_t factors = 0;
  for (size_t i = 0; i < words.size(); ++i) {
    int power = words[i].power;
    bool below = words[i].below;
    if (const int from_word = PowerWord(words[i].word); from_word > 0) {
      if (words[i].has_power || i + 1 == words.size() || words[i + 1].has_power) return {};
      power = from_word;
      below = below || words[i + 1].below;
      ++i;
    }
    if (LowerCase(words[i].word) == "mph") {
      unit.dimensions[kMetre] += 1;
      unit.dimensions[kSecond] -= 1;
      unit.factor = unit.factor * Rational(1609344, 3600000);
      if (words[i].has_power || below) return {};
      ++factors;
      continue;
    }
    // "degrees Celsius" is one unit.
    if (factors == 0 && i + 1 < words.size() &&
        (words[i].word == "degrees" || words[i].word == "degree")) {
      const std::optional<Unit> scale = FindMeasure(LowerCase(words[i + 1].word));
      if (scale && (scale->dimensions[kCelsius] != 0 || scale->dimensions[kFahrenheit] != 0)) ++i;
    }
    const std::optional<Unit> measure = FindMeasure(words[i].word);
    if (!measure || power < -4 || power > 4 || power == 0) return {};
    if (below) power = -power;
    for (size_t base = 0; base < kBaseUnits; ++base) {
      unit.dimensions[base] =
          static_cast<int8_t>(unit.dimensions[base] + power * measure->dimensions[base]);
    }
    for (int step = 0; step < std::abs(power); ++step) {
      unit.factor = power > 0 ? unit.factor * measure->factor : unit.factor / measure->factor;
    }
    unit.radians = unit.radians || measure->radians;
    if (++factors > 4) return {};
  }
  if (unit.radians && factors > 1) return {};
  return unit;
}

std::optional<Unit> ReadPlainWords(const std::vector<UnitWord>& words) {
  if (words.size() > 3) return {};
  Unit unit;
  unit.kind = Unit::Kind::kWords;
  for (const UnitWord& word : words) {
    const std::string lower = LowerCase(word.word);
    const std::string singular = Singular(lower);
    // "units^2" are square units.
    const bool square = word.has_power && word.power == 2 && singular == "unit";
    const bool cubic = word.has_power && word.power == 3 && singular == "unit";
    const bool joint = lower == "of" && &word != &words.front() && &word != &words.back();
    const bool power_word = PowerWord(lower) > 0 && words.size() > 1 && &word != &words.back();
    if (word.has_power && !square && !cubic) return {};
    if (word.joined || (!power_word && !joint && !IsCountable(lower))) return {};
    if (!unit.words.empty()) unit.words += word.below ? " per " : " ";
    if (square || cubic) unit.words += square ? "square " : "cubic ";
    unit.words += singular;
  }
  return unit;
}

}  // namespace

std::string LowerCase(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::optional<Unit> FindMeasure(std::string_view name) {
  const MeasureTable& table = Measures();
  if (const auto found = table.find(name); found != table.end()) return found->second;
  if (name.size() < 3) return {};  // abbreviations are case-sensitive
  if (const auto found = table.find(LowerCase(name)); found != table.end()) return found->second;
  return {};
}

std::optional<Unit> ReadUnit(const std::vector<UnitWord>& words) {
  if (words.empty()) return {};
  const std::string first = LowerCase(words[0].word);
  if (words.size() == 1 && (first == "percent" || first == "pct")) return PercentUnit();
  if (words.size() == 2 && first == "per" && LowerCase(words[1].word) == "cent")
    return PercentUnit();
  if (std::optional<Unit> measure = ReadMeasures(words)) return measure;
  return ReadPlainWords(words);
}

Unit DegreeUnit() { return *FindMeasure("degrees"); }

Unit PercentUnit() {
  Unit unit;
  unit.kind = Unit::Kind::kPercent;
  return unit;
}

std::optional<Rational> NumberWord(std::string_view word) {
  const std::string lower = LowerCase(word);
  if (lower == "thousand") return PowerOfTen(3);
  if (lower == "million") return PowerOfTen(6);
  if (lower == "billion") return PowerOfTen(9);
  return {};
}

}  // namespace cohort
