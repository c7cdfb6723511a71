#include "tests/learner/trainer_fixture.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "libs/base/rng.h"
#include "libs/model/head.h"

namespace cohort {
namespace {

constexpr int32_t kEnd = 1;

const Clock& TestClock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace

ModelConfig CharacterModel() {
  ModelConfig config;
  config.vocab_size = 40;
  config.hidden_size = 64;
  config.intermediate_size = 172;
  config.layers = 2;
  config.heads = 4;
  config.kv_heads = 2;
  config.head_dim = 16;
  config.max_positions = 128;
  config.initializer_range = 0.08;
  config.eos_tokens = {kEnd};
  return config;
}

TrainerOptions CharacterOptions(DType dtype) {
  TrainerOptions options;
  options.compute_type = dtype;
  options.schedule.peak = 1e-3;
  return options;
}

std::unique_ptr<Trainer> MakeTrainer(const TrainerOptions& options, uint64_t seed) {
  return std::move(Trainer::Create(options, MasterWeights::Random(CharacterModel(), seed),
                                   TestClock(),
                                   SharedDecoder(CharacterModel(), options.compute_type))
                       .value());
}

std::shared_ptr<const Decoder> SharedDecoder(const ModelConfig& config, DType dtype) {
  static std::vector<std::shared_ptr<const Decoder>> made;
  for (const auto& decoder : made) {
    if (decoder->config() == config && decoder->dtype() == dtype) return decoder;
  }
  return made.emplace_back(Decoder::Create(config, dtype).value());
}

std::vector<TrainGroup> DrawGroups(const Trainer& trainer, int64_t groups, int64_t samples,
                                   int64_t longest, uint64_t seed) {
  const auto weights =
      MakeComputeWeights(trainer.masters(), trainer.options().compute_type, Gradients::kNone);
  const float inverse_temperature = static_cast<float>(1.0 / trainer.options().temperature);
  Rng rng(seed);
  std::vector<TrainGroup> result(static_cast<size_t>(groups));
  std::vector<std::vector<int32_t>> prompts;
  for (TrainGroup& group : result) {
    for (uint64_t n = 3 + rng.Below(9); n > 0; --n) {
      group.prompt.push_back(static_cast<int32_t>(2 + rng.Below(38)));
    }
    prompts.push_back(group.prompt);
  }
  const PrefillResult prefill = trainer.decoder()->Prefill(*weights, prompts).value();
  for (size_t g = 0; g < result.size(); ++g) {
    for (int64_t s = 0; s < samples; ++s) {
      TrainSample& sample = result[g].samples.emplace_back();
      sample.on_policy = true;
      sample.in_loss = true;
      sample.advantage = s % 2 == 0 ? 1.0f : -1.0f;
      SampleCache cache(prefill.prompts[g]);
      at::Tensor hidden = prefill.hidden.narrow(0, static_cast<int64_t>(g), 1);
      while (true) {
        const at::Tensor logits = HeadLogits(*weights, hidden);
        const std::span<const float> row(logits.const_data_ptr<float>(),
                                         static_cast<size_t>(logits.size(1)));
        const RowSoftmax softmax = SoftmaxOfRow(row, inverse_temperature);
        const auto token =
            static_cast<int32_t>(DrawFromRow(row, inverse_temperature, softmax, rng.Uniform()));
        sample.tokens.push_back(token);
        sample.behaviour_logprobs.push_back(LogprobOf(row, token, inverse_temperature, softmax));
        if (token == kEnd || static_cast<int64_t>(sample.tokens.size()) == longest) break;
        const DecodeRow next{&cache, token};
        hidden = trainer.decoder()->Decode(*weights, {&next, 1}).value();
      }
    }
  }
  return result;
}

std::filesystem::path EmptyFolder(const std::string& name) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) /
      (std::string("cohort_") + test->test_suite_name() + "_" + test->name() + "_" + name);
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

bool SameBits(const MasterWeights& a, const MasterWeights& b) {
  for (size_t i = 0; i < a.tensors().size(); ++i) {
    if (!at::equal(a.tensors()[i].second, b.tensors()[i].second)) return false;
  }
  return a.tensors().size() == b.tensors().size();
}

double RelativeDistance(const MasterWeights& a, const MasterWeights& b) {
  at::NoGradGuard no_grad;
  double distance = 0, size = 0;
  for (size_t i = 0; i < a.tensors().size(); ++i) {
    const at::Tensor& other = b.tensors()[i].second;
    distance += std::pow((a.tensors()[i].second - other).norm().item<double>(), 2);
    size += std::pow(other.norm().item<double>(), 2);
  }
  return std::sqrt(distance / size);
}

}  // namespace cohort
