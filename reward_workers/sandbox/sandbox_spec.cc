#include "reward_workers/sandbox/sandbox_spec.h"

#include <array>

namespace cohort {

std::string_view SandboxEndName(SandboxEnd end) {
  static constexpr std::array<std::string_view, 13> kNames = {
      "exited",          "signalled",    "not_executable", "cpu_limit",     "wall_limit",
      "memory_limit",    "output_limit", "disk_limit",     "process_limit", "open_files_limit",
      "file_size_limit", "cancelled",    "infrastructure"};
  const auto index = static_cast<size_t>(end);
  return index < kNames.size() ? kNames[index] : "unknown";
}

std::string Describe(const SandboxResult& result) {
  std::string text(SandboxEndName(result.end));
  if (result.end == SandboxEnd::kExited || result.end == SandboxEnd::kSignalled) {
    text += " " + std::to_string(result.code);
  }
  if (!result.what.empty()) text += ": " + result.what;
  return text;
}

}  // namespace cohort
