// What queues and instances may be named: 1 to kMaxNameBytes bytes of printable ASCII, no spaces.
#pragma once

#include <string_view>

#include "libs/base/status.h"

namespace cohort {

// `what` begins the error: "a task's queue".
Status CheckName(std::string_view name, std::string_view what);

}  // namespace cohort
