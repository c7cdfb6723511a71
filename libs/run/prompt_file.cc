#include "libs/run/prompt_file.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "libs/base/json_text.h"

namespace cohort {
namespace {

using nlohmann::json;

Result<std::string> TextOf(const json& object, const char* key) {
  const json& value = object[key];
  if (!value.is_string()) {
    return InvalidArgument("\"" + std::string(key) + "\" must be a text");
  }
  return value.get<std::string>();
}

Result<std::vector<PromptMessage>> MessagesOf(const json& object) {
  const json& list = object["messages"];
  const auto wrong = [] {
    return InvalidArgument(
        "\"messages\" must be a list of {\"role\": text, \"content\": text}, and not empty");
  };
  if (!list.is_array() || list.empty()) return wrong();
  std::vector<PromptMessage> messages;
  for (const json& item : list) {
    if (!item.is_object() || !item.contains("role") || !item.contains("content")) return wrong();
    if (!item["role"].is_string() || !item["content"].is_string()) return wrong();
    messages.push_back({item["role"].get<std::string>(), item["content"].get<std::string>()});
    if (messages.back().role.empty()) return wrong();
  }
  return messages;
}

// "prompt" or "messages", not both.
Result<std::vector<PromptMessage>> ConversationOf(const json& object) {
  const bool has_prompt = object.contains("prompt"), has_messages = object.contains("messages");
  if (has_prompt == has_messages) {
    return InvalidArgument(has_prompt ? "\"prompt\" and \"messages\" are both given; keep one"
                                      : "\"prompt\" (or \"messages\") is missing");
  }
  if (has_messages) return MessagesOf(object);
  COHORT_ASSIGN_OR_RETURN(std::string prompt, TextOf(object, "prompt"));
  if (prompt.empty()) return InvalidArgument("\"prompt\" is empty");
  return std::vector<PromptMessage>{{"user", std::move(prompt)}};
}

Result<std::string> IdOf(const json& object) {
  if (!object.contains("id")) return std::string();
  const json& id = object["id"];
  if (id.is_string()) return id.get<std::string>();
  if (id.is_number_integer()) return id.dump();
  return InvalidArgument("\"id\" must be a text or a whole number");
}

Result<PromptRow> ParsePrompt(const json& object) {
  PromptRow row;
  COHORT_ASSIGN_OR_RETURN(row.messages, ConversationOf(object));
  COHORT_ASSIGN_OR_RETURN(row.id, IdOf(object));
  if (!object.contains("answer")) return InvalidArgument("\"answer\" is missing");
  const json& answer = object["answer"];
  if (!answer.is_string() && !answer.is_number()) {
    return InvalidArgument("\"answer\" must be a text or a number");
  }
  row.answer = answer.is_string() ? answer.get<std::string>() : answer.dump();
  return row;
}

Result<Demonstration> ParseDemonstration(const json& object) {
  Demonstration demonstration;
  COHORT_ASSIGN_OR_RETURN(demonstration.messages, ConversationOf(object));
  if (object.contains("completion")) {
    COHORT_ASSIGN_OR_RETURN(demonstration.completion, TextOf(object, "completion"));
  } else if (demonstration.messages.back().role == "assistant" &&
             demonstration.messages.size() > 1) {
    demonstration.completion = std::move(demonstration.messages.back().content);
    demonstration.messages.pop_back();
  } else {
    return InvalidArgument(
        "\"completion\" is missing (or \"messages\" that end with the assistant's)");
  }
  if (demonstration.completion.empty()) return InvalidArgument("the completion is empty");
  return demonstration;
}

}  // namespace

Result<std::string> OtherColumns(std::string_view line, const std::vector<std::string_view>& also) {
  constexpr size_t kMost = 1 << 20;
  std::vector<std::string_view> known = {"prompt", "messages", "answer"};
  known.insert(known.end(), also.begin(), also.end());
  std::string columns;
  for (const JsonMember& member : JsonMembers(line)) {
    const std::string_view name = member.key.substr(1, member.key.size() - 2);
    if (std::ranges::find(known, name) != known.end()) continue;
    columns += columns.empty() ? '{' : ',';
    columns += std::string(member.key) + ":" + std::string(member.value);
  }
  if (columns.empty()) return columns;
  columns += '}';
  if (columns.size() <= kMost) return columns;
  return InvalidArgument("its columns beside prompt and answer take " +
                         std::to_string(columns.size()) +
                         " bytes, and go with every rollout: at most 1 MiB; take out what no "
                         "scorer reads");
}

std::optional<std::string> AnswerDigits(std::string_view line) {
  std::optional<std::string> digits;
  for (const JsonMember& member : JsonMembers(line)) {
    if (member.key != "\"answer\"") continue;
    const char first = member.value.empty() ? 'x' : member.value.front();
    digits.reset();
    if (first == '-' || (first >= '0' && first <= '9')) digits = std::string(member.value);
  }
  return digits;
}

Result<nlohmann::json> ReadRow(const std::string& line) {
  if (JsonNesting(line) > kMostJsonNesting) {
    return InvalidArgument("this line nests lists and objects more than " +
                           std::to_string(kMostJsonNesting) + " deep");
  }
  json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return InvalidArgument("no JSON object in this line");
  return object;
}

namespace {

// Calls `parse` for each line; what it refuses is a problem with its place.
void ForEachRow(
    const std::filesystem::path& path, std::vector<std::string>& problems,
    const std::function<Status(const json&, const std::string& line, int64_t number)>& parse) {
  std::error_code error;
  std::ifstream in(path, std::ios::binary);
  if (!in || !std::filesystem::is_regular_file(path, error)) {
    problems.push_back("cannot read " + path.string() + ": there is no such file");
    return;
  }
  std::string line;
  bool any = false;
  for (int64_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    any = true;
    const Result<json> object = ReadRow(line);
    const Status status = object.ok() ? parse(*object, line, number) : object.status();
    if (!status.ok()) {
      problems.push_back(path.string() + ":" + std::to_string(number) + ": " + status.message());
    }
  }
  if (!any) problems.push_back(path.string() + " has no rows: write one JSON object a line");
}

Status FirstOf(const std::vector<std::string>& problems) {
  if (problems.empty()) return {};
  std::string others;
  if (problems.size() > 1) others = " (and " + std::to_string(problems.size() - 1) + " more)";
  return InvalidArgument(problems.front() + others);
}

}  // namespace

std::vector<PromptRow> ReadPromptFile(const std::filesystem::path& path,
                                      std::vector<std::string>& problems) {
  std::vector<PromptRow> rows;
  ForEachRow(path, problems, [&](const json& object, const std::string& line, int64_t number) {
    COHORT_ASSIGN_OR_RETURN(PromptRow row, ParsePrompt(object));
    if (object["answer"].is_number()) row.answer = AnswerDigits(line).value_or(row.answer);
    COHORT_ASSIGN_OR_RETURN(row.columns, OtherColumns(line));
    row.row = rows.size();
    row.line = number;
    rows.push_back(std::move(row));
    return Status();
  });
  return rows;
}

std::vector<Demonstration> ReadDemonstrationFile(const std::filesystem::path& path,
                                                 std::vector<std::string>& problems) {
  std::vector<Demonstration> rows;
  ForEachRow(path, problems, [&](const json& object, const std::string&, int64_t number) {
    COHORT_ASSIGN_OR_RETURN(Demonstration row, ParseDemonstration(object));
    row.row = rows.size();
    row.line = number;
    rows.push_back(std::move(row));
    return Status();
  });
  return rows;
}

Result<std::vector<PromptRow>> ReadPromptFile(const std::filesystem::path& path) {
  std::vector<std::string> problems;
  std::vector<PromptRow> rows = ReadPromptFile(path, problems);
  COHORT_RETURN_IF_ERROR(FirstOf(problems));
  return rows;
}

Result<std::vector<Demonstration>> ReadDemonstrationFile(const std::filesystem::path& path) {
  std::vector<std::string> problems;
  std::vector<Demonstration> rows = ReadDemonstrationFile(path, problems);
  COHORT_RETURN_IF_ERROR(FirstOf(problems));
  return rows;
}

}  // namespace cohort
