#include <algorithm>
#include <cmath>

#include "libs/config/scorer_kinds.h"
#include "libs/scoring/language.h"
#include "reward_workers/answer_scorers.h"
#include "reward_workers/code/code_scorer.h"
#include "reward_workers/delayed_scorer.h"
#include "reward_workers/judge/judge_scorer.h"
#include "reward_workers/math_scorer.h"
#include "reward_workers/plugins/child_scorer.h"
#include "reward_workers/plugins/http_scorer.h"
#include "reward_workers/scorer.h"
#include "reward_workers/swe/swe_scorer.h"

namespace cohort {
namespace {

Status Bad(const ScorerConfig& config, const std::string& what) {
  return InvalidArgument("scorers." + config.name + "." + what);
}

bool IsDuration(double seconds) { return std::isfinite(seconds) && seconds >= 0 && seconds <= 1e9; }

Result<std::unique_ptr<Scorer>> MakeFormat(const ScorerConfig& config) {
  if (config.variant == "strict") return MakeFormatScorer(config.name, EmptyThought::kRefused);
  if (config.variant == "strict_or_empty") {
    return MakeFormatScorer(config.name, EmptyThought::kAccepted);
  }
  if (config.variant == "lenient") return MakeLenientFormatScorer(config.name);
  if (config.variant == "tags") return MakeTagScorer(config.name);
  return Bad(config, "variant: \"" + config.variant + "\" is unknown; use strict, lenient or tags");
}

Result<std::unique_ptr<Scorer>> MakeLanguage(const ScorerConfig& config, Span span) {
  const std::vector<std::string_view> targets = TargetLanguages();
  if (std::ranges::find(targets, config.language) == targets.end()) {
    return Bad(config, "language: \"" + config.language + "\" is none that can be told apart");
  }
  return MakeLanguageScorer(config.name, span, config.language);
}

Result<std::unique_ptr<Scorer>> MakeOfLength(const ScorerConfig& config) {
  if (config.length_limit <= 0) {
    return Bad(config, "length_limit must be above 0: tokens at which the value ends");
  }
  const auto limit = static_cast<size_t>(config.length_limit);
  if (config.kind == "length") return MakeLengthScorer(config.name, limit);
  if (config.kind == "cosine") {
    return MakeCosineScorer(config.name, limit,
                            {.right_at_zero = config.right_at_zero,
                             .right_at_limit = config.right_at_limit,
                             .wrong_at_zero = config.wrong_at_zero,
                             .wrong_at_limit = config.wrong_at_limit});
  }
  if (config.length_buffer < 0) return Bad(config, "length_buffer must be 0 or more tokens");
  return MakeSoftOverlongScorer(config.name, limit, static_cast<size_t>(config.length_buffer));
}

// Where none is given, the part that the kind is made for.
std::string_view SpanName(const ScorerConfig& config) {
  if (!config.span.empty()) return config.span;
  if (config.kind == "judge") return "answer";
  return config.kind == "language" ? "reasoning" : "all";
}

Result<std::unique_ptr<Scorer>> MakeOfKind(const ScorerConfig& config,
                                           const ScorerContext& context) {
  const Result<Span> span = ParseSpan(SpanName(config));
  if (!span.ok()) return Bad(config, "span: " + span.status().message());
  if (config.kind == "exact") return MakeExactScorer(config.name, *span);
  if (config.kind == "numeric") return MakeNumericScorer(config.name, *span);
  if (config.kind == "math") return MakeMathScorer(config.name, *span, context.verdicts);
  if (config.kind == "format") return MakeFormat(config);
  if (config.kind == "clean_stop") return MakeCleanStopScorer(config.name);
  if (config.kind == "length" || config.kind == "soft_overlong" || config.kind == "cosine") {
    return MakeOfLength(config);
  }
  if (config.kind == "repetition") {
    if (config.ngram <= 0) return Bad(config, "ngram must be above 0: tokens of a pattern");
    return MakeRepetitionScorer(config.name, static_cast<size_t>(config.ngram));
  }
  if (config.kind == "language") return MakeLanguage(config, *span);
  if (config.kind == "process" || config.kind == "python" || config.kind == "library") {
    return MakeChildScorer(config, context);
  }
  if (config.kind == "http") return MakeHttpScorer(config, context);
  if (config.kind == "code") return MakeCodeScorer(config, context);
  if (config.kind == "swe") return MakeSweScorer(config, context);
  if (config.kind == "patch_similarity") return MakePatchSimilarityScorer(config, context);
  if (config.kind == "judge") return MakeJudgeScorer(config, *span, context);
  return Bad(config, "kind: \"" + config.kind + "\" is unknown; use " + ScorerKindsInWords());
}

}  // namespace

Result<std::unique_ptr<Scorer>> MakeScorer(const ScorerConfig& config,
                                           const ScorerContext& context) {
  if (!IsDuration(config.delay_seconds) || !IsDuration(config.delay_jitter_seconds)) {
    return Bad(config, "delay_seconds and delay_jitter_seconds must be seconds from 0 up");
  }
  COHORT_ASSIGN_OR_RETURN(std::unique_ptr<Scorer> scorer, MakeOfKind(config, context));
  if (config.delay_seconds == 0 && config.delay_jitter_seconds == 0) return scorer;
  return MakeDelayedScorer(std::move(scorer), Seconds(config.delay_seconds),
                           Seconds(config.delay_jitter_seconds), context);
}

}  // namespace cohort
