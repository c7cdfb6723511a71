#include "reward_workers/code/program_language.h"

#include <algorithm>

namespace cohort {
namespace {

// Found by #include <bits/stdc++.h> where nothing before it changes what the header means; else the
// compiler reads the header itself.
constexpr char kHeader[] = "headers/bits/stdc++.h.gch";
constexpr char kPrecompileHeader[] =
    "mkdir -p headers/bits && echo '#include <bits/stdc++.h>' > all.h && "
    "exec g++ -std=c++20 -O2 -x c++-header -o headers/bits/stdc++.h.gch all.h";

}  // namespace

std::vector<LanguageConfig> KnownLanguages() {
  return {{.name = "python",
           .fences = {"python", "python3", "py"},
           .file = "program.py",
           .compile = {},
           .run = {"python3", "program.py"}},
          {.name = "cpp",
           .fences = {"cpp", "c++", "cc", "cxx"},
           .file = "program.cpp",
           .compile = {"g++", "-std=c++20", "-O2", "-pipe", "-Iheaders", "-o", "program",
                       "program.cpp"},
           .run = {"./program"},
           .precompile = {"/bin/sh", "-c", kPrecompileHeader},
           .precompiled = kHeader}};
}

Result<LanguageConfig> FindLanguage(std::string_view name,
                                    const std::vector<LanguageConfig>& more) {
  std::vector<LanguageConfig> all = KnownLanguages();
  all.insert(all.end(), more.begin(), more.end());
  const auto found = std::ranges::find(all, name, &LanguageConfig::name);
  if (found == all.end()) {
    return NotFound("\"" + std::string(name) + "\" is no language; add it to [[languages]]");
  }
  LanguageConfig language = *found;
  if (language.fences.empty()) language.fences = {language.name};
  return language;
}

}  // namespace cohort
