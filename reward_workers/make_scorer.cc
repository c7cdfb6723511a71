#include <cmath>

#include "reward_workers/answer_scorers.h"
#include "reward_workers/delayed_scorer.h"
#include "reward_workers/scorer.h"

namespace cohort {
namespace {

Status Bad(const ScorerConfig& config, const std::string& what) {
  return InvalidArgument("scorers." + config.name + "." + what);
}

bool IsDuration(double seconds) { return std::isfinite(seconds) && seconds >= 0 && seconds <= 1e9; }

Result<std::unique_ptr<Scorer>> MakeOfKind(const ScorerConfig& config) {
  const Result<Span> span = ParseSpan(config.span);
  if (!span.ok()) return Bad(config, "span: " + span.status().message());
  if (config.kind == "exact") return MakeExactScorer(config.name, *span);
  if (config.kind == "numeric") return MakeNumericScorer(config.name, *span);
  if (config.kind == "format") return MakeFormatScorer(config.name, EmptyThought::kAccepted);
  if (config.kind == "clean_stop") return MakeCleanStopScorer(config.name);
  if (config.kind == "length") {
    if (config.length_limit <= 0) {
      return Bad(config, "length_limit must be above 0: tokens at which the value reaches 0");
    }
    return MakeLengthScorer(config.name, static_cast<size_t>(config.length_limit));
  }
  return Bad(config, "kind: \"" + config.kind +
                         "\" is unknown; use exact, numeric, format, clean_stop or length");
}

}  // namespace

Result<std::unique_ptr<Scorer>> MakeScorer(const ScorerConfig& config,
                                           const ScorerContext& context) {
  if (!IsDuration(config.delay_seconds) || !IsDuration(config.delay_jitter_seconds)) {
    return Bad(config, "delay_seconds and delay_jitter_seconds must be seconds from 0 up");
  }
  COHORT_ASSIGN_OR_RETURN(std::unique_ptr<Scorer> scorer, MakeOfKind(config));
  if (config.delay_seconds == 0 && config.delay_jitter_seconds == 0) return scorer;
  return MakeDelayedScorer(std::move(scorer), Seconds(config.delay_seconds),
                           Seconds(config.delay_jitter_seconds), context);
}

}  // namespace cohort
