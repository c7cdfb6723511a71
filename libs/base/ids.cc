#include "libs/base/ids.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <vector>

#include "libs/base/rng.h"

namespace cohort {

std::string TaskId::ToString() const {
  return Hex(run) + "/" + std::to_string(space) + "/" + std::to_string(cursor) + "/" +
         std::to_string(index);
}

Result<TaskId> TaskId::Parse(std::string_view text) {
  const Status bad = InvalidArgument("\"" + std::string(text) +
                                     "\" is no task id; expected run/space/cursor/index");
  std::vector<std::string_view> parts;
  for (std::string_view rest = text;;) {
    const size_t slash = rest.find('/');
    parts.push_back(rest.substr(0, slash));
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (parts.size() != 4) return bad;
  const auto number = [](std::string_view part, auto& out) {
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), out);
    return error == std::errc() && end == part.data() + part.size();
  };
  TaskId id;
  const Result<uint64_t> run = ParseHex(parts[0]);
  if (!run.ok() || !number(parts[1], id.space) || !number(parts[2], id.cursor) ||
      !number(parts[3], id.index)) {
    return bad;
  }
  id.run = *run;
  return id;
}

std::string Hex(uint64_t value) {
  std::array<char, 17> text;
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
  return text.data();
}

Result<uint64_t> ParseHex(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) {
    return InvalidArgument("\"" + std::string(text) + "\" is no hexadecimal number of 64 bits");
  }
  return value;
}

}  // namespace cohort

size_t std::hash<cohort::TaskId>::operator()(const cohort::TaskId& id) const noexcept {
  return cohort::RandomAt({id.run, id.space, id.cursor, id.index});
}
