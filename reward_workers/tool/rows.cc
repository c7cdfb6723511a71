#include "reward_workers/tool/rows.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "libs/base/files.h"
#include "libs/run/prompt_file.h"

namespace cohort {
namespace {

using nlohmann::json;

std::string InQuotes(const char* key) { return "\"" + std::string(key) + "\""; }

Status ReadText(const json& object, const char* key, std::string& text) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (!found->is_string()) return InvalidArgument(InQuotes(key) + " must be a text");
  text = found->get<std::string>();
  return {};
}

// A column by its name, or, where it is missing, by the one that it has in samples.jsonl.
json::const_iterator Find(const json& object, const char* key, const char* in_samples) {
  const auto found = object.find(key);
  return found != object.end() || *in_samples == '\0' ? found : object.find(in_samples);
}

Status ReadTokens(const json& object, const char* key, const char* in_samples,
                  std::vector<int32_t>& tokens) {
  const auto found = Find(object, key, in_samples);
  if (found == object.end()) return {};
  const Status wrong = InvalidArgument(InQuotes(key) + " must be a list of tokens, from 0 up");
  if (!found->is_array()) return wrong;
  for (const json& token : *found) {
    if (!token.is_number_unsigned() ||
        token.get<uint64_t>() > std::numeric_limits<int32_t>::max()) {
      return wrong;
    }
    tokens.push_back(token.get<int32_t>());
  }
  return {};
}

Status ReadAnswer(const json& object, const std::string& line, std::string& answer) {
  const auto found = Find(object, "answer", "truth");
  if (found == object.end()) return {};
  if (found->is_string()) {
    answer = found->get<std::string>();
  } else if (found->is_number()) {
    answer = AnswerDigits(line).value_or(found->dump());
  } else {
    return InvalidArgument("\"answer\" must be a text or a number");
  }
  return {};
}

Status ReadFinish(const json& object, FinishReason& finish) {
  std::string text = "stop";
  COHORT_RETURN_IF_ERROR(ReadText(object, "finish", text));
  if (text != "stop" && text != "length") {
    return InvalidArgument("\"finish\" must be \"stop\" or \"length\"");
  }
  finish = text == "stop" ? FinishReason::kStop : FinishReason::kLength;
  return {};
}

Status ReadExpected(const json& object, ScorerRow& row) {
  const auto found = object.find("expected");
  if (found == object.end()) return {};
  row.has_expected = true;
  if (found->is_null()) return {};
  if (!found->is_number()) return InvalidArgument("\"expected\" must be a number or null");
  row.expected = found->get<double>();
  return {};
}

}  // namespace

ScorerRow MakeScorerRow(int64_t line, std::string completion, std::string answer,
                        std::string prompt) {
  ScorerRow row;
  row.line = line;
  row.completion = std::move(completion);
  row.prompt = std::move(prompt);
  row.rollout.prompt.truth = std::move(answer);
  row.rollout.prompt.route = "score";
  row.rollout.prompt.row = static_cast<uint64_t>(line - 1);
  row.rollout.prompt.id.cursor = static_cast<uint64_t>(line - 1);
  row.rollout.prompt.tokens = {0};  // never empty; nobody sees it (CheckTokens)
  return row;
}

Result<ScorerRow> ReadScorerRow(const std::string& line, int64_t number) {
  COHORT_ASSIGN_OR_RETURN(const json object, ReadRow(line));
  if (!object.contains("completion")) return InvalidArgument("\"completion\" is missing");
  ScorerRow row = MakeScorerRow(number, "", "");
  Prompt& prompt = row.rollout.prompt;
  COHORT_RETURN_IF_ERROR(ReadText(object, "completion", row.completion));
  COHORT_RETURN_IF_ERROR(ReadAnswer(object, line, prompt.truth));
  COHORT_RETURN_IF_ERROR(ReadText(object, "prompt", row.prompt));
  COHORT_RETURN_IF_ERROR(ReadText(object, "route", prompt.route));
  COHORT_RETURN_IF_ERROR(ReadFinish(object, row.rollout.finish));
  COHORT_RETURN_IF_ERROR(ReadTokens(object, "completion_ids", "tokens", row.rollout.tokens));
  std::vector<int32_t> prompt_ids;
  COHORT_RETURN_IF_ERROR(ReadTokens(object, "prompt_ids", "", prompt_ids));
  row.has_prompt_ids = !prompt_ids.empty();
  if (row.has_prompt_ids) prompt.tokens = std::move(prompt_ids);
  COHORT_RETURN_IF_ERROR(ReadExpected(object, row));
  const bool of_a_run = object.contains("truth") && !object.contains("answer");
  if (!of_a_run) {  // the columns of samples.jsonl are about the run
    COHORT_ASSIGN_OR_RETURN(prompt.columns,
                            OtherColumns(line, {"completion", "route", "finish", "completion_ids",
                                                "tokens", "prompt_ids", "expected"}));
  }
  return row;
}

Status CheckTokens(const ScorerRow& row, const Scorer& scorer) {
  const ScorerWants wants = scorer.Wants();
  const auto missing = [&](const char* column) {
    return InvalidArgument("scorer \"" + scorer.name() + "\" reads tokens: give the row a " +
                           InQuotes(column));
  };
  if (wants.completion_ids && row.rollout.tokens.empty()) return missing("completion_ids");
  if (wants.prompt_ids && !row.has_prompt_ids) return missing("prompt_ids");
  return {};
}

Result<std::vector<ScorerRow>> ReadScorerRows(const std::filesystem::path& path) {
  COHORT_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  std::istringstream in(text);
  std::vector<ScorerRow> rows;
  std::string line;
  for (int64_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    Result<ScorerRow> row = ReadScorerRow(line, number);
    if (!row.ok()) return row.status().WithContext(path.string() + ":" + std::to_string(number));
    rows.push_back(*std::move(row));
  }
  if (rows.empty()) {
    return InvalidArgument(path.string() + " has no rows: write one JSON object a line");
  }
  return rows;
}

}  // namespace cohort
