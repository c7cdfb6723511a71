// The command line that all of Cohort's programs share:
//
//   PROGRAM [--config] FILE… [--instance NAME] [--section.key=value …] [--help]
//
// Call once, from main, before threads. Prints help and failures itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/config/config.h"
#include "libs/config/load.h"

namespace CLI {
class App;
}

namespace cohort {

inline constexpr int kExitConfiguration = 2;  // final: a supervisor does not restart

struct ProgramDescription {
  std::string name;              // "cohort-actor"
  std::string purpose;           // one sentence for --help
  std::string default_instance;  // "actor-1"
};

struct ProgramOptions {
  Config config;  // loaded and checked
  std::string instance;
};

// Either the options, or the exit code to leave main with: 0 after --help, 2 after one line on
// standard error.
struct ProgramStart {
  std::optional<ProgramOptions> options;
  int exit_code = 0;
};
ProgramStart StartProgram(int argc, const char* const* argv, const ProgramDescription& description);

// Parses the words into the app's options. What the library throws ends here: the exit code to
// leave with after --help or wrong words, both printed; nothing when the program goes on.
std::optional<int> ParseWords(CLI::App& app, std::vector<std::string> words,
                              const std::string& program);

// Prints "NAME: message" to standard error in one line; the exit code that fits: 2 for a wrong
// configuration or missing file, else 1.
int ReportFailure(const std::string& program, const Status& failure);

// Moves every "--section.key=value" out of the words into `overrides`; "--section.key value" in two
// words is refused with the cure. For command lines of their own (`cohort up`).
Status TakeOverrides(std::vector<std::string>& words, std::vector<std::string>& overrides);

}  // namespace cohort
