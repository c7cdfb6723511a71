#include "learner/gold_warnings.h"

#include "libs/math/gold_report.h"

namespace cohort {

std::vector<std::string> GoldWarnings(const Config& config, const std::string& file,
                                      const std::vector<std::string>& scorers,
                                      const PromptSource& prompts) {
  const ScorerConfig* math = config.FindScorerOfKind("math", scorers);
  if (math == nullptr) return {};
  GoldReport report(file, math->name);
  for (uint64_t row = 0; row < prompts.rows(); ++row)
    report.Check(prompts.row(row).line, prompts.row(row).answer);
  return report.Warnings();
}

}  // namespace cohort
