#include "libs/scoring/verdict.h"

#include <cmath>
#include <utility>

namespace cohort {

Verdict Verdict::Graded(double value, std::string detail) {
  if (!std::isfinite(value)) {
    return Masked(OutcomeReason::kGraderCrashed, "the value is not a finite number");
  }
  return {OutcomeReason::kGraded, value, std::move(detail)};
}

Verdict Verdict::Failed(OutcomeReason reason, std::string detail) {
  return {reason, 0, std::move(detail)};
}

Verdict Verdict::Masked(OutcomeReason reason, std::string detail) {
  return {IsScored(reason) ? OutcomeReason::kGraderCrashed : reason, 0, std::move(detail)};
}

Verdict Verdict::NotApplicable(std::string detail) {
  Verdict verdict(OutcomeReason::kTaskUnsupported, 0, std::move(detail));
  verdict.applicable_ = false;
  return verdict;
}

Verdict Verdict::With(std::string evidence) && {
  evidence_ = std::move(evidence);
  return std::move(*this);
}

std::optional<double> Verdict::value() const {
  if (!scored()) return std::nullopt;
  return value_;
}

std::string Quoted(std::string_view text, size_t max_bytes) {
  const bool cut = text.size() > max_bytes;
  if (cut) {
    text = text.substr(0, max_bytes + 1);
    const auto is_continuation = [](char c) { return (c & 0xC0) == 0x80; };
    while (!text.empty() && is_continuation(text.back())) text.remove_suffix(1);
    if (!text.empty()) text.remove_suffix(1);
  }
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    quoted += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return quoted + (cut ? "…\"" : "\"");
}

}  // namespace cohort
