#include "libs/scoring/thinking.h"

#include <string>

namespace cohort {
namespace {

constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";
constexpr std::string_view kThinkOpen = "<think>";
constexpr std::string_view kThinkClose = "</think>";
constexpr std::string_view kAnswerOpen = "<answer>";
constexpr std::string_view kAnswerClose = "</answer>";

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

size_t CountOf(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; at += part.size()) {
    ++count;
  }
  return count;
}

// What stands between the tags when they are all that the text is.
std::optional<std::string_view> Enclosed(std::string_view text, std::string_view open,
                                         std::string_view close) {
  text = Trimmed(text);
  if (text.size() < open.size() + close.size() || !text.starts_with(open) ||
      !text.ends_with(close)) {
    return std::nullopt;
  }
  return text.substr(open.size(), text.size() - open.size() - close.size());
}

std::string_view AnswerProblem(std::string_view answer) {
  if (Trimmed(answer).empty()) return "there is no answer after </think>";
  if (!Contains(answer, kAnswerOpen) && !Contains(answer, kAnswerClose)) return "";
  const std::optional<std::string_view> inner = Enclosed(answer, kAnswerOpen, kAnswerClose);
  if (!inner) return "<answer>…</answer> is not all that follows </think>";
  if (Contains(*inner, kAnswerOpen) || Contains(*inner, kAnswerClose)) {
    return "an <answer> tag is repeated";
  }
  if (Trimmed(*inner).empty()) return "the answer is empty";
  return "";
}

}  // namespace

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kWhiteSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kWhiteSpace) - first + 1);
}

Result<Span> ParseSpan(std::string_view name) {
  if (name == "all") return Span::kAll;
  if (name == "reasoning") return Span::kReasoning;
  if (name == "answer") return Span::kAnswer;
  return InvalidArgument("span \"" + std::string(name) + "\" is unknown; use all, reasoning or " +
                         "answer");
}

std::optional<std::string_view> ExtractSpan(std::string_view completion, Span span) {
  if (span == Span::kAll) return completion;
  const size_t close = completion.rfind(kThinkClose);
  if (close == std::string_view::npos) return std::nullopt;
  if (span == Span::kAnswer) {
    const std::string_view answer = completion.substr(close + kThinkClose.size());
    return Enclosed(answer, kAnswerOpen, kAnswerClose).value_or(answer);
  }
  const std::string_view thought = completion.substr(0, close);
  const size_t open = thought.find(kThinkOpen);
  return open == std::string_view::npos ? thought : thought.substr(open + kThinkOpen.size());
}

std::string_view ThinkingFormatProblem(std::string_view completion, EmptyThought empty_thought) {
  if (!completion.starts_with(kThinkOpen)) return "it does not start with <think>";
  const std::string_view rest = completion.substr(kThinkOpen.size());
  if (Contains(rest, kThinkOpen)) return "<think> is repeated";
  const size_t close = rest.find(kThinkClose);
  if (close == std::string_view::npos) return "there is no </think>";
  const std::string_view thought = rest.substr(0, close);
  const std::string_view answer = rest.substr(close + kThinkClose.size());
  if (Contains(answer, kThinkClose)) return "</think> is repeated";
  if (Contains(thought, kAnswerOpen) || Contains(thought, kAnswerClose)) {
    return "the answer stands inside the reasoning";
  }
  if (empty_thought == EmptyThought::kRefused && Trimmed(thought).empty()) {
    return "the reasoning is empty";
  }
  return AnswerProblem(answer);
}

std::string_view LenientFormatProblem(std::string_view completion) {
  const std::string_view text = Trimmed(completion);
  if (!text.starts_with(kThinkOpen)) return "it does not start with <think>";
  const size_t close = text.find(kThinkClose, kThinkOpen.size());
  if (close == std::string_view::npos) return "there is no </think>";
  const std::string_view answer = Trimmed(text.substr(close + kThinkClose.size()));
  if (answer.empty()) return "there is no answer after </think>";
  if (answer.starts_with(kAnswerOpen) && !Contains(answer, kAnswerClose)) {
    return "there is no </answer>";
  }
  return "";
}

double TagShare(std::string_view completion) {
  double share = 0;
  for (const std::string_view tag : {"<think>\n", "\n</think>\n", "\n<answer>\n", "\n</answer>"}) {
    if (CountOf(completion, tag) == 1) share += 0.25;
  }
  return share;
}

}  // namespace cohort
