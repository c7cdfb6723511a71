// Factors of integers, as far as they come cheaply.
#pragma once

#include <flint/fmpz.h>

#include <string>
#include <vector>

namespace cohort {

// In decimal.
std::string Digits(const fmpz* number);

struct Factor {
  std::string name;  // its digits
  long power;
};

// Of a positive number: primes, but for what is left of more than 40 bits, which is taken as it is
// or as the power that it is. Takes microseconds for 120 bits. Pure function.
std::vector<Factor> FactorsOf(const fmpz* number);

}  // namespace cohort
