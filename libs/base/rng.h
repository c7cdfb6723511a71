// Random numbers with an address.
//
// Every draw that training depends on has a seed address (the configured seed, the cursor of the
// prompt's issue, sample, position): the same address gives the same number on every machine,
// whoever asks and in whatever order, so a rollout can be reproduced. Mixing is SplitMix64's
// finaliser (Steele, Lea, Flood, OOPSLA 2014) folded over the address. Not for keys or secrets.
// Pure functions and values; Rng is not thread-safe.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace cohort {

// A 64-bit number for an address.
uint64_t RandomAt(std::initializer_list<uint64_t> address);
// Uniform in [0, 1), 53 bits.
double UniformAt(std::initializer_list<uint64_t> address);

// A stream of numbers from one address.
class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}
  uint64_t Next();
  double Uniform();                // [0, 1)
  uint64_t Below(uint64_t limit);  // [0, limit), limit > 0; without bias
  double Normal();                 // mean 0, deviation 1

 private:
  uint64_t state_;
};

// From the operating system: ids and sessions only, never anything a run must repeat.
uint64_t EntropyFromSystem();

}  // namespace cohort
