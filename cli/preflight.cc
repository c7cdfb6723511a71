#include "cli/preflight.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <set>
#include <utility>

#include "cli/command.h"
#include "libs/checkpoint/hf_directory.h"
#include "libs/config/load.h"
#include "libs/config/program_options.h"
#include "libs/math/gold_report.h"
#include "libs/run/prompt_file.h"
#include "libs/tokenizer/chat_template.h"
#include "libs/tokenizer/tokenizer.h"

namespace cohort {
namespace {

constexpr size_t kMostProblemsOfAFile = 10;

class Checker {
 public:
  explicit Checker(const Config& config) : config_(config) {}

  Preflight Run() {
    found_.problems = ConfigProblems(config_);
    if (!config_.model.path.empty()) CheckModel();
    for (const StageConfig& stage : config_.stages) {
      if (stage.kind == "sft" && !stage.data.empty()) CheckDemonstrations(stage.data);
    }
    if (Generates()) {
      for (const RouteConfig& route : config_.routes) {
        if (!HasStage("grpo") || route.train.empty()) continue;
        CheckPrompts(route.train);
        CheckGolds(route.train, route.scorers);
      }
      if (!config_.evaluation.data.empty()) {
        CheckPrompts(config_.evaluation.data);
        CheckGolds(config_.evaluation.data, EvaluationScorers());
      }
    }
    return std::move(found_);
  }

 private:
  bool HasStage(std::string_view kind) const {
    return std::any_of(config_.stages.begin(), config_.stages.end(),
                       [&](const StageConfig& stage) { return stage.kind == kind; });
  }
  bool Generates() const { return HasStage("grpo") || HasStage("eval"); }

  void Problem(std::string problem) { found_.problems.push_back(std::move(problem)); }

  void CheckModel() {
    const std::filesystem::path path = config_.model.path;
    std::error_code ignored;
    if (!std::filesystem::is_directory(path, ignored)) {
      Problem("model.path: there is no directory " + path.string() +
              "; name a Hugging Face directory (paths are relative to the current directory)");
      return;
    }
    if (config_.model.init == "random") {
      Result<ModelConfig> model = ReadModelConfig(path / "config.json");
      if (model.ok()) model_ = *std::move(model);
      if (!model.ok()) Problem("model.path: " + model.status().message());
    } else {
      const Result<HfDirectory> model = HfDirectory::Open(path);
      if (model.ok()) model_ = model->config();
      if (!model.ok()) Problem("model.path: " + model.status().message());
    }
    if (model_) found_.context = model_->max_positions;
    CheckTokenizer(path);
  }

  void CheckTokenizer(const std::filesystem::path& path) {
    Result<Tokenizer> tokenizer = Tokenizer::Load(path);
    if (!tokenizer.ok()) {
      Problem("model.path: " + tokenizer.status().message());
      return;
    }
    tokenizer_ = *std::move(tokenizer);
    if (model_ && tokenizer_->vocabulary_size() > model_->vocab_size) {
      Problem("model.path: the tokenizer has " + std::to_string(tokenizer_->vocabulary_size()) +
              " tokens and the model room for " + std::to_string(model_->vocab_size) +
              "; use the tokenizer that belongs to the model");
    }
    if (model_ && model_->eos_tokens.empty() && !tokenizer_->eos()) {
      Problem(
          "model.path: neither config.json nor tokenizer_config.json names an end token, so "
          "that no completion could end; add eos_token_id");
    }
  }

  // Nothing when there is no tokenizer to count with.
  std::optional<int64_t> CountTokens(const std::vector<PromptMessage>& messages,
                                     const std::string& place, size_t& problems) {
    const Result<ChatTemplate> chat_template = ParseChatTemplate(config_.model.chat_template);
    if (!tokenizer_ || !chat_template.ok()) return std::nullopt;
    std::vector<ChatMessage> chat;
    for (const PromptMessage& message : messages) chat.push_back({message.role, message.content});
    const Result<std::string> text =
        RenderChat(*chat_template, chat, /*add_generation_prompt=*/true);
    if (!text.ok()) {
      RowProblem(place + ": " + text.status().message(), problems);
      return std::nullopt;
    }
    return static_cast<int64_t>(tokenizer_->Encode(*text).size());
  }

  // A file with ten thousand bad rows is told of in ten lines.
  void RowProblem(std::string problem, size_t& problems) {
    if (++problems <= kMostProblemsOfAFile) Problem(std::move(problem));
  }

  void Append(const std::string& path, const std::vector<std::string>& problems) {
    for (size_t i = 0; i < problems.size() && i < kMostProblemsOfAFile; ++i) Problem(problems[i]);
    TellOfTheRest(path, problems.size());
  }

  void TellOfTheRest(const std::string& path, size_t problems) {
    if (problems > kMostProblemsOfAFile) {
      Problem(path + ": " + std::to_string(problems - kMostProblemsOfAFile) + " more problems");
    }
  }

  void CheckPrompts(const std::string& path) {
    if (!checked_.insert(path).second) return;
    std::vector<std::string> row_problems;
    const std::vector<PromptRow> rows = ReadPromptFile(path, row_problems);
    Append(path, row_problems);
    size_t problems = 0;
    for (const PromptRow& row : rows) {
      const std::string place = path + ":" + std::to_string(row.line);
      CheckLength(place, CountTokens(row.messages, place, problems),
                  config_.sampling.max_new_tokens, "sampling.max_new_tokens", problems);
    }
    TellOfTheRest(path, problems);
    found_.rows += static_cast<int64_t>(rows.size());
  }

  // Those of any route where the evaluation names none of its own.
  std::vector<std::string> EvaluationScorers() const {
    std::vector<std::string> names = config_.evaluation.scorers;
    if (!names.empty()) return names;
    for (const RouteConfig& route : config_.routes)
      names.insert(names.end(), route.scorers.begin(), route.scorers.end());
    return names;
  }

  void CheckGolds(const std::string& path, const std::vector<std::string>& scorers) {
    const ScorerConfig* math = config_.FindScorerOfKind("math", scorers);
    if (math == nullptr || !golds_checked_.insert(path).second) return;
    std::vector<std::string> ignored;
    GoldReport report(path, math->name);
    for (const PromptRow& row : ReadPromptFile(path, ignored)) report.Check(row.line, row.answer);
    for (std::string& warning : report.Warnings()) found_.warnings.push_back(std::move(warning));
  }

  void CheckDemonstrations(const std::string& path) {
    if (!checked_.insert(path).second) return;
    std::vector<std::string> row_problems;
    const std::vector<Demonstration> rows = ReadDemonstrationFile(path, row_problems);
    Append(path, row_problems);
    size_t problems = 0;
    for (const Demonstration& row : rows) {
      if (!tokenizer_) break;
      const std::string place = path + ":" + std::to_string(row.line);
      const auto completion = static_cast<int64_t>(tokenizer_->Encode(row.completion).size()) + 1;
      CheckLength(place, CountTokens(row.messages, place, problems), completion, "its completion",
                  problems);
    }
    TellOfTheRest(path, problems);
    found_.rows += static_cast<int64_t>(rows.size());
  }

  void CheckLength(const std::string& place, std::optional<int64_t> prompt, int64_t more,
                   const std::string& more_name, size_t& problems) {
    if (!prompt) return;
    found_.longest = std::max(found_.longest, *prompt);
    if (*prompt == 0) {
      RowProblem(place + ": the prompt has no token of this vocabulary; remove the row", problems);
    } else if (model_ && *prompt + more > model_->max_positions) {
      RowProblem(place + ": the prompt's " + std::to_string(*prompt) + " tokens and the " +
                     std::to_string(more) + " of " + more_name + " exceed the model's context of " +
                     std::to_string(model_->max_positions) + "; shorten or remove the row",
                 problems);
    }
  }

  const Config& config_;
  Preflight found_;
  std::optional<ModelConfig> model_;
  std::optional<Tokenizer> tokenizer_;
  std::set<std::string> checked_;
  std::set<std::string> golds_checked_;
};

}  // namespace

Preflight CheckBeforeStart(const Config& config) { return Checker(config).Run(); }

int ReportProblems(const std::vector<std::string>& problems) {
  for (const std::string& problem : problems) {
    ReportFailure(kProgramName, InvalidArgument(problem));
  }
  return problems.empty() ? 0 : kExitConfiguration;
}

void ReportWarnings(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings)
    std::fprintf(stderr, "%s: warning: %s\n", kProgramName, warning.c_str());
}

}  // namespace cohort
