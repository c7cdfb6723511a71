#include "cli/sample_text.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "cli/text.h"

namespace cohort {
namespace {

using nlohmann::json;

// Any value as people write it; empty when it is missing.
std::string Plain(const json& row, const char* key) {
  const auto it = row.find(key);
  if (it == row.end() || it->is_null()) return "";
  if (it->is_string()) return it->get<std::string>();
  if (it->is_number_float()) return Fixed(it->get<double>(), 3);
  return it->dump();
}

std::string Headline(const json& row) {
  std::string line;
  const auto add = [&](const std::string& name, const char* key) {
    const std::string value = Plain(row, key);
    if (!value.empty()) line += (line.empty() ? "── " : " · ") + name + value;
  };
  add("", "purpose");
  add("step ", "step");
  add("version ", "version");
  add("route ", "route");
  add("row ", "row");
  add("sample ", "sample");
  add("", "end");
  return line + " ──";
}

std::string RewardLine(const json& row) {
  const std::string reward = Plain(row, "reward");
  std::string line = reward.empty() ? "no reward" : "reward " + reward;
  if (const auto parts = row.find("components"); parts != row.end() && parts->is_object()) {
    std::string text;
    for (const auto& [name, value] : parts->items()) {
      text += (text.empty() ? "" : ", ") + Visible(name) + " " + Plain(*parts, name.c_str());
    }
    if (!text.empty()) line += " (" + text + ")";
  }
  if (const auto correct = row.find("correct"); correct != row.end() && correct->is_boolean()) {
    line += correct->get<bool>() ? " · right" : " · wrong";
  }
  for (const char* key : {"outcome", "detail"}) {
    if (const std::string value = Plain(row, key); !value.empty()) line += " · " + Visible(value);
  }
  return line;
}

std::string TokensLine(const json& row) {
  std::string line = Plain(row, "length") + " tokens";
  if (const std::string finish = Plain(row, "finish"); !finish.empty()) line += " · " + finish;
  const auto versions = row.find("versions");
  if (versions == row.end() || !versions->is_array()) return line;
  line += " · drawn by";
  for (const json& run : *versions) {
    if (run.is_array() && run.size() == 2) {
      line += " version " + run[0].dump() + " × " + run[1].dump();
    }
  }
  return line;
}

}  // namespace

std::string SampleText(const json& row) {
  std::string text = Headline(row) + "\n" + Indented(Plain(row, "prompt"), "  ❯ ") + "\n" +
                     Indented(Plain(row, "completion"), "  ❮ ") + "\n";
  if (const std::string truth = Plain(row, "truth"); !truth.empty()) {
    text += Indented(truth, "  = ") + "\n";
  }
  text += "  " + RewardLine(row) + "\n  " + TokensLine(row) + "\n";
  if (const std::string evidence = Plain(row, "evidence"); !evidence.empty()) {
    text += Indented(evidence, "  │ ") + "\n";
  }
  return text;
}

}  // namespace cohort
