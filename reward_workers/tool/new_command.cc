// cohort scorer new: the files that a new scorer begins with.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "libs/base/files.h"
#include "libs/config/program_options.h"
#include "reward_workers/tool/command.h"
#include "reward_workers/tool/scaffold.h"

namespace cohort {
namespace {

struct Options {
  std::string name;
  bool python = false, c = false, http = false;
  std::string folder = ".";
};

Status Write(const Options& options) {
  const ScorerTier tier = options.c      ? ScorerTier::kC
                          : options.http ? ScorerTier::kHttp
                                         : ScorerTier::kPython;
  COHORT_ASSIGN_OR_RETURN(const Scaffold scaffold, MakeScaffold(options.name, tier));
  const std::filesystem::path folder = options.folder;
  const auto stands = [&](const ScaffoldFile& file) {
    std::error_code error;
    return std::filesystem::exists(std::filesystem::symlink_status(folder / file.name, error));
  };
  // All or nothing: looked at before the first is written.
  for (const ScaffoldFile& file : scaffold.files) {
    if (!stands(file)) continue;
    const Result<std::string> text = ReadFile(folder / file.name);
    if (file.shared && text.ok() && *text == file.text) continue;
    return InvalidArgument((folder / file.name).string() +
                           " is there already: take another name or another --dir");
  }
  COHORT_RETURN_IF_ERROR(MakeDirectories(folder));
  for (const ScaffoldFile& file : scaffold.files) {
    if (stands(file)) continue;
    COHORT_RETURN_IF_ERROR(WriteFileAtomically(folder / file.name, file.text));
    std::printf("wrote %s\n", (folder / file.name).lexically_normal().c_str());
  }
  std::printf("\nNext, after an edit:\n");
  if (folder.lexically_normal() != ".") std::printf("  cd %s\n", folder.c_str());
  for (const std::string& command : scaffold.commands) std::printf("  %s\n", command.c_str());
  std::printf(
      "\nFor a run, in its TOML file (paths are relative to where the fleet is started):\n\n");
  std::printf("%s\nand \"%s\" in the scorers of a route.\n", scaffold.toml.c_str(),
              options.name.c_str());
  return {};
}

}  // namespace

void AddNewCommand(CLI::App& app, ToolLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("new", "Writes the files that a new scorer begins with");
  command->add_option("name", options->name, "A word")->required()->type_name("NAME");
  CLI::Option* python = command->add_flag("--python", options->python,
                                          "A Python function (what is taken if none is said)");
  CLI::Option* c = command->add_flag("--c", options->c, "A shared library in C")->excludes(python);
  command->add_flag("--http", options->http, "A service")->excludes(python)->excludes(c);
  command->add_option("--dir", options->folder, "Where they go")->capture_default_str();
  command->callback([options, &line] {
    line.run = [options, &line] {
      const Status status = Write(*options);
      return status.ok() ? 0 : ReportFailure(line.program, status);
    };
  });
}

}  // namespace cohort
