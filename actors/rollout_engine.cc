#include "actors/rollout_engine.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <map>
#include <utility>

#include "libs/model/head.h"

namespace cohort {
namespace {

constexpr int64_t kPrefillTokens = 4096;  // read in one pass: bounds the memory of activations

// Row `i` of [rows, vocab] float32 logits.
std::span<const float> RowOf(const at::Tensor& logits, size_t i) {
  const auto vocab = static_cast<size_t>(logits.size(1));
  return {logits.const_data_ptr<float>() + i * vocab, vocab};
}

}  // namespace

struct RolloutEngine::Group {
  Prompt prompt;
  std::vector<uint32_t> todo;  // samples to draw, ascending
  size_t next = 0;             // of todo: the first that has not started
  int64_t running = 0;
  uint32_t limit =
      0;  // tokens of a completion: sampling.max_new_tokens, or what the context leaves
  bool started = false;
  Policy pinned;  // of an exact version, once it is here
  // What samples start from, and the version it was read under; 0: not read.
  uint64_t read_version = 0;
  std::shared_ptr<const PromptCache> cache;
  std::vector<float> first_logits;  // [vocab]

  int64_t pending() const { return static_cast<int64_t>(todo.size() - next); }
};

struct RolloutEngine::Row {
  Row(Group* g, std::shared_ptr<const PromptCache> prompt) : group(g), cache(std::move(prompt)) {}
  Group* group;
  SampleCache cache;
  Rollout rollout;
  bool done = false;
};

RolloutEngine::RolloutEngine(std::shared_ptr<const Decoder> decoder, Options options)
    : decoder_(std::move(decoder)), options_(std::move(options)), sampler_(options_.drawable) {}

RolloutEngine::~RolloutEngine() = default;

void RolloutEngine::SetNewest(Policy policy) {
  newest_ = std::move(policy);
  for (const auto& group : groups_) Pin(*group);
}

void RolloutEngine::SetEvaluation(Policy policy) {
  evaluation_ = std::move(policy);
  for (const auto& group : groups_) Pin(*group);
}

void RolloutEngine::Pin(Group& group) {
  const uint64_t exact = group.prompt.exact_version;
  if (exact == 0 || group.pinned.weights) return;
  for (const Policy* policy : {&evaluation_, &newest_}) {
    if (policy->weights && policy->version == exact) group.pinned = *policy;
  }
}

Status RolloutEngine::Check(const Prompt& prompt) const {
  const ModelConfig& config = decoder_->config();
  const auto length = static_cast<int64_t>(prompt.tokens.size());
  if (length == 0) return InvalidArgument("prompt " + prompt.id.ToString() + " has no tokens");
  if (length >= config.max_positions) {
    return InvalidArgument("prompt " + prompt.id.ToString() + " (row " +
                           std::to_string(prompt.row) + " of route " + prompt.route + ") has " +
                           std::to_string(length) + " tokens and the model's context is " +
                           std::to_string(config.max_positions) +
                           ": shorten it, or use a model with a longer context");
  }
  const auto outside = std::find_if(prompt.tokens.begin(), prompt.tokens.end(),
                                    [&](int32_t id) { return id < 0 || id >= config.vocab_size; });
  if (outside != prompt.tokens.end()) {
    return InvalidArgument("prompt " + prompt.id.ToString() + " holds token " +
                           std::to_string(*outside) + ", the model has " +
                           std::to_string(config.vocab_size) +
                           ": learner and actor must use the same model.path");
  }
  return {};
}

bool RolloutEngine::Admit(Prompt prompt, const std::vector<uint32_t>& skip) {
  auto group = std::make_unique<Group>();
  for (uint32_t sample = 0; sample < prompt.group_size; ++sample) {
    const auto is = [&](uint32_t other) { return other == sample; };
    if (std::none_of(prompt.have.begin(), prompt.have.end(), is) &&
        std::none_of(skip.begin(), skip.end(), is)) {
      group->todo.push_back(sample);
    }
  }
  if (group->todo.empty()) return false;
  const int64_t room =
      decoder_->config().max_positions - static_cast<int64_t>(prompt.tokens.size());
  group->limit = static_cast<uint32_t>(std::min<int64_t>(prompt.sampling.max_new_tokens, room));
  group->prompt = std::move(prompt);
  Pin(*group);
  groups_.push_back(std::move(group));
  return true;
}

void RolloutEngine::Drop(const TaskId& id) {
  std::erase_if(rows_, [&](const auto& row) { return row->group->prompt.id == id; });
  std::erase_if(groups_, [&](const auto& group) { return group->prompt.id == id; });
}

void RolloutEngine::DropAll() {
  rows_.clear();
  groups_.clear();
}

const Policy* RolloutEngine::PolicyFor(const Group& group) const {
  if (group.pinned.weights) return &group.pinned;
  if (group.prompt.exact_version != 0) return nullptr;
  return newest_.weights && newest_.version >= group.prompt.min_version ? &newest_ : nullptr;
}

bool RolloutEngine::CanStep() const {
  return !rows_.empty() || std::any_of(groups_.begin(), groups_.end(), [&](const auto& group) {
    return group->pending() > 0 && PolicyFor(*group) != nullptr;
  });
}

int64_t RolloutEngine::pending_samples() const {
  int64_t pending = 0;
  for (const auto& group : groups_) pending += group->pending();
  return pending;
}

std::vector<WaitingPrompt> RolloutEngine::Waiting() const {
  std::vector<WaitingPrompt> waiting;
  for (const auto& group : groups_) {
    if (group->pending() == 0 || PolicyFor(*group) != nullptr) continue;
    const uint64_t exact = group->prompt.exact_version;
    waiting.push_back({group->prompt.id, exact != 0 ? exact : group->prompt.min_version, exact != 0,
                       exact != 0 && exact < evaluation_.version});
  }
  return waiting;
}

Result<StepReport> RolloutEngine::Step() {
  StepReport report;
  try {
    COHORT_RETURN_IF_ERROR(StartSamples(&report));
    COHORT_RETURN_IF_ERROR(DecodeRows(&report));
  } catch (const std::exception& e) {  // libtorch: out of memory
    const std::string_view what = e.what();
    return Internal("decoding failed: " + std::string(what.substr(0, what.find('\n'))));
  }
  CollectFinished(&report);
  return report;
}

Status RolloutEngine::StartSamples(StepReport* report) {
  struct Start {
    Group* group;
    const Policy* policy;
    int64_t samples;
  };
  int64_t room = options_.max_rows - rows();
  std::vector<Start> starts;
  std::map<const ComputeWeights*, std::pair<const Policy*, std::vector<Group*>>> unread;
  for (const auto& group : groups_) {
    if (room <= 0) break;
    const Policy* policy = group->pending() > 0 ? PolicyFor(*group) : nullptr;
    if (policy == nullptr) continue;
    const int64_t samples = std::min(room, group->pending());
    room -= samples;
    starts.push_back({group.get(), policy, samples});
    // A cache of earlier weights serves samples that run; new ones start from the new weights.
    if (group->read_version != policy->version) {
      auto& lane = unread[policy->weights.get()];
      lane.first = policy;
      lane.second.push_back(group.get());
    }
  }
  for (const auto& [weights, lane] : unread) {
    const auto& [policy, groups] = lane;
    for (size_t first = 0; first < groups.size();) {
      size_t last = first;
      int64_t tokens = 0;
      do {
        tokens += static_cast<int64_t>(groups[last++]->prompt.tokens.size());
      } while (last < groups.size() &&
               tokens + static_cast<int64_t>(groups[last]->prompt.tokens.size()) <= kPrefillTokens);
      COHORT_RETURN_IF_ERROR(
          Prefill(*policy, std::span(groups).subspan(first, last - first), report));
      first = last;
    }
  }
  for (const Start& start : starts) {
    for (int64_t i = 0; i < start.samples; ++i) {
      COHORT_RETURN_IF_ERROR(StartRow(*start.group, *start.policy, report));
    }
  }
  return {};
}

Status RolloutEngine::Prefill(const Policy& policy, std::span<Group* const> groups,
                              StepReport* report) {
  std::vector<std::vector<int32_t>> prompts;
  for (const Group* group : groups) {
    prompts.push_back(group->prompt.tokens);
    report->prefilled += group->prompt.tokens.size();
  }
  COHORT_ASSIGN_OR_RETURN(const PrefillResult read, decoder_->Prefill(*policy.weights, prompts));
  const at::Tensor logits = HeadLogits(*policy.weights, read.hidden);  // [prompts, vocab]
  for (size_t i = 0; i < groups.size(); ++i) {
    const std::span<const float> row = RowOf(logits, i);
    groups[i]->cache = read.prompts[i];
    groups[i]->first_logits.assign(row.begin(), row.end());
    groups[i]->read_version = policy.version;
  }
  return {};
}

Status RolloutEngine::StartRow(Group& group, const Policy& policy, StepReport* report) {
  auto row = std::make_unique<Row>(&group, group.cache);
  row->rollout.prompt = group.prompt;
  row->rollout.sample = group.todo[group.next++];
  row->rollout.actor = options_.instance;
  row->rollout.started_at = options_.clock->WallSeconds();
  ++group.running;
  if (!std::exchange(group.started, true)) report->started.push_back(group.prompt.id);
  COHORT_RETURN_IF_ERROR(Append(*row, group.first_logits, policy.version));
  ++report->tokens;
  rows_.push_back(std::move(row));
  if (group.pending() == 0) {  // the rows hold the cache
    group.cache.reset();
    group.first_logits = {};
    group.read_version = 0;
  }
  return {};
}

Status RolloutEngine::DecodeRows(StepReport* report) {
  // Rows of the newest weights together, those of each exact version together.
  std::map<const ComputeWeights*, std::pair<const Policy*, std::vector<Row*>>> lanes;
  for (const auto& row : rows_) {
    if (row->done) continue;
    const Policy& policy = row->group->pinned.weights ? row->group->pinned : newest_;
    auto& lane = lanes[policy.weights.get()];
    lane.first = &policy;
    lane.second.push_back(row.get());
  }
  for (const auto& [weights, lane] : lanes) {
    COHORT_RETURN_IF_ERROR(Decode(*lane.first, lane.second, report));
  }
  return {};
}

Status RolloutEngine::Decode(const Policy& policy, std::span<Row* const> rows, StepReport* report) {
  std::vector<DecodeRow> inputs;
  inputs.reserve(rows.size());
  for (Row* row : rows) inputs.push_back({&row->cache, row->rollout.tokens.back()});
  COHORT_ASSIGN_OR_RETURN(const at::Tensor hidden, decoder_->Decode(*policy.weights, inputs));
  const at::Tensor logits = HeadLogits(*policy.weights, hidden);  // [rows, vocab]
  for (size_t i = 0; i < rows.size(); ++i) {
    COHORT_RETURN_IF_ERROR(Append(*rows[i], RowOf(logits, i), policy.version));
  }
  report->tokens += rows.size();
  return {};
}

Status RolloutEngine::Append(Row& row, std::span<const float> logits, uint64_t version) {
  Rollout& rollout = row.rollout;
  const SamplingParams& sampling = rollout.prompt.sampling;
  const auto position = static_cast<uint32_t>(rollout.tokens.size());
  const Draw draw = sampler_.Sample(logits, sampling.temperature, sampling.top_p,
                                    UniformFor(rollout.prompt, rollout.sample, position));
  if (!std::isfinite(draw.logprob)) {
    return Internal("weights of version " + std::to_string(version) +
                    " give log-probabilities that are no numbers: training diverged, or they are "
                    "not weights of this model");
  }
  rollout.tokens.push_back(draw.token);
  rollout.logprobs.push_back(draw.logprob);
  if (rollout.versions.empty() || rollout.versions.back().version != version) {
    rollout.versions.push_back({version, 0});
  }
  ++rollout.versions.back().tokens;
  const auto& stops = sampling.stop_tokens;
  if (std::find(stops.begin(), stops.end(), draw.token) != stops.end()) {
    rollout.finish = FinishReason::kStop;
    row.done = true;
  } else if (rollout.tokens.size() >= row.group->limit) {
    rollout.finish = FinishReason::kLength;
    row.done = true;
  }
  return {};
}

void RolloutEngine::CollectFinished(StepReport* report) {
  for (const auto& row : rows_) {
    if (!row->done) continue;
    row->rollout.finished_at = options_.clock->WallSeconds();
    Group& group = *row->group;
    if (--group.running == 0 && group.pending() == 0) {
      report->completed.push_back(group.prompt.id);
    }
    report->finished.push_back(std::move(row->rollout));
  }
  std::erase_if(rows_, [](const auto& row) { return row->done; });
  std::erase_if(groups_,
                [](const auto& group) { return group->running == 0 && group->pending() == 0; });
}

}  // namespace cohort
