#include "reward_workers/tool/choice.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <regex>

#include "libs/config/load.h"
#include "libs/config/scorer_kinds.h"

namespace cohort {
namespace {

bool IsOneOf(const std::string& word, const std::vector<std::string_view>& kinds) {
  return std::ranges::find(kinds, word) != kinds.end();
}

// A word, as names of scorers must be, of a file's name or a kind.
std::string NameOf(const std::string& text) {
  std::string name = std::filesystem::path(text).stem().string();
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') c = '_';
  }
  return name.empty() ? "scorer" : name;
}

Result<ScorerConfig> OfItsOwn(const std::vector<std::string>& words) {
  static const std::regex kModule(R"([A-Za-z_][\w.]*:[A-Za-z_].*)");
  ScorerConfig config;
  const std::string& word = words.front();
  config.kind = "process";
  config.command = words;
  config.name = NameOf(word);
  if (words.size() > 1) return config;
  if (IsOneOf(word, ScorerKinds())) {
    config.kind = word;
    config.command.clear();
  } else if (word.ends_with(".py") || word.find(".py:") != std::string::npos) {
    config.kind = "python";
    config.source = word;
    config.command.clear();
  } else if (word.ends_with(".so")) {
    config.kind = "library";
    config.library = word;
    config.command.clear();
  } else if (word.starts_with("http://") || word.starts_with("https://")) {
    config.kind = "http";
    config.url = word;
    config.name = "http";
    config.command.clear();
  } else if (std::regex_match(word, kModule)) {
    config.kind = "python";
    config.source = word;
    config.name = NameOf(word.substr(word.find(':') + 1));
    config.command.clear();
  } else if (word.find('/') == std::string::npos) {
    return InvalidArgument("scorer \"" + word + "\" is no kind (" + ScorerKindsInWords() +
                           "), and no FILE.py, FILE.so, URL or path of a program; a scorer of a " +
                           "configuration needs --config FILE");
  }
  return config;
}

Status ApplySettings(const std::vector<std::string>& settings, ScorerConfig& config) {
  std::map<std::string, std::vector<std::string>> values;
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return InvalidArgument("--set " + setting + ": write --set key=value");
    }
    values[setting.substr(0, equals)].push_back(setting.substr(equals + 1));
  }
  for (const auto& [key, given] : values) {
    const Status status = SetScorerKey(config, key, given);
    if (!status.ok()) return status.WithContext("--set " + key);
  }
  return {};
}

// What `cohort validate` says about these scorers alone.
Status Check(const ChosenScorer& chosen) {
  Config config;
  config.scorers = chosen.scorers;
  config.languages = chosen.languages;
  for (const std::string& problem : ConfigProblems(config)) {
    if (problem.starts_with("scorers") || problem.starts_with("languages"))
      return InvalidArgument(problem);
  }
  return {};
}

Result<ChosenScorer> OfConfiguration(const ScorerWords& words) {
  COHORT_ASSIGN_OR_RETURN(Config config, LoadConfig({words.files, words.overrides, true}));
  if (words.scorer.size() != 1) return InvalidArgument("with --config one scorer is named");
  for (ScorerConfig& scorer : config.scorers) {
    if (scorer.name == words.scorer.front()) {
      COHORT_RETURN_IF_ERROR(ApplySettings(words.settings, scorer));
    }
  }
  ChosenScorer chosen;
  chosen.languages = config.languages;
  std::vector<std::string> names = {words.scorer.front()};
  for (size_t i = 0; i < names.size(); ++i) {
    const ScorerConfig* scorer = config.FindScorer(names[i]);
    if (scorer == nullptr) {
      std::string known;
      for (const ScorerConfig& other : config.scorers) {
        known += (known.empty() ? "" : ", ") + other.name;
      }
      return NotFound("there is no scorer \"" + names[i] + "\" in " + words.files.back() +
                      "; its scorers: " + (known.empty() ? "none" : known));
    }
    chosen.scorers.push_back(*scorer);
    std::vector<std::string> before = scorer->requires_;
    if (!scorer->right_by.empty()) before.push_back(scorer->right_by);
    for (const std::string& name : before) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  return chosen;
}

}  // namespace

void AddSettings(CLI::App& command, ScorerWords& words) {
  command
      .add_option("--set", words.settings,
                  "A key of [[scorers]] (docs/configuration.md); lists by repeating it")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      .add_option("-c,--config", words.files,
                  "TOML files, read left to right; the scorer is then one of theirs, by its name")
      ->type_name("FILE")
      ->allow_extra_args(false);
}

Result<ChosenScorer> ChooseScorer(const ScorerWords& words) {
  ChosenScorer chosen;
  if (!words.files.empty()) {
    COHORT_ASSIGN_OR_RETURN(chosen, OfConfiguration(words));
  } else {
    if (!words.overrides.empty()) {
      return InvalidArgument(words.overrides.front() + " needs --config; write --set key=value");
    }
    COHORT_ASSIGN_OR_RETURN(ScorerConfig config, OfItsOwn(words.scorer));
    COHORT_RETURN_IF_ERROR(ApplySettings(words.settings, config));
    chosen.scorers.push_back(std::move(config));
  }
  COHORT_RETURN_IF_ERROR(Check(chosen));
  return chosen;
}

bool HasProcesses(const ScorerConfig& config) { return IsOneOf(config.kind, ChildKinds()); }

bool AsksService(const ScorerConfig& config) { return IsOneOf(config.kind, ServiceKinds()); }

bool AsksOutside(const ScorerConfig& config) { return IsOneOf(config.kind, OutsideKinds()); }

}  // namespace cohort
