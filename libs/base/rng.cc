#include "libs/base/rng.h"

#include <sys/random.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numbers>

namespace cohort {
namespace {

constexpr uint64_t kGolden = 0x9e3779b97f4a7c15u;

uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

double ToUnit(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-53; }

}  // namespace

uint64_t RandomAt(std::initializer_list<uint64_t> address) {
  uint64_t hash = kGolden;
  for (uint64_t part : address) hash = Mix(hash + kGolden + Mix(part + kGolden));
  return hash;
}

double UniformAt(std::initializer_list<uint64_t> address) { return ToUnit(RandomAt(address)); }

uint64_t Rng::Next() { return Mix(state_ += kGolden); }

double Rng::Uniform() { return ToUnit(Next()); }

uint64_t Rng::Below(uint64_t limit) {
  const uint64_t reject_below = -limit % limit;
  uint64_t draw = Next();
  while (draw < reject_below) draw = Next();
  return draw % limit;
}

double Rng::Normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - Uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * Uniform());
}

uint64_t EntropyFromSystem() {
  uint64_t value = 0;
  if (getrandom(&value, sizeof(value), 0) != sizeof(value)) {
    std::perror("getrandom");
    std::abort();
  }
  return value;
}

}  // namespace cohort
