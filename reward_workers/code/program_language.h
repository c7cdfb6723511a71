// How programs of a language are found in a completion, compiled and run. Values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "libs/config/config.h"

namespace cohort {

// Python and C++, as LanguageConfig says others.
std::vector<LanguageConfig> KnownLanguages();

// One of the known ones or of `more`.
Result<LanguageConfig> FindLanguage(std::string_view name, const std::vector<LanguageConfig>& more);

}  // namespace cohort
