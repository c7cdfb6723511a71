// cohort-sandbox: runs a program in a box, and says what boxes are worth on this machine.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>

#include "libs/config/program_options.h"
#include "reward_workers/sandbox/tool/command.h"

namespace cohort {
namespace {

constexpr char kFooter[] = "docs/sandbox.md says what is promised and what is not.";

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
  if (const std::optional<int> code = ParseWords(app, std::move(words), line.program)) return *code;
  try {
    return line.run();
  } catch (const std::exception& error) {
    return ReportFailure(line.program, Internal(error.what()));
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

}  // namespace cohort

int main(int argc, char** argv) { return cohort::Main(argc, argv); }
