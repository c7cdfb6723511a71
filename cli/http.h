// One GET to a process of the fleet. Blocks; thread-safe.
#pragma once

#include <string>

#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace cohort {

// The body of a 200. No proxy is asked: these are our own processes.
Result<std::string> HttpGet(const std::string& url, Duration timeout);

}  // namespace cohort
