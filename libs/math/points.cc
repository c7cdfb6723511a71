#include "libs/math/points.h"

namespace cohort {
namespace {

uint64_t Mixed(uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

Rational PointValue(std::string_view name, uint64_t point, bool positive) {
  uint64_t hash = Mixed(point + 1);
  for (const char c : name) hash = Mixed(hash ^ static_cast<unsigned char>(c));
  const auto denominator = 211 + (hash & 0x3ff);
  const auto numerator = static_cast<long>(1 + ((hash >> 10) % (4 * denominator)));
  const bool negative = !positive && ((hash >> 40) & 1) != 0;
  Rational value;
  fmpq_set_si(value.get(), negative ? -numerator : numerator, denominator);
  return value;
}

}  // namespace cohort
