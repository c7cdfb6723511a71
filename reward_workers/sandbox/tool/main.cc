// cohort-sandbox: runs a program in a box, and says what boxes are worth on this machine.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>

#include "reward_workers/sandbox/tool/command.h"

namespace cohort {
namespace {

constexpr char kFooter[] = "docs/sandbox.md says what is promised and what is not.";
constexpr int kWrongCommandLine = 2;

int Main(int argc, char** argv) {
  SandboxLine line;
  line.program = argc > 0 ? argv[0] : "cohort-sandbox";
  line.program.erase(0, line.program.rfind('/') + 1);
  CLI::App app("Runs programs that nobody trusts, each in a box of its own.", line.program);
  app.footer(kFooter);
  app.require_subcommand(1);
  AddRunCommand(app, line);
  AddCheckCommand(app, line);

  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const auto own = std::find(words.begin(), words.end(), "--");
  if (own != words.end()) line.words.assign(own + 1, words.end());
  words.erase(own, words.end());
  std::reverse(words.begin(), words.end());  // as the parser wants them
  // The library reports wrong words, and --help, by throwing; this is the boundary.
  try {
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "%s: %s; --help shows how it is called\n", line.program.c_str(),
                 error.what());
    return kWrongCommandLine;
  }
  try {
    return line.run();
  } catch (const std::exception& error) {
    return ReportTrouble(line, Internal(error.what()));
  }
}

}  // namespace

void AddSandboxOptions(CLI::App& command, SandboxLine& line) {
  command.add_option("--as-user", line.options.as_user,
                     "For root: make boxes as this user id, without root's rights");
  command.add_flag("!--no-cgroups", line.options.cgroups, "Do not use cgroups");
  command
      .add_option("--cgroup", line.options.cgroup, "A delegated cgroup (version 2) for the boxes")
      ->type_name("FOLDER");
}

int ReportTrouble(const SandboxLine& line, const Status& status) {
  std::fprintf(stderr, "%s: %s\n", line.program.c_str(), status.message().c_str());
  return status.code() == StatusCode::kInvalidArgument ? kWrongCommandLine : 1;
}

}  // namespace cohort

int main(int argc, char** argv) { return cohort::Main(argc, argv); }
