// How the table of the configuration is written down. For the files of libs/config that hold its
// sections only.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "libs/config/schema.h"

namespace cohort {

inline ConfigBounds Any() { return {}; }
inline ConfigBounds AtLeast(double low) { return {.low = low}; }
inline ConfigBounds MoreThan(double low) { return {.low = low, .low_open = true}; }
inline ConfigBounds Within(double low, double high) { return {.low = low, .high = high}; }
inline ConfigBounds OpenWithin(double low, double high) {
  return {.low = low, .high = high, .low_open = true};
}
inline ConfigBounds OneOf(std::vector<std::string_view> choices) {
  return {.choices = std::move(choices)};
}

template <typename Entry>
struct KeysOf {
  template <typename T>
  KeysOf& Key(std::string_view name, T Entry::*member, ConfigBounds bounds,
              std::string_view words) {
    keys.push_back(
        {name,
         [member](void* entry) { return ConfigField(&(static_cast<Entry*>(entry)->*member)); },
         std::move(bounds),
         words,
         {}});
    return *this;
  }
  // The last key is read by entries of these kinds only.
  KeysOf& For(std::vector<std::string_view> kinds) {
    keys.back().kinds = std::move(kinds);
    return *this;
  }
  std::vector<ConfigKey> keys;
};

template <typename Entry>
ConfigSection Table(std::string_view name, Entry Config::*member, std::string_view words,
                    KeysOf<Entry>& keys) {
  ConfigSection section{.name = name, .words = words, .keys = std::move(keys.keys)};
  section.entries = [member](Config& c) { return std::vector<void*>{&(c.*member)}; };
  return section;
}

template <typename Entry>
ConfigSection List(std::string_view name, std::vector<Entry> Config::*member,
                   std::string_view entry_key, std::string_view words, KeysOf<Entry>& keys) {
  ConfigSection section{.name = name,
                        .words = words,
                        .keys = std::move(keys.keys),
                        .is_list = true,
                        .entry_key = entry_key};
  section.entries = [member](Config& c) {
    std::vector<void*> entries;
    for (Entry& entry : c.*member) entries.push_back(&entry);
    return entries;
  };
  section.append = [member](Config& c) -> void* { return &(c.*member).emplace_back(); };
  section.clear = [member](Config& c) { (c.*member).clear(); };
  return section;
}

ConfigSection ScorersSection();
ConfigSection LanguagesSection();

}  // namespace cohort
