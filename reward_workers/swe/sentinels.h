// Tests that must fail, written to look like those of a file. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cohort {

struct Sentinels {
  std::string source;              // to stand at the end of the file
  std::vector<std::string> names;  // of its functions
};

// Python functions for pytest. Names are made of words of the file's own tests, and are none of
// them.
Sentinels MakeSentinels(const std::string& test_file, uint64_t seed);

}  // namespace cohort
