#include "reward_workers/judge/judge_reply.h"

#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "libs/scoring/thinking.h"
#include "libs/scoring/verdict.h"

namespace cohort {
namespace {

constexpr std::string_view kScore = "SCORE: ";
constexpr std::string_view kBetter = "BETTER: ";
constexpr size_t kReasonBytes = 160;

std::string NumberText(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.10g", value);
  return text;
}

std::string EndWith(const std::string& form, const std::string& where) {
  return "Give your reasons first, in a few sentences. Then end your reply with one line of "
         "exactly "
         "this form, without any markup:\n" +
         form + "\nwhere " + where + ". Write such a line only once, as the last one.\n";
}

// -?digits(.digits)? and nothing else.
std::optional<double> Decimal(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c < '0' || c > '9') && !(c == '-' && i == 0) && !(c == '.' && i > 0)) return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.ends_with('.')) {
    return std::nullopt;
  }
  return value;
}

std::optional<double> ScoreOf(std::string_view line) {
  if (!line.starts_with(kScore)) return std::nullopt;
  return Decimal(line.substr(kScore.size()));
}

std::optional<double> BetterOf(std::string_view line) {
  if (!line.starts_with(kBetter)) return std::nullopt;
  const std::string_view which = line.substr(kBetter.size());
  if (which == "A") return 1;
  if (which == "B") return 0;
  if (which == "TIE") return 0.5;
  return std::nullopt;
}

// The value of the last line, which no other line may have one beside.
template <typename ValueOf>
Result<JudgeSaid> ReadLastLine(std::string_view content, const std::string& form,
                               ValueOf value_of) {
  constexpr std::string_view kThought =
      "</think>";  // what the judge thought is no part of its reply
  if (const size_t thought = content.rfind(kThought); thought != std::string_view::npos) {
    content.remove_prefix(thought + kThought.size());
  }
  std::vector<std::string_view> lines;  // that are not blank
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    const std::string_view line = Trimmed(content.substr(begin, end - begin));
    if (!line.empty()) lines.push_back(line);
    begin = end + 1;
  }
  if (lines.empty()) return InvalidArgument("the judge said nothing");
  const std::optional<double> value = value_of(lines.back());
  if (!value) {
    return InvalidArgument("the judge did not end with \"" + form + "\" but with " +
                           Quoted(lines.back(), kReasonBytes));
  }
  lines.pop_back();
  for (const std::string_view line : lines) {
    if (value_of(line)) return InvalidArgument("the judge wrote \"" + form + "\" more than once");
  }
  return JudgeSaid{*value, lines.empty() ? "" : Quoted(lines.back(), kReasonBytes)};
}

}  // namespace

std::string ScoreInstruction(MarkRange range) {
  return EndWith(std::string(kScore) + "<number>", "<number> is a number from " +
                                                       NumberText(range.lowest) + " (worst) to " +
                                                       NumberText(range.highest) + " (best)");
}

std::string BetterInstruction() {
  return EndWith(std::string(kBetter) + "<which>",
                 "<which> is A, B, or TIE where neither is better");
}

Result<JudgeSaid> ReadScore(std::string_view content, MarkRange range) {
  COHORT_ASSIGN_OR_RETURN(JudgeSaid said,
                          ReadLastLine(content, std::string(kScore) + "<number>", ScoreOf));
  if (said.value < range.lowest || said.value > range.highest) {
    return InvalidArgument("the judge's mark " + NumberText(said.value) + " is not from " +
                           NumberText(range.lowest) + " to " + NumberText(range.highest));
  }
  said.value = (said.value - range.lowest) / (range.highest - range.lowest);
  return said;
}

Result<JudgeSaid> ReadBetter(std::string_view content) {
  return ReadLastLine(content, std::string(kBetter) + "<which>", BetterOf);
}

Result<std::string> ReadChatCompletion(std::string_view json) {
  using Json = nlohmann::json;
  const Json reply = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!reply.is_object()) return InvalidArgument("the judge's reply is no JSON: " + Quoted(json));
  const auto choices = reply.find("choices");
  if (choices == reply.end() || !choices->is_array() || choices->size() != 1 ||
      !choices->front().is_object()) {
    return InvalidArgument("the judge's reply does not have one choice: " + Quoted(json));
  }
  const Json& choice = choices->front();
  const auto finish = choice.find("finish_reason");
  if (finish == choice.end() || *finish != "stop") {
    return InvalidArgument(
        "the judge did not end by itself: finish_reason is " +
        (finish == choice.end()
             ? "missing"
             : Quoted(finish->dump(-1, ' ', false, Json::error_handler_t::replace))));
  }
  const auto message = choice.find("message");
  if (message == choice.end() || !message->is_object()) {
    return InvalidArgument("the judge's reply has no message");
  }
  const auto content = message->find("content");
  if (content == message->end() || !content->is_string()) {
    return InvalidArgument("the judge's message has no text");
  }
  return content->get<std::string>();
}

}  // namespace cohort
