// Values of keys: text of them, checking and assigning them, names near to a wrong one.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "libs/config/schema.h"

namespace cohort {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

std::string NumberText(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  return {buffer, end};
}

// TOML wants a dot or an exponent in a float.
std::string FloatText(double value) {
  std::string text = NumberText(value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      static constexpr char kDigits[] = "0123456789ABCDEF";
      out += "\\u00";
      out += kDigits[(c >> 4) & 15];
      out += kDigits[c & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string ListText(const std::vector<std::string>& list) {
  std::string out = "[";
  for (const std::string& item : list) out += (out.size() > 1 ? ", " : "") + Quoted(item);
  return out + "]";
}

std::string ValueText(const ConfigValue& value) {
  return std::visit(
      Overloaded{[](const std::string& v) { return Quoted(v); },
                 [](int64_t v) { return std::to_string(v); }, [](double v) { return FloatText(v); },
                 [](bool v) { return std::string(v ? "true" : "false"); },
                 [](const std::vector<std::string>& v) { return ListText(v); }},
      value);
}

Status OutOfBounds(const ConfigKey& key, const std::string& path, const ConfigValue& value) {
  return InvalidArgument(path + " = " + ValueText(value) + " is out of bounds: it must be " +
                         key.bounds.ToString());
}

Status CheckNumber(const ConfigKey& key, const std::string& path, const ConfigValue& value,
                   double number) {
  const ConfigBounds& bounds = key.bounds;
  if (!std::isfinite(number)) {
    return InvalidArgument(path + " = " + ValueText(value) + " is not a finite number");
  }
  const bool low_ok = bounds.low_open ? number > bounds.low : number >= bounds.low;
  if (!low_ok || number > bounds.high) return OutOfBounds(key, path, value);
  return {};
}

Status WrongType(const ConfigField& field, const std::string& path, const std::string& value) {
  return InvalidArgument(path + " = " + value + " has the wrong type: it must be " +
                         ConfigTypePhrase(field));
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string_view Unquoted(std::string_view text) {
  text = Trim(text);
  const bool quoted = text.size() >= 2 && text.front() == text.back() &&
                      (text.front() == '"' || text.front() == '\'');
  return quoted ? text.substr(1, text.size() - 2) : text;
}

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  std::string digits(Trim(text));
  std::erase(digits, '_');
  if (digits.starts_with('+')) digits.erase(0, 1);
  Number value{};
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::vector<std::string> ParseList(std::string_view text) {
  text = Trim(text);
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
  }
  std::vector<std::string> list;
  while (!Trim(text).empty()) {
    const size_t comma = text.find(',');
    list.emplace_back(Unquoted(text.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return list;
}

// Nothing when the text does not read as the field's type.
std::optional<ConfigValue> ParseAs(const ConfigField& field, std::string_view text) {
  const auto wrap = [](auto number) -> std::optional<ConfigValue> {
    if (!number) return std::nullopt;
    return ConfigValue(*number);
  };
  return std::visit(
      Overloaded{
          [&](std::string*) { return std::optional<ConfigValue>(std::string(Unquoted(text))); },
          [&](int64_t*) { return wrap(ParseNumber<int64_t>(text)); },
          [&](double*) { return wrap(ParseNumber<double>(text)); },
          [&](bool*) -> std::optional<ConfigValue> {
            const std::string_view word = Trim(text);
            if (word != "true" && word != "false") return std::nullopt;
            return ConfigValue(word == "true");
          },
          [&](std::vector<std::string>*) { return std::optional<ConfigValue>(ParseList(text)); }},
      field);
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string ConfigBounds::ToString() const {
  if (!choices.empty()) {
    std::string out;
    for (size_t i = 0; i < choices.size(); ++i) {
      if (i > 0) out += i + 1 == choices.size() ? " or " : ", ";
      out += Quoted(choices[i]);
    }
    return out;
  }
  const bool has_low = std::isfinite(low);
  if (has_low && std::isfinite(high)) {
    return (low_open ? "in (" : "in [") + NumberText(low) + ", " + NumberText(high) + "]";
  }
  if (has_low) return (low_open ? "> " : "≥ ") + NumberText(low);
  return "";
}

std::string_view ConfigTypeName(const ConfigField& field) {
  return std::visit(
      Overloaded{[](std::string*) { return std::string_view("text"); },
                 [](int64_t*) { return std::string_view("integer"); },
                 [](double*) { return std::string_view("number"); },
                 [](bool*) { return std::string_view("true or false"); },
                 [](std::vector<std::string>*) { return std::string_view("list of texts"); }},
      field);
}

std::string ConfigTypePhrase(const ConfigField& field) {
  const std::string name(ConfigTypeName(field));
  if (std::holds_alternative<bool*>(field)) return name;
  return (std::holds_alternative<int64_t*>(field) ? "an " : "a ") + name;
}

std::string ConfigValueText(const ConfigField& field) {
  return std::visit([](auto* value) { return ValueText(ConfigValue(*value)); }, field);
}

Status AssignConfigValue(const ConfigKey& key, ConfigField field, const std::string& path,
                         const ConfigValue& value) {
  if (auto* const* target = std::get_if<double*>(&field)) {
    const int64_t* whole = std::get_if<int64_t>(&value);
    const double* number = std::get_if<double>(&value);
    if (whole == nullptr && number == nullptr) return WrongType(field, path, ValueText(value));
    const double got = whole != nullptr ? static_cast<double>(*whole) : *number;
    COHORT_RETURN_IF_ERROR(CheckNumber(key, path, value, got));
    **target = got;
    return {};
  }
  return std::visit(
      [&](auto* target) -> Status {
        using T = std::remove_pointer_t<decltype(target)>;
        const T* got = std::get_if<T>(&value);
        if (got == nullptr) return WrongType(field, path, ValueText(value));
        if constexpr (std::is_same_v<T, int64_t>) {
          COHORT_RETURN_IF_ERROR(CheckNumber(key, path, value, static_cast<double>(*got)));
        }
        if constexpr (std::is_same_v<T, std::string>) {
          const auto& choices = key.bounds.choices;
          if (!choices.empty() &&
              std::find(choices.begin(), choices.end(), *got) == choices.end()) {
            return InvalidArgument(path + " = " + Quoted(*got) + " is unknown: it must be " +
                                   key.bounds.ToString());
          }
        }
        *target = *got;
        return {};
      },
      field);
}

Status AssignConfigText(const ConfigKey& key, ConfigField field, const std::string& path,
                        std::string_view text) {
  const std::optional<ConfigValue> value = ParseAs(field, text);
  if (!value) return WrongType(field, path, Quoted(text));
  return AssignConfigValue(key, field, path, *value);
}

std::string NearestConfigName(std::string_view wrong, const std::vector<std::string>& names) {
  const std::string* nearest = nullptr;
  size_t least = std::max<size_t>(2, wrong.size() / 3) + 1;
  for (const std::string& name : names) {
    const size_t distance = EditDistance(wrong, name);
    if (distance < least) {
      least = distance;
      nearest = &name;
    }
  }
  if (nearest != nullptr) return "; did you mean " + *nearest + "?";
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return names.empty() ? "" : "; there are " + all;
}

}  // namespace cohort
