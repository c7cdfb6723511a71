// The configuration as text: the resolved copy, and the reference.
#include <algorithm>
#include <memory>

#include "libs/config/load.h"
#include "libs/config/schema.h"

namespace cohort {
namespace {

// Whether an entry of its kind reads the key.
bool IsRead(const ConfigSection& section, const ConfigKey& key, void* entry) {
  const ConfigKey* kind = section.Find("kind");
  if (key.kinds.empty() || kind == nullptr) return true;
  const std::string text = ConfigValueText(kind->locate(entry));
  return std::ranges::any_of(
      key.kinds, [&](std::string_view name) { return text == "\"" + std::string(name) + "\""; });
}

void AppendKeys(std::string& out, const ConfigSection& section, void* entry) {
  for (const ConfigKey& key : section.keys) {
    if (!IsRead(section, key, entry)) continue;
    const std::string value = ConfigValueText(key.locate(entry));
    // A choice that nobody made and that has no default cannot be read back.
    if (!key.bounds.choices.empty() && value == "\"\"") continue;
    out += std::string(key.name) + " = " + value + "\n";
  }
}

// In a table of Markdown a bar would end the cell.
std::string Cell(std::string text) {
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
    text.insert(at, "\\");
  }
  return text;
}

// "For kinds a, b and c: …"
std::string WordsOf(const ConfigKey& key) {
  if (key.kinds.empty()) return std::string(key.words);
  std::string kinds;
  for (size_t i = 0; i < key.kinds.size(); ++i) {
    if (i > 0) kinds += i + 1 < key.kinds.size() ? ", " : " and ";
    kinds += key.kinds[i];
  }
  return (key.kinds.size() == 1 ? "For kind " : "For kinds ") + kinds + ". " +
         std::string(key.words);
}

void AppendSectionReference(std::string& out, const ConfigSection& section, void* defaults) {
  const std::string name(section.name);
  out += "\n## `" + (section.is_list ? "[[" + name + "]]" : "[" + name + "]") + "`\n\n";
  out += std::string(section.words) + "\n\n";
  out += "| key | type | default | must be | meaning |\n| --- | --- | --- | --- | --- |\n";
  for (const ConfigKey& key : section.keys) {
    const ConfigField field = key.locate(defaults);
    const std::string bounds = key.bounds.ToString();
    out += "| `" + std::string(key.name) + "` | " + std::string(ConfigTypeName(field)) + " | `" +
           Cell(ConfigValueText(field)) + "` | " + Cell(bounds) + (bounds.empty() ? "| " : " | ") +
           Cell(WordsOf(key)) + " |\n";
  }
}

constexpr char kIntroduction[] = R"(# Configuration

<!-- Made by `cohort config --reference`; a test compares the two. Words and defaults live in libs/config. -->

One TOML file describes a run, and every process of its fleet reads the same file. Values come from, each winning over
the one before:

1. the defaults below,
2. the files, left to right; a list (`[[routes]]`) in a later file replaces the whole list,
3. environment variables: `COHORT_RUN__SEED=7`, `COHORT_ROUTES__MAIN__MAX_STALENESS=2`,
4. overrides on the command line, each in one word: `--run.seed=7`.

Entries of lists are named by index or by name: `--stages.1.steps=5`, `--routes.main.max_staleness=2`,
`--stages.grpo.learning_rate=1e-5` (a stage by its kind, where only one has it). Lists of texts are written as
`--routes.main.scorers=answer,format`.

Paths are relative to the directory in which the program is started (the root of the repository), not to the file.
Unknown keys, wrong types and values out of bounds are errors that name file, line and column and the nearest known
name. `cohort validate CONFIG` also checks that the values fit together and that the files are there.
)";

}  // namespace

std::string ConfigToToml(const Config& config) {
  Config copy = config;  // the table hands out pointers that may write
  std::string out = "# The resolved configuration: every key that is read, with its value.\n";
  for (const ConfigSection& section : ConfigSections()) {
    for (void* entry : section.entries(copy)) {
      const std::string name(section.name);
      out += "\n" + (section.is_list ? "[[" + name + "]]" : "[" + name + "]") + "\n";
      AppendKeys(out, section, entry);
    }
  }
  return out;
}

std::string ConfigReference() {
  Config defaults;
  std::string out = kIntroduction;
  for (const ConfigSection& section : ConfigSections()) {
    if (section.is_list) section.append(defaults);
    AppendSectionReference(out, section, section.entries(defaults).front());
  }
  return out;
}

}  // namespace cohort
