#include "cli/run_sample_source.h"

#include <utility>

namespace cohort {

Result<RunSampleSource> RunSampleSource::Open(const Config& config) {
  COHORT_ASSIGN_OR_RETURN(const ChatTemplate chat_template,
                          ParseChatTemplate(config.model.chat_template));
  Result<Tokenizer> tokenizer = Tokenizer::Load(config.model.path);
  if (!tokenizer.ok()) {
    return tokenizer.status().WithContext("model.path (--model.path=DIR names another copy)");
  }
  return RunSampleSource(config, *std::move(tokenizer), chat_template);
}

Result<SampleSource::Row> RunSampleSource::Find(const SampleOrigin& origin) {
  const RouteConfig* route = config_.FindRoute(origin.route);
  if (!origin.evaluation && route == nullptr) {
    return InvalidArgument("the configuration has no route " + origin.route +
                           ", of which there "
                           "are samples");
  }
  const std::string key =
      origin.evaluation ? "evaluation.data" : "routes." + origin.route + ".train";
  const std::string& path = origin.evaluation ? config_.evaluation.data : route->train;
  auto file = files_.find(path);
  if (file == files_.end()) {
    Result<std::vector<PromptRow>> rows = ReadPromptFile(path);
    if (!rows.ok()) {
      return rows.status().WithContext(key + " (--" + key + "=FILE names another copy)");
    }
    file = files_.emplace(path, *std::move(rows)).first;
  }
  const std::vector<PromptRow>& rows = file->second;
  if (origin.row >= rows.size()) {
    return InvalidArgument(path + " has " + std::to_string(rows.size()) +
                           " rows and a sample is of row " + std::to_string(origin.row) +
                           " (from 0): the file has changed since the run; --" + key +
                           "=FILE names the one of the run");
  }
  const PromptRow& row = rows[origin.row];
  const std::string place = path + ":" + std::to_string(row.line);
  std::vector<ChatMessage> chat;
  for (const PromptMessage& message : row.messages) chat.push_back({message.role, message.content});
  const Result<std::string> text = RenderChat(chat_template_, chat, /*add_generation_prompt=*/true);
  if (!text.ok()) return text.status().WithContext(place);
  return Row{row, tokenizer_.Decode(tokenizer_.Encode(*text), /*skip_special=*/false), place};
}

bool RunSampleSource::Repeats(const std::string& completion) {
  return tokenizer_.Decode(tokenizer_.Encode(completion), /*skip_special=*/true) == completion;
}

}  // namespace cohort
