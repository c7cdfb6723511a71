// The one table of the configuration: every section and key, with default, bounds and words.
// Loading, checking, writing and documentation walk over it. For libs/config only; immutable.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/base/status.h"
#include "libs/config/config.h"

namespace cohort {

// Where a key's value lies in a Config.
using ConfigField = std::variant<std::string*, int64_t*, double*, bool*, std::vector<std::string>*>;
// A value as it was read, before it is known to fit.
using ConfigValue = std::variant<std::string, int64_t, double, bool, std::vector<std::string>>;

struct ConfigBounds {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;                       // low itself is outside
  std::vector<std::string_view> choices = {};  // of a text; empty: any

  // "≥ 1", "in (0, 1]", "\"a\" or \"b\""; empty: no bounds.
  std::string ToString() const;
};

struct ConfigKey {
  std::string_view name;
  std::function<ConfigField(void* entry)> locate;
  ConfigBounds bounds;
  std::string_view words;                    // one sentence, with its unit
  std::vector<std::string_view> kinds = {};  // of entries that read it; empty: all
};

struct ConfigSection {
  std::string_view name;
  std::string_view words;
  std::vector<ConfigKey> keys;
  bool is_list = false;             // [[name]], any number of entries
  std::string_view entry_key = {};  // lists: overrides may address an entry by this key's value
  std::function<std::vector<void*>(Config&)> entries = {};  // of a table: one
  std::function<void*(Config&)> append = {};                // lists only
  std::function<void(Config&)> clear = {};                  // lists only

  const ConfigKey* Find(std::string_view key) const;
};

const std::vector<ConfigSection>& ConfigSections();
const ConfigSection* FindConfigSection(std::string_view name);

std::string_view ConfigTypeName(const ConfigField& field);  // "integer", "text", …
std::string ConfigTypePhrase(const ConfigField& field);     // "an integer", "a text", …
// As TOML writes it.
std::string ConfigValueText(const ConfigField& field);

// Checks type and bounds, then assigns. `path` is the key's full name, for the message; it says
// nothing about where the value was written.
Status AssignConfigValue(const ConfigKey& key, ConfigField field, const std::string& path,
                         const ConfigValue& value);
// The same from bare text, read as the field's type wants it: lists are "a,b" or ["a", "b"].
Status AssignConfigText(const ConfigKey& key, ConfigField field, const std::string& path,
                        std::string_view text);

// "; did you mean run.seed?", or what there is to choose from.
std::string NearestConfigName(std::string_view wrong, const std::vector<std::string>& names);

}  // namespace cohort
