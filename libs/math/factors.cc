#include "libs/math/factors.h"

#include <flint/fmpz_factor.h>

#include "libs/math/rational.h"

namespace cohort {

std::string Digits(const fmpz* number) {
  char* text = fmpz_get_str(nullptr, 10, number);
  std::string digits(text);
  flint_free(text);
  return digits;
}

namespace {

constexpr slong kTrialPrimes = 100;
constexpr unsigned long kMaxFactored = 40;  // bits of what is factored completely

}  // namespace

std::vector<Factor> FactorsOf(const fmpz* number) {
  std::vector<Factor> found;
  fmpz_factor_t factors;
  fmpz_factor_init(factors);
  const bool complete = fmpz_bits(number) <= kMaxFactored;
  if (complete) {
    fmpz_factor(factors, number);
  } else {
    fmpz_factor_trial(factors, number, kTrialPrimes);
  }
  for (slong i = 0; i < factors->num; ++i) {
    const fmpz* factor = &factors->p[i];
    const auto power = static_cast<long>(factors->exp[i]);
    Rational root;
    if (complete || fmpz_bits(factor) <= 10) {
      found.push_back({Digits(factor), power});
    } else if (fmpz_bits(factor) <= kMaxFactored) {
      for (const Factor& part : FactorsOf(factor)) found.push_back({part.name, power * part.power});
    } else if (const int exponent = fmpz_is_perfect_power(root.numerator(), factor); exponent > 0) {
      for (const Factor& part : FactorsOf(root.numerator()))
        found.push_back({part.name, power * exponent * part.power});
    } else {
      found.push_back({Digits(factor), power});
    }
  }
  fmpz_factor_clear(factors);
  return found;
}

}  // namespace cohort
