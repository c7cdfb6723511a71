#include "libs/config/load.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "libs/base/files.h"
#include "libs/config/schema.h"
#include "libs/config/toml.h"

namespace cohort {
namespace {

std::vector<std::string> SectionNames() {
  std::vector<std::string> names;
  for (const ConfigSection& section : ConfigSections()) names.emplace_back(section.name);
  return names;
}

// All "section.key" names, so that a key in the wrong section is found too.
std::vector<std::string> KeyNames() {
  std::vector<std::string> names;
  for (const ConfigSection& section : ConfigSections()) {
    for (const ConfigKey& key : section.keys) {
      names.push_back(std::string(section.name) + "." + std::string(key.name));
    }
  }
  return names;
}

Status UnknownSection(const std::string& name) {
  return InvalidArgument("unknown section [" + name + "]" +
                         NearestConfigName(name, SectionNames()));
}

Status UnknownKey(const ConfigSection& section, std::string_view key) {
  const std::string path = std::string(section.name) + "." + std::string(key);
  std::string near = NearestConfigName(path, KeyNames());
  if (!near.starts_with("; did you mean")) {
    std::vector<std::string> own;
    for (const ConfigKey& known : section.keys) own.emplace_back(known.name);
    near = NearestConfigName("", own);
  }
  return InvalidArgument("unknown key " + path + near);
}

// --- files ---------------------------------------------------------------------------------------

class FileReader {
 public:
  FileReader(std::string file, Config& config) : file_(std::move(file)), config_(config) {}

  Status Read() {
    COHORT_ASSIGN_OR_RETURN(const std::string text, ReadFile(file_));
    const toml::parse_result parsed = toml::parse(text, file_);
    if (!parsed) {
      return At(parsed.error().source(),
                InvalidArgument(std::string(parsed.error().description())));
    }
    for (const auto& [name, node] : parsed.table()) {
      COHORT_RETURN_IF_ERROR(ReadSection(std::string(name.str()), name.source(), node));
    }
    return {};
  }

 private:
  // In one line, whatever the file's keys hold.
  Status At(const toml::source_region& source, const Status& status) const {
    if (status.ok()) return status;
    std::string line = status.message();
    std::replace_if(
        line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    return Status(status.code(), std::move(line))
        .WithContext(file_ + ":" + std::to_string(source.begin.line) + ":" +
                     std::to_string(source.begin.column));
  }

  Status ReadSection(const std::string& name, const toml::source_region& source,
                     const toml::node& node) {
    const ConfigSection* section = FindConfigSection(name);
    if (section == nullptr) return At(source, UnknownSection(name));
    if (section->is_list) return ReadList(*section, node);
    const toml::table* table = node.as_table();
    if (table == nullptr) {
      return At(node.source(), InvalidArgument(name + " must be a table: write [" + name + "]"));
    }
    return ReadEntry(*section, section->entries(config_).front(), name, *table);
  }

  Status ReadList(const ConfigSection& section, const toml::node& node) {
    const std::string name(section.name);
    const toml::array* array = node.as_array();
    if (array == nullptr) {
      return At(node.source(),
                InvalidArgument(name + " must be a list of tables: write [[" + name + "]]"));
    }
    section.clear(config_);
    for (const toml::node& item : *array) {
      const toml::table* table = item.as_table();
      if (table == nullptr) {
        return At(item.source(),
                  InvalidArgument(name + " must hold tables: write [[" + name + "]]"));
      }
      const std::string path = name + "." + std::to_string(section.entries(config_).size());
      COHORT_RETURN_IF_ERROR(ReadEntry(section, section.append(config_), path, *table));
    }
    return {};
  }

  Status ReadEntry(const ConfigSection& section, void* entry, const std::string& path,
                   const toml::table& table) {
    for (const auto& [name, node] : table) {
      const ConfigKey* key = section.Find(name.str());
      if (key == nullptr) return At(name.source(), UnknownKey(section, name.str()));
      const std::string key_path = path + "." + std::string(key->name);
      const std::optional<ConfigValue> value = ToValue(node);
      if (!value) {
        return At(node.source(), InvalidArgument(key_path + " has the wrong type: it must be " +
                                                 ConfigTypePhrase(key->locate(entry))));
      }
      COHORT_RETURN_IF_ERROR(
          At(node.source(), AssignConfigValue(*key, key->locate(entry), key_path, *value)));
    }
    return {};
  }

  static std::optional<ConfigValue> ToValue(const toml::node& node) {
    if (const auto* text = node.as_string()) return ConfigValue(text->get());
    if (const auto* whole = node.as_integer()) return ConfigValue(whole->get());
    if (const auto* number = node.as_floating_point()) return ConfigValue(number->get());
    if (const auto* flag = node.as_boolean()) return ConfigValue(flag->get());
    const toml::array* array = node.as_array();
    if (array == nullptr) return std::nullopt;
    std::vector<std::string> list;
    for (const toml::node& item : *array) {
      const auto* text = item.as_string();
      if (text == nullptr) return std::nullopt;
      list.push_back(text->get());
    }
    return ConfigValue(std::move(list));
  }

  const std::string file_;
  Config& config_;
};

// --- environment and overrides -------------------------------------------------------------------

std::vector<std::string> Split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  for (size_t begin = 0;;) {
    const size_t end = text.find(separator, begin);
    parts.emplace_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + separator.size();
  }
}

// Environment variables have neither lower case nor '-'.
bool SameName(std::string_view a, std::string_view b) {
  const auto plain = [](char c) {
    return c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return plain(x) == plain(y); });
}

std::string EntryName(const ConfigSection& section, void* entry) {
  const ConfigKey* key = section.Find(section.entry_key);
  return *std::get<std::string*>(key->locate(entry));
}

Result<void*> FindEntry(const ConfigSection& section, Config& config, const std::string& selector) {
  const std::vector<void*> entries = section.entries(config);
  const std::string list(section.name);
  if (!selector.empty() && selector.find_first_not_of("0123456789") == std::string::npos) {
    const size_t index = selector.size() > 6 ? entries.size() : std::stoul(selector);
    if (index < entries.size()) return entries[index];
    return InvalidArgument("there is no " + list + "." + selector + ": the list has " +
                           std::to_string(entries.size()) + " entries, counted from 0");
  }
  std::vector<void*> found;
  std::vector<std::string> names;
  for (void* entry : entries) {
    names.push_back(EntryName(section, entry));
    if (SameName(names.back(), selector)) found.push_back(entry);
  }
  if (found.size() == 1) return found.front();
  if (found.size() > 1) {
    return InvalidArgument(std::to_string(found.size()) + " entries of " + list + " are called " +
                           selector + ": name one by its index, as in " + list + ".0");
  }
  return InvalidArgument(
      "there is no " + list + "." + selector +
      (names.empty() ? "; the list is empty" : NearestConfigName(selector, names)));
}

// `parts`: section, key; or list, index or name, key.
Status AssignPath(Config& config, const std::vector<std::string>& parts, std::string_view text) {
  const ConfigSection* section = FindConfigSection(parts.front());
  if (section == nullptr) return UnknownSection(parts.front());
  const size_t wanted = section->is_list ? 3 : 2;
  if (parts.size() != wanted) {
    const std::string name(section->name);
    return InvalidArgument("a key of " + name + " is written as " + name +
                           (section->is_list ? ".INDEX.KEY or " + name + ".NAME.KEY" : ".KEY"));
  }
  const ConfigKey* key = section->Find(parts.back());
  if (key == nullptr) return UnknownKey(*section, parts.back());
  void* entry = nullptr;
  if (section->is_list) {
    COHORT_ASSIGN_OR_RETURN(entry, FindEntry(*section, config, parts[1]));
  } else {
    entry = section->entries(config).front();
  }
  std::string path;
  for (const std::string& part : parts) path += (path.empty() ? "" : ".") + part;
  return AssignConfigText(*key, key->locate(entry), path, text);
}

Status ReadEnvironment(Config& config) {
  std::vector<std::string> ours;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const std::string_view name = text.substr(0, text.find('='));
    // Variables with a single underscore (COHORT_TORCH, COHORT_DATA) are no keys.
    if (name.starts_with("COHORT_") && name.find("__") != std::string_view::npos) {
      ours.emplace_back(text);
    }
  }
  std::sort(ours.begin(), ours.end());
  for (const std::string& variable : ours) {
    const size_t equals = variable.find('=');
    std::string name = variable.substr(0, equals);
    std::vector<std::string> parts = Split(std::string_view(name).substr(7), "__");
    for (std::string& part : parts) {
      for (char& c : part) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    const Status status = AssignPath(config, parts, std::string_view(variable).substr(equals + 1));
    if (!status.ok()) return status.WithContext("environment variable " + name);
  }
  return {};
}

Status ReadOverride(Config& config, const std::string& override_text) {
  std::string_view text = override_text;
  if (text.starts_with("--")) text.remove_prefix(2);
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || text.find('.') > equals) {
    return InvalidArgument("\"" + override_text +
                           "\" is no override: write --section.key=value in one word");
  }
  const Status status =
      AssignPath(config, Split(text.substr(0, equals), "."), text.substr(equals + 1));
  return status.ok() ? status : status.WithContext("--" + std::string(text.substr(0, equals)));
}

}  // namespace

Status SetScorerKey(ScorerConfig& scorer, const std::string& key,
                    const std::vector<std::string>& values) {
  const ConfigSection* section = FindConfigSection("scorers");
  const ConfigKey* known = section->Find(key);
  if (known == nullptr) return UnknownKey(*section, key);
  const ConfigField field = known->locate(&scorer);
  const bool is_list = std::holds_alternative<std::vector<std::string>*>(field);
  if (values.size() == 1 && !(is_list && !values.front().starts_with('['))) {
    return AssignConfigText(*known, field, key, values.front());
  }
  if (!is_list) return InvalidArgument(key + " is set " + std::to_string(values.size()) + " times");
  return AssignConfigValue(*known, field, key, ConfigValue(values));
}

Result<Config> LoadConfig(const ConfigSources& sources) {
  Config config;
  for (const std::string& file : sources.files) {
    COHORT_RETURN_IF_ERROR(FileReader(file, config).Read());
  }
  if (sources.environment) COHORT_RETURN_IF_ERROR(ReadEnvironment(config));
  for (const std::string& text : sources.overrides) {
    COHORT_RETURN_IF_ERROR(ReadOverride(config, text));
  }
  return config;
}

}  // namespace cohort
