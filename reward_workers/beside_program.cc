#include "reward_workers/beside_program.h"

namespace cohort {

std::filesystem::path BesideProgram(const std::vector<std::filesystem::path>& candidates) {
  std::error_code error;
  const std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const std::filesystem::path& candidate : candidates) {
    const std::filesystem::path path = (program / candidate).lexically_normal();
    if (std::filesystem::exists(path, error)) return path;
  }
  return {};
}

}  // namespace cohort
