#include "libs/config/program_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <utility>

namespace cohort {
namespace {

constexpr char kFooter[] =
    "Any key of the configuration can be set as --section.key=value (in one word), or by the\n"
    "environment as COHORT_SECTION__KEY. docs/configuration.md lists all keys with their "
    "defaults.\n"
    "Exit codes: 0 done, 1 failed, 2 the configuration is wrong (a restart cannot help).";

std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

int ReportFailure(const std::string& program, const Status& failure) {
  std::fprintf(stderr, "%s: %s\n", program.c_str(), OneLine(failure.message()).c_str());
  const bool configuration =
      failure.code() == StatusCode::kInvalidArgument || failure.code() == StatusCode::kNotFound;
  return configuration ? kExitConfiguration : 1;
}

std::optional<int> ParseWords(CLI::App& app, std::vector<std::string> words,
                              const std::string& program) {
  std::reverse(words.begin(), words.end());  // as the parser wants them
  try {
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    return ReportFailure(
        program, InvalidArgument(std::string(error.what()) + "; --help shows how it is called"));
  }
  return std::nullopt;
}

Status TakeOverrides(std::vector<std::string>& words, std::vector<std::string>& overrides) {
  std::vector<std::string> rest;
  for (std::string& word : words) {
    const std::string name = word.substr(0, word.find('='));
    if (!word.starts_with("--") || name.find('.') == std::string::npos) {
      rest.push_back(std::move(word));
    } else if (name.size() == word.size()) {
      return InvalidArgument(word + " has no value: write " + word + "=VALUE in one word");
    } else {
      overrides.push_back(std::move(word));
    }
  }
  words = std::move(rest);
  return {};
}

ProgramStart StartProgram(int argc, const char* const* argv,
                          const ProgramDescription& description) {
  const auto fail = [&](const Status& status) {
    ReportFailure(description.name, status);
    return ProgramStart{std::nullopt, kExitConfiguration};
  };
  std::vector<std::string> words(argv + 1, argv + argc);
  ConfigSources sources;
  if (const Status status = TakeOverrides(words, sources.overrides); !status.ok()) {
    return fail(status);
  }
  ProgramOptions options;
  options.instance = description.default_instance;
  CLI::App app(description.purpose, description.name);
  app.footer(kFooter);
  app.add_option("config,-c,--config", sources.files,
                 "TOML file of the run; several are read left to right")
      ->required()
      ->type_name("FILE");
  app.add_option("--instance", options.instance, "Name of this process in logs and status")
      ->capture_default_str()
      ->type_name("NAME");
  if (const std::optional<int> code = ParseWords(app, std::move(words), description.name)) {
    return {std::nullopt, *code};
  }
  Result<Config> config = LoadConfig(sources);
  if (!config.ok()) return fail(config.status());
  options.config = *std::move(config);
  if (const Status status = CheckConfig(options.config); !status.ok()) return fail(status);
  return {std::move(options), 0};
}

}  // namespace cohort
