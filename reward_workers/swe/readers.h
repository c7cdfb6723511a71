// The readers behind ReadTestLog, one of each format. They take text without terminal escapes.
#pragma once

#include <string_view>

#include "reward_workers/swe/test_log.h"

namespace cohort {

TestLog ReadPytestLog(std::string_view log);
TestLog ReadUnittestLog(std::string_view log);
TestLog ReadCtestLog(std::string_view log);
TestLog ReadGoLog(std::string_view log);
TestLog ReadNodeLog(std::string_view log);
TestLog ReadCargoLog(std::string_view log);

}  // namespace cohort
