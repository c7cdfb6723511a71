#include "libs/config/check_scorers.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <functional>
#include <set>
#include <string_view>
#include <utility>

#include "libs/config/schema.h"
#include "libs/config/scorer_kinds.h"

namespace cohort {
namespace {

using Problems = std::vector<std::string>;

bool Has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The scorers that must have answered before this one is asked, each with the key that says so.
std::vector<std::pair<std::string, const char*>> AskedBefore(const ScorerConfig& scorer) {
  std::vector<std::pair<std::string, const char*>> before;
  for (const std::string& gate : scorer.requires_) before.emplace_back(gate, "requires");
  if (!scorer.right_by.empty() && !Has(scorer.requires_, scorer.right_by)) {
    before.emplace_back(scorer.right_by, "right_by");
  }
  return before;
}

void CheckOrder(const Config& config, Problems& problems) {
  for (const ScorerConfig& scorer : config.scorers) {
    for (const auto& [name, key] : AskedBefore(scorer)) {
      if (config.FindScorer(name) == nullptr) {
        problems.push_back("scorers." + scorer.name + "." + key + " names \"" + name +
                           "\", which is no scorer; add it to [[scorers]] or correct the name");
      }
    }
  }
  std::set<std::string> done;
  std::vector<std::string> path;
  const std::function<bool(const std::string&)> finds_cycle = [&](const std::string& name) {
    if (Has(path, name)) {
      path.push_back(name);
      return true;
    }
    const ScorerConfig* scorer = config.FindScorer(name);
    if (scorer == nullptr || !done.insert(name).second) return false;
    path.push_back(name);
    for (const auto& [before, key] : AskedBefore(*scorer)) {
      if (finds_cycle(before)) return true;
    }
    path.pop_back();
    return false;
  };
  for (const ScorerConfig& scorer : config.scorers) {
    path.clear();
    if (!finds_cycle(scorer.name)) continue;
    const auto begin = std::find(path.begin(), path.end(), path.back());
    std::string circle;
    for (auto at = begin; at != path.end(); ++at) circle += (at == begin ? "" : " → ") + *at;
    problems.push_back("scorers require each other in a circle: " + circle +
                       "; remove one of the requires or right_by");
    return;
  }
}

// Keys that must be set for a kind.
void CheckNeeded(const ScorerConfig& scorer, const std::string& path, Problems& problems) {
  const struct {
    std::string_view kind;
    const char* key;
    bool missing;
  } needed[] = {
      {"python", "source", scorer.source.empty()},
      {"process", "command", scorer.command.empty()},
      {"library", "library", scorer.library.empty()},
      {"http", "url", scorer.url.empty()},
      {"judge", "url", scorer.url.empty()},
      {"judge", "model", scorer.model.empty()},
      {"judge", "rubric", scorer.rubric.empty()},
      {"length", "length_limit", scorer.length_limit == 0},
      {"soft_overlong", "length_limit", scorer.length_limit == 0},
      {"cosine", "length_limit", scorer.length_limit == 0},
      {"cosine", "right_by", scorer.right_by.empty()},
  };
  for (const auto& [kind, key, missing] : needed) {
    if (scorer.kind != kind || !missing) continue;
    problems.push_back(path + "." + key + " must be set for kind " + scorer.kind);
  }
}

// Keys that are set and that nothing reads.
void CheckUnread(const ScorerConfig& scorer, const std::string& path, Problems& problems) {
  ScorerConfig set = scorer, defaults;  // the table hands out pointers that may write
  for (const ConfigKey& key : FindConfigSection("scorers")->keys) {
    if (key.kinds.empty() || std::ranges::find(key.kinds, scorer.kind) != key.kinds.end()) continue;
    if (ConfigValueText(key.locate(&set)) == ConfigValueText(key.locate(&defaults))) continue;
    std::string kinds;
    for (const std::string_view kind : key.kinds)
      kinds += (kinds.empty() ? "" : ", ") + std::string(kind);
    problems.push_back(path + "." + std::string(key.name) + " is set, but kind " + scorer.kind +
                       " does not read it (only " + kinds + "); take it out or change the kind");
  }
}

// What the clamp would cut off of the values that a kind gives.
void CheckClamp(const ScorerConfig& scorer, const std::string& path, Problems& problems) {
  if (scorer.minimum > scorer.maximum) {
    problems.push_back(path + ".minimum is above its maximum; swap them");
    return;
  }
  if (scorer.kind == "soft_overlong" && scorer.minimum > -1) {
    problems.push_back(path +
                       ".minimum cuts the values of soft_overlong off, which lie between "
                       "-1 and 0; set it to -1");
  }
  if (scorer.kind != "cosine") return;
  auto [least, most] = std::minmax(
      {scorer.right_at_zero, scorer.right_at_limit, scorer.wrong_at_zero, scorer.wrong_at_limit});
  if (least < scorer.minimum || most > scorer.maximum) {
    problems.push_back(
        path + ": minimum and maximum cut the values of cosine off, which lie between " +
        ConfigValueText(&least) + " and " + ConfigValueText(&most) + "; set them to those");
  }
}

// Below the folder that it is relative to: no "..", no ".", nothing that is empty.
bool IsPlainPath(const std::string& text) {
  if (text.empty() || text.ends_with('/')) return false;
  for (const auto& part : std::filesystem::path(text)) {
    if (part == "/" || part == "." || part == ".." || part.empty()) return false;
  }
  return true;
}

void CheckLanguages(const Config& config, Problems& problems) {
  for (const LanguageConfig& language : config.languages) {
    const std::string path = "languages." + language.name;
    if (language.name == "python" || language.name == "cpp") {
      problems.push_back(path + " is known already; choose another name");
    }
    if (!IsPlainPath(language.file) || language.file.find('/') != std::string::npos) {
      problems.push_back(path + ".file must be the name of the program's file, without folders");
    }
    const std::string program = language.run.empty() ? "" : language.run.front();
    const bool is_made = program.starts_with("./");
    if (language.run.empty()) {
      problems.push_back(path + ".run is missing: name the command");
    } else if (language.compile.empty() == is_made) {
      problems.push_back(path + (is_made
                                     ? ".run starts ./NAME, which no command compiles; name the "
                                       "program that reads " +
                                           language.file
                                     : std::string(".run must start what `compile` made: its "
                                                   "first word is ./NAME")));
    } else if (is_made && !IsPlainPath(program.substr(2))) {
      problems.push_back(path + ".run must start ./NAME, a file of the program's folder");
    }
    if (!language.precompiled.empty() && (!IsPlainPath(language.precompiled) ||
                                          language.precompiled.find('/') == std::string::npos)) {
      problems.push_back(path + ".precompiled must be FOLDER/NAME, in a folder of its own");
    }
    if (language.precompile.empty() != language.precompiled.empty()) {
      problems.push_back(path +
                         ".precompile and .precompiled go together: a command, and the file "
                         "that it leaves");
    }
    if (!language.precompile.empty() && language.compile.empty()) {
      problems.push_back(path + ".precompile is for languages with a command to compile");
    }
  }
  for (const ScorerConfig& scorer : config.scorers) {
    const bool known = scorer.program == "python" || scorer.program == "cpp" ||
                       std::ranges::any_of(config.languages, [&](const LanguageConfig& language) {
                         return language.name == scorer.program;
                       });
    if (scorer.kind != "code" || known) continue;
    problems.push_back("scorers." + scorer.name + ".program names \"" + scorer.program +
                       "\", which is no language; add it to [[languages]], or use python or cpp");
  }
}

void CheckKind(const ScorerConfig& scorer, const std::string& path, Problems& problems) {
  if (scorer.kind == "soft_overlong" && scorer.length_buffer > scorer.length_limit) {
    problems.push_back(path + ".length_buffer is above its length_limit; lower it");
  }
  if ((scorer.kind == "swe" || scorer.kind == "patch_similarity") && scorer.environments.empty()) {
    problems.push_back(path + ".environments is missing: name the folder of the environments");
  }
  if (scorer.kind == "judge" &&
      (scorer.lowest >= scorer.highest || !std::isfinite(scorer.highest - scorer.lowest))) {
    problems.push_back(path + ".lowest is not below its highest; swap them");
  }
}

}  // namespace

void CheckScorers(const Config& config, Problems& problems) {
  for (const ScorerConfig& scorer : config.scorers) {
    const std::string path = "scorers." + scorer.name;
    if (scorer.kind.empty()) {
      problems.push_back(path + ".kind is missing: " + ScorerKindsInWords());
      continue;
    }
    if (scorer.name == "group_length") {
      problems.push_back(path + " has the name of the routes' own length value; choose another");
    }
    CheckNeeded(scorer, path, problems);
    CheckUnread(scorer, path, problems);
    CheckClamp(scorer, path, problems);
    CheckKind(scorer, path, problems);
  }
  CheckOrder(config, problems);
  CheckLanguages(config, problems);
}

// A list of scorers that judges together, of a route or of the evaluation.
void CheckScorerList(const Config& config, const std::string& key,
                     const std::vector<std::string>& names, bool for_training, Problems& problems) {
  if (names.empty()) {
    problems.push_back(key + " is empty: name at least one scorer");
    return;
  }
  bool any_passes = false, any_weight = false;
  std::set<std::string> seen;
  for (const std::string& name : names) {
    const ScorerConfig* scorer = config.FindScorer(name);
    if (scorer == nullptr) {
      problems.push_back(key + " names \"" + name +
                         "\", which is no scorer; add it to [[scorers]] or correct the name");
      return;
    }
    if (!seen.insert(name).second) problems.push_back(key + " names \"" + name + "\" twice");
    any_passes = any_passes || scorer->passes;
    any_weight = any_weight || scorer->weight != 0;
    for (const auto& [before, how] : AskedBefore(*scorer)) {
      if (config.FindScorer(before) == nullptr || Has(names, before)) continue;
      problems.push_back(key + ": \"" + name + "\" " + how + " \"" + before +
                         "\", which is not in the list; add it (weight 0 keeps it out of the "
                         "reward)");
    }
  }
  if (!any_passes) {
    problems.push_back(key +
                       ": none of these scorers has passes = true, so that pass@1 would "
                       "count everything as right; set it on the one that decides");
  }
  if (for_training && !any_weight) {
    problems.push_back(key + ": all of these scorers have weight 0, so that there is no reward");
  }
}

double LongestDelay(const Config& config, const std::vector<std::string>& names) {
  double longest = 0;
  for (const std::string& name : names) {
    const ScorerConfig* scorer = config.FindScorer(name);
    if (scorer == nullptr) continue;
    longest = std::max(longest, scorer->delay_seconds + scorer->delay_jitter_seconds);
  }
  return longest;
}

}  // namespace cohort
