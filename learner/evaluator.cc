#include "learner/evaluator.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "libs/base/logging.h"
#include "libs/protocol/codec.h"

namespace cohort {
namespace {

constexpr uint8_t kEvaluationPriority = 1;  // before training, which has 0

}  // namespace

Evaluator::Evaluator(BrokerClient* broker, PromptSource prompts, Options options,
                     uint64_t first_tag)
    : broker_(broker),
      prompts_(std::move(prompts)),
      options_(std::move(options)),
      first_tag_(first_tag) {}

uint64_t Evaluator::Rows() const {
  return std::min<uint64_t>(prompts_.rows(), static_cast<uint64_t>(options_.config.samples));
}

uint64_t Evaluator::Expected() const {
  return Rows() * static_cast<uint64_t>(options_.config.samples_per_prompt);
}

void Evaluator::Begin(uint64_t version, const EvaluationPoint& point) {
  running_ = Running{point, version, options_.clock->Now(), {}};
  for (uint64_t row = 0; row < Rows(); ++row) Put(row);
}

void Evaluator::Put(uint64_t row) {
  Prompt prompt;
  prompt.id = {options_.run, EvaluationSpace(running_->version), row, 0};
  prompt.route = options_.route;
  prompt.purpose = Purpose::kEval;
  prompt.tokens = prompts_.row(row).tokens;
  prompt.group_size = static_cast<uint32_t>(options_.config.samples_per_prompt);
  prompt.sampling = options_.sampling;
  prompt.sampling.temperature = options_.config.temperature;
  prompt.sampling.top_p = options_.config.top_p;
  prompt.scorers = options_.scorers;
  prompt.truth = prompts_.row(row).answer;
  prompt.columns = prompts_.row(row).columns;
  prompt.row = row;
  prompt.seed = static_cast<uint64_t>(options_.config.seed);
  prompt.min_version = running_->version;
  prompt.exact_version = running_->version;
  for (uint32_t sample = 0; sample < prompt.group_size; ++sample) {
    if (running_->outcomes.contains({row, sample})) prompt.have.push_back(sample);
  }
  if (prompt.have.size() == prompt.group_size) return;
  prompt.issued_at = options_.clock->WallSeconds();

  NewTask task;
  task.queue = PromptQueue(options_.route);
  task.id = prompt.id;
  task.body = Encode(prompt);
  task.priority = kEvaluationPriority;
  task.results = RolloutQueue(options_.route);
  task.obituaries = ScoredQueue(options_.route);
  task.children = prompt.group_size;
  broker_->Put(std::move(task), first_tag_ + row);
}

void Evaluator::PutAgain() {
  if (!running_) return;
  for (uint64_t row = 0; row < Rows(); ++row) Put(row);
}

void Evaluator::OnDelivery(Delivery delivery) {
  broker_->Settle(delivery.token, {}, 0);
  if (!running_ || delivery.id.run != options_.run ||
      delivery.id.space != EvaluationSpace(running_->version) || delivery.id.cursor >= Rows()) {
    return;  // of an evaluation that nobody waits for
  }
  const uint64_t row = delivery.id.cursor;
  const uint32_t size = static_cast<uint32_t>(options_.config.samples_per_prompt);
  if (delivery.obituary) {
    const auto emitted = [&](uint32_t sample) {
      const auto& ids = delivery.obituary->emitted;
      return std::find(ids.begin(), ids.end(), delivery.id.Sample(sample)) != ids.end();
    };
    for (uint32_t sample = 0; sample < size; ++sample) {
      const bool concerned =
          delivery.id.IsPrompt() ? !emitted(sample) : sample + 1 == delivery.id.index;
      if (concerned) running_->outcomes.try_emplace({row, sample}, nullptr);
    }
    return;
  }
  Result<Scored> scored = DecodeScored(delivery.body);
  if (!scored.ok() || delivery.id.IsPrompt() || delivery.id.index > size) {
    LogWarning("refused an evaluation sample",
               {{"id", delivery.id.ToString()}, {"why", scored.status()}});
    if (!delivery.id.IsPrompt() && delivery.id.index <= size) {
      running_->outcomes.try_emplace({row, delivery.id.index - 1}, nullptr);
    }
    return;
  }
  running_->outcomes.try_emplace({row, delivery.id.index - 1},
                                 std::make_shared<Scored>(*std::move(scored)));
}

bool Evaluator::OnAnswer(const Answer& answer) {
  if (answer.tag < first_tag_) return false;
  if (!answer.status.ok() && running_) {
    LogError("the broker refused an evaluation prompt",
             {{"row", answer.tag - first_tag_}, {"why", answer.status}});
    for (int64_t sample = 0; sample < options_.config.samples_per_prompt; ++sample) {
      running_->outcomes.try_emplace({answer.tag - first_tag_, static_cast<uint32_t>(sample)},
                                     nullptr);
    }
  }
  return true;
}

void Evaluator::GiveUpIfOverdue() {
  if (!running_ || missing() == 0 || options_.clock->Now() - running_->began < options_.deadline) {
    return;
  }
  LogWarning("an evaluation is overdue; what is missing counts as masked",
             {{"version", running_->version}, {"missing", missing()}});
  broker_->Cancel(options_.run, EvaluationSpace(running_->version), 0, Rows(), 0);
  for (uint64_t row = 0; row < Rows(); ++row) {
    for (int64_t sample = 0; sample < options_.config.samples_per_prompt; ++sample) {
      running_->outcomes.try_emplace({row, static_cast<uint32_t>(sample)}, nullptr);
    }
  }
}

std::optional<EvaluationResult> Evaluator::TakeResult() {
  GiveUpIfOverdue();
  if (!running_ || missing() > 0) return std::nullopt;
  EvaluationResult result;
  result.point = running_->point;
  result.version = running_->version;
  result.seconds = running_seconds();
  double correct = 0;
  double length = 0;
  double scored = 0;
  for (const auto& [key, sample] : running_->outcomes) {
    if (!sample || !sample->outcome.scored()) {
      result.masked += 1;
      continue;
    }
    scored += 1;
    correct += sample->outcome.correct() ? 1 : 0;
    length += static_cast<double>(sample->rollout.tokens.size());
    result.samples.push_back(sample);
  }
  if (scored > 0) {
    result.pass_at_1 = correct / scored;
    result.standard_error = std::sqrt(result.pass_at_1 * (1 - result.pass_at_1) / scored);
    result.mean_length = length / scored;
  }
  for (const std::string& queue :
       {PromptQueue(options_.route), RolloutQueue(options_.route), ScoredQueue(options_.route)}) {
    broker_->Floor(queue, options_.run, EvaluationSpace(result.version), Rows());
  }
  running_.reset();
  return result;
}

uint64_t Evaluator::missing() const {
  return running_ ? Expected() - running_->outcomes.size() : 0;
}

double Evaluator::running_seconds() const {
  return running_ ? ToSeconds(options_.clock->Now() - running_->began) : 0;
}

}  // namespace cohort
