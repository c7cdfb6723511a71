// Supervised fine-tuning on demonstrations: in the learner alone, nobody else is needed.
#include "learner/epoch_order.h"
#include "learner/session.h"
#include "libs/base/logging.h"
#include "libs/base/rng.h"
#include "libs/run/prompt_file.h"

namespace cohort {
namespace {

constexpr int64_t kStepsBetweenLines = 100;  // of progress in the log

Result<std::vector<SftExample>> LoadExamples(const LearnerSession& session,
                                             const std::string& file) {
  const std::optional<int32_t> eos = session.tokenizer.eos();
  COHORT_ASSIGN_OR_RETURN(const std::vector<Demonstration> rows, ReadDemonstrationFile(file));
  std::vector<SftExample> examples;
  for (const Demonstration& row : rows) {
    const std::string where = file + ":" + std::to_string(row.line);
    std::vector<ChatMessage> messages;
    for (const PromptMessage& message : row.messages)
      messages.push_back({message.role, message.content});
    const Result<std::string> prompt =
        RenderChat(session.chat_template, messages, /*add_generation_prompt=*/true);
    if (!prompt.ok()) return prompt.status().WithContext(where);
    SftExample example{session.tokenizer.Encode(*prompt), session.tokenizer.Encode(row.completion)};
    if (eos) example.completion.push_back(*eos);
    if (example.prompt.empty() || example.completion.empty()) {
      return InvalidArgument(where +
                             ": prompt and completion need at least one token of this vocabulary");
    }
    examples.push_back(std::move(example));
  }
  return examples;
}

}  // namespace

Status RunSftStage(LearnerSession& session, Trainer& trainer) {
  const StageConfig& stage = session.stage();
  LearnerState& state = session.state;
  COHORT_ASSIGN_OR_RETURN(const std::vector<SftExample> examples,
                          LoadExamples(session, stage.data));
  const uint64_t stage_seed = RandomAt({static_cast<uint64_t>(session.config.run.seed), /*sft=*/1,
                                        static_cast<uint64_t>(state.stage_index)});
  EpochOrder order(examples.size(), stage_seed);

  while (state.step < stage.steps) {
    if (session.shutdown.requested()) {
      COHORT_RETURN_IF_ERROR(session.Checkpoint(trainer));
      return Drained();
    }
    const Time began = session.clock.Now();
    std::vector<SftExample> batch;
    for (int64_t i = 0; i < stage.batch_size; ++i) {
      batch.push_back(
          examples[order.RowAt(static_cast<uint64_t>(state.step * stage.batch_size + i))]);
    }
    COHORT_ASSIGN_OR_RETURN(const StepStats stats, trainer.SftStep(batch));
    state.step += 1;
    state.total_steps += 1;
    const double seconds = ToSeconds(session.clock.Now() - began);
    session.metrics.SftStep(stats, seconds);
    COHORT_RETURN_IF_ERROR(session.records.SftStep(session.Here(), stats, seconds));
    StatusReport status;
    status.state = "SFT step " + std::to_string(state.step) + " of " + std::to_string(stage.steps);
    session.metrics.SetStatus(status);
    if (state.step % kStepsBetweenLines == 0 || state.step == stage.steps) {
      LogInfo("sft", {{"step", state.step}, {"loss", stats.loss}, {"seconds", seconds}});
    }
    const int64_t every = session.config.checkpoints.every_steps;
    if (every > 0 && state.step % every == 0 && state.step < stage.steps) {
      COHORT_RETURN_IF_ERROR(session.Checkpoint(trainer));
    }
  }
  return {};
}

}  // namespace cohort
