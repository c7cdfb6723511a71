#include "learner/training_plan.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "libs/rl/packing.h"

namespace cohort {
namespace {

Status CheckTokens(std::span<const int32_t> tokens, const ModelConfig& config,
                   const std::string& where) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || tokens[i] >= config.vocab_size) {
      return InvalidArgument(where + ": token " + std::to_string(tokens[i]) + " at place " +
                             std::to_string(i) + " is not in the vocabulary of " +
                             std::to_string(config.vocab_size));
    }
  }
  return {};
}

Status CheckPrompt(std::span<const int32_t> prompt, const ModelConfig& config,
                   const std::string& where) {
  if (prompt.empty()) return InvalidArgument(where + ": the prompt has no tokens");
  return CheckTokens(prompt, config, where + ", prompt");
}

// The last token of a completion is never read, so that it may lie one past the context.
Status CheckLength(size_t prompt, size_t completion, const ModelConfig& config,
                   const std::string& where) {
  const auto total = static_cast<int64_t>(prompt + completion);
  if (completion == 0 || total - 1 <= config.max_positions) return {};
  return InvalidArgument(where + ": prompt and completion have " + std::to_string(total) +
                         " tokens, the context holds " + std::to_string(config.max_positions));
}

Status CheckSample(const TrainSample& sample, size_t prompt, const ModelConfig& config,
                   const std::string& where) {
  COHORT_RETURN_IF_ERROR(CheckLength(prompt, sample.tokens.size(), config, where));
  COHORT_RETURN_IF_ERROR(CheckTokens(sample.tokens, config, where));
  if (sample.behaviour_logprobs.size() != sample.tokens.size()) {
    return InvalidArgument(where + ": " + std::to_string(sample.behaviour_logprobs.size()) +
                           " log-probabilities for " + std::to_string(sample.tokens.size()) +
                           " tokens");
  }
  if (!std::ranges::all_of(sample.behaviour_logprobs, [](float x) { return std::isfinite(x); })) {
    return InvalidArgument(where + ": a log-probability is not a finite number");
  }
  if (!std::isfinite(sample.advantage)) {
    return InvalidArgument(where + ": the advantage is not a finite number");
  }
  return {};
}

// Appends one completion behind its prompt's segment and says where its tokens are predicted.
void AddCompletion(TrainingMicroBatch& out, int64_t prompt_segment, std::span<const int32_t> tokens,
                   CompletionRef ref) {
  const PackedSegment& prompt = out.batch.segments[static_cast<size_t>(prompt_segment)];
  out.rows.push_back(prompt.first_row + prompt.rows - 1);
  if (tokens.size() > 1) {
    const int64_t first = out.batch.rows();
    out.batch.Add(tokens.first(tokens.size() - 1), prompt_segment);
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
      out.rows.push_back(first + static_cast<int64_t>(i));
    }
  }
  out.targets.insert(out.targets.end(), tokens.begin(), tokens.end());
  out.lengths.push_back(static_cast<int64_t>(tokens.size()));
  out.completions.push_back(ref);
}

bool InLoss(const TrainSample& sample) { return sample.in_loss && !sample.tokens.empty(); }

bool HasSignal(const TrainGroup& group) {
  return std::ranges::any_of(group.samples, [](const TrainSample& sample) {
    return InLoss(sample) && sample.advantage != 0;
  });
}

bool HasSamples(const TrainGroup& group) { return std::ranges::any_of(group.samples, InLoss); }

}  // namespace

Status CheckTrainGroups(std::span<const TrainGroup> groups, const ModelConfig& config) {
  for (size_t g = 0; g < groups.size(); ++g) {
    if (!HasSamples(groups[g])) continue;
    const std::string group = "group " + std::to_string(g);
    COHORT_RETURN_IF_ERROR(CheckPrompt(groups[g].prompt, config, group));
    for (size_t s = 0; s < groups[g].samples.size(); ++s) {
      if (!InLoss(groups[g].samples[s])) continue;
      COHORT_RETURN_IF_ERROR(CheckSample(groups[g].samples[s], groups[g].prompt.size(), config,
                                         group + ", sample " + std::to_string(s)));
    }
  }
  return {};
}

Status CheckSftExamples(std::span<const SftExample> examples, const ModelConfig& config) {
  for (size_t e = 0; e < examples.size(); ++e) {
    const SftExample& example = examples[e];
    const std::string where = "example " + std::to_string(e);
    COHORT_RETURN_IF_ERROR(CheckPrompt(example.prompt, config, where));
    if (example.completion.empty()) {
      return InvalidArgument(where + ": the completion has no tokens");
    }
    COHORT_RETURN_IF_ERROR(CheckTokens(example.completion, config, where + ", completion"));
    COHORT_RETURN_IF_ERROR(
        CheckLength(example.prompt.size(), example.completion.size(), config, where));
  }
  return {};
}

std::vector<TrainingMicroBatch> PlanForward(std::span<const TrainGroup> groups,
                                            std::span<const CompletionRef> choice,
                                            int64_t row_budget) {
  std::vector<GroupShape> shapes;
  std::vector<std::vector<CompletionRef>> members;
  for (const CompletionRef& ref : choice) {
    const TrainGroup& group = groups[ref.group];
    if (members.empty() || members.back().front().group != ref.group) {
      shapes.push_back({static_cast<int64_t>(group.prompt.size()), {}});
      members.emplace_back();
    }
    shapes.back().completions.push_back(
        static_cast<int64_t>(group.samples[ref.sample].tokens.size()));
    members.back().push_back(ref);
  }
  std::vector<TrainingMicroBatch> result;
  for (const MicroBatch& packed : PackGroups(shapes, row_budget)) {
    TrainingMicroBatch& out = result.emplace_back();
    for (const PackedPiece& piece : packed.pieces) {
      const auto& refs = members[piece.group];
      const TrainGroup& group = groups[refs.front().group];
      const int64_t prompt = out.batch.Add(group.prompt);
      for (size_t i = piece.first; i < piece.first + piece.count; ++i) {
        AddCompletion(out, prompt, group.samples[refs[i].sample].tokens, refs[i]);
      }
    }
  }
  return result;
}

std::vector<Minibatch> PlanGrpoStep(std::span<const TrainGroup> groups, bool keep_silent_groups,
                                    int64_t minibatches, int64_t row_budget) {
  std::vector<size_t> active;
  for (size_t g = 0; g < groups.size(); ++g) {
    if (keep_silent_groups ? HasSamples(groups[g]) : HasSignal(groups[g])) active.push_back(g);
  }
  const size_t count =
      std::min(static_cast<size_t>(std::max<int64_t>(minibatches, 1)), active.size());
  std::vector<Minibatch> plan(count);
  for (size_t m = 0; m < count; ++m) {
    std::vector<CompletionRef> choice;
    const size_t first = active.size() * m / count;
    const size_t last = active.size() * (m + 1) / count;
    for (size_t i = first; i < last; ++i) {
      const TrainGroup& group = groups[active[i]];
      for (size_t s = 0; s < group.samples.size(); ++s) {
        if (!InLoss(group.samples[s])) continue;
        choice.push_back({active[i], s});
        plan[m].denominators.sequences += 1;
        plan[m].denominators.tokens += static_cast<int64_t>(group.samples[s].tokens.size());
      }
    }
    plan[m].groups = static_cast<int64_t>(last - first);
    plan[m].micro_batches = PlanForward(groups, choice, row_budget);
  }
  return plan;
}

Minibatch PlanSftStep(std::span<const SftExample> examples, int64_t row_budget) {
  std::vector<GroupShape> shapes;
  Minibatch plan;
  for (const SftExample& example : examples) {
    const auto tokens = static_cast<int64_t>(example.completion.size());
    shapes.push_back({static_cast<int64_t>(example.prompt.size()), {tokens}});
    plan.denominators.sequences += 1;
    plan.denominators.tokens += tokens;
  }
  plan.groups = plan.denominators.sequences;
  for (const MicroBatch& packed : PackGroups(shapes, row_budget)) {
    TrainingMicroBatch& out = plan.micro_batches.emplace_back();
    for (const PackedPiece& piece : packed.pieces) {
      // Nobody shares this prompt: one segment holds it and its completion.
      const SftExample& example = examples[piece.group];
      std::vector<int32_t> tokens = example.prompt;
      tokens.insert(tokens.end(), example.completion.begin(), example.completion.end() - 1);
      const int64_t first = out.batch.rows() + static_cast<int64_t>(example.prompt.size()) - 1;
      out.batch.Add(tokens);
      for (size_t i = 0; i < example.completion.size(); ++i) {
        out.rows.push_back(first + static_cast<int64_t>(i));
      }
      out.targets.insert(out.targets.end(), example.completion.begin(), example.completion.end());
      out.lengths.push_back(static_cast<int64_t>(example.completion.size()));
      out.completions.push_back({piece.group, 0});
    }
  }
  return plan;
}

}  // namespace cohort
