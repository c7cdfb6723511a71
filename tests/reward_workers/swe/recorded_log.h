// Logs of the real tools, made by record_logs.py with the version that is in their names.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "reward_workers/swe/test_log.h"

namespace cohort {

inline std::string RecordedText(const std::string& name) {
  const char* source = std::getenv("COHORT_SOURCE");
  const std::filesystem::path path = std::filesystem::path(source == nullptr ? "." : source) /
                                     "tests/reward_workers/swe/logs" / (name + ".log");
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

using Tests = std::map<std::string, TestStatus>;

inline void PrintTo(TestStatus status, std::ostream* stream) { *stream << TestStatusName(status); }

}  // namespace cohort
