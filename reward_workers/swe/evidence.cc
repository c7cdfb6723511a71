#include "reward_workers/swe/evidence.h"

#include <algorithm>

#include "libs/base/digest.h"

namespace cohort {
namespace {

constexpr size_t kMostFiles = 20;
constexpr size_t kMostLog = 4 << 10;

std::string Tail(const std::string& log) {
  if (log.size() <= kMostLog) return log;
  const size_t line = log.find('\n', log.size() - kMostLog);
  return "…\n" + log.substr(line == std::string::npos ? log.size() - kMostLog : line + 1);
}

std::string Milliseconds(std::chrono::microseconds time) {
  return std::to_string(time.count() / 1000) + " ms";
}

}  // namespace

std::string SweEvidence(const ChangedFiles& files, const SandboxResult& run) {
  Digester digester;
  std::string names;
  size_t named = 0;
  for (const auto& [path, text] : files) {
    digester.Add(path.data(), path.size() + 1);
    if (text) digester.Add(text->data(), text->size());
    if (++named <= kMostFiles) names += " " + path.substr(0, 150) + (text ? "" : " (removed)");
  }
  if (named > kMostFiles) names += " and " + std::to_string(named - kMostFiles) + " more";
  return "changed " + digester.Finish().ToString() + ":" + names + "\nrun " + Describe(run) +
         ", cpu " + Milliseconds(run.cpu) + ", wall " + Milliseconds(run.wall) + "\nlog " +
         DigestOf(run.output).ToString() + " of " + std::to_string(run.output.size()) +
         " bytes:\n" + Tail(run.output);
}

}  // namespace cohort
