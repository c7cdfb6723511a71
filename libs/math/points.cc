#include "libs/math/points.h"

namespace cohort {
namespace {

uint64_t Mixed(uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

uint64_t HashOf(std::string_view name, uint64_t point) {
  uint64_t hash = Mixed(point + 1);
  for (const char c : name) hash = Mixed(hash ^ static_cast<unsigned char>(c));
  return hash;
}

Rational Fraction(uint64_t numerator, uint64_t denominator, bool negative) {
  Rational value;
  const auto size = static_cast<long>(numerator);
  fmpq_set_si(value.get(), negative ? -size : size, denominator);
  return value;
}

}  // namespace

uint64_t FractionPoint(uint64_t seed, uint64_t count) { return 4 * (seed + count) + 1; }
uint64_t SmallIntegerPoint(uint64_t seed, uint64_t count) { return 8 * (seed + count); }
uint64_t IntegerPoint(uint64_t seed, uint64_t count) { return 8 * (seed + count) + 4; }

Rational PointValue(std::string_view name, uint64_t point) {
  const uint64_t hash = HashOf(name, point);
  const bool negative = ((hash >> 40) & 1) != 0;
  if (point % 4 == 0)
    return Fraction(1 + hash % (point % 8 != 0 && (hash >> 33) % 4 == 0 ? 300 : 12), 1, negative);
  constexpr uint64_t kLargest[] = {4, 4, 4, 40, 1'000, 100'000, 10'000'000, 1};
  const uint64_t largest = kLargest[(hash >> 50) % 8];
  const uint64_t denominator = 211 + (hash & 0x3ff);
  if (largest == 1) return Fraction(1 + (hash >> 10) % 20, denominator, negative);  // near 0
  return Fraction(1 + (hash >> 10) % (largest * denominator), denominator, negative);
}

Rational StandInValue(std::string_view name, uint64_t point) {
  const uint64_t hash = HashOf(name, 2 * point + 1);
  const uint64_t denominator = 100'003 + (hash & 0xffff);
  return Fraction(1 + (hash >> 16) % (4 * denominator), denominator, /*negative=*/false);
}

}  // namespace cohort
