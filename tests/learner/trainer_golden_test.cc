// One GRPO step through our decoder against tests/libs/rl/make_grpo_golden.py: transformers' Llama
// and PyTorch's autograd on the same weights, batch and reference.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "learner/trainer.h"
#include "libs/base/files.h"
#include "libs/checkpoint/safetensors.h"
#include "tests/learner/trainer_fixture.h"

namespace cohort {
namespace {

constexpr char kGoldens[] = "tests/learner/goldens/";
constexpr char kStep[] = "tests/libs/rl/goldens/grpo_step.json";

at::Tensor ToTensor(const TensorView& view) {
  at::Tensor tensor = at::empty(view.shape, at::kFloat);
  EXPECT_EQ(tensor.nbytes(), view.bytes.size()) << view.name;
  std::memcpy(tensor.data_ptr(), view.bytes.data(), view.bytes.size());
  return tensor;
}

class TrainerGolden : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { step_ = nlohmann::json::parse(ReadFile(kStep).value()); }

  TrainerOptions Options() const {
    TrainerOptions options;
    options.compute_type = DType::kFloat32;
    options.adamw.beta1 = 0;  // the first moment after a step is then its gradient
    options.grad_clip = 0;
    options.temperature = step_["temperature"];
    options.loss.clip_low = step_["clip_low"];
    options.loss.clip_high = step_["clip_high"];
    options.loss.kl_coefficient = GetParam() == "no_kl" ? 0.0 : step_["beta"].get<double>();
    options.ratio_base = RatioBase::kBehaviour;
    options.aggregation =
        GetParam() == "sequence_mean" ? Aggregation::kSequenceMean : Aggregation::kTokenMean;
    return options;
  }

  std::unique_ptr<Trainer> Make(const std::string& model) const {
    const HfDirectory directory = HfDirectory::Open(kGoldens + model).value();
    return std::move(Trainer::Create(Options(), MasterWeights::Load(directory).value(), clock_,
                                     SharedDecoder(directory.config(), DType::kFloat32))
                         .value());
  }

  // The policy, with the golden's reference in place of its own.
  std::unique_ptr<Trainer> MakeWithReference() const {
    std::unique_ptr<Trainer> policy = Make("policy");
    if (Options().loss.kl_coefficient == 0) return policy;
    const std::filesystem::path ours = EmptyFolder("policy"), theirs = EmptyFolder("reference");
    EXPECT_TRUE(policy->SaveState(ours).ok());
    EXPECT_TRUE(Make("reference")->SaveState(theirs).ok());
    const std::filesystem::path file = "training/reference.safetensors";
    std::filesystem::copy_file(theirs / file, ours / file,
                               std::filesystem::copy_options::overwrite_existing);
    const Status loaded = policy->LoadState(ours);
    EXPECT_TRUE(loaded.ok()) << loaded.ToString();
    return policy;
  }

  std::vector<TrainGroup> Groups() const {
    std::vector<TrainGroup> groups;
    for (const auto& group : step_["groups"]) {
      TrainGroup& out = groups.emplace_back();
      out.prompt = group["prompt"].get<std::vector<int32_t>>();
      for (const auto& sample : group["samples"]) {
        TrainSample& member = out.samples.emplace_back();
        member.tokens = sample["tokens"].get<std::vector<int32_t>>();
        member.behaviour_logprobs = sample["behaviour"].get<std::vector<float>>();
        member.advantage = sample["advantage"];
        member.in_loss = !sample["reward"].is_null();
      }
    }
    return groups;
  }

  SystemClock clock_;
  nlohmann::json step_;
};

INSTANTIATE_TEST_SUITE_P(Variants, TrainerGolden,
                         ::testing::Values("token_mean", "sequence_mean", "no_kl"),
                         [](const auto& variant) { return variant.param; });

TEST_P(TrainerGolden, LossAndEveryGradientAgree) {
  const std::unique_ptr<Trainer> trainer = MakeWithReference();
  const Result<StepStats> stats = trainer->GrpoStep(Groups());
  ASSERT_TRUE(stats.ok()) << stats.status().ToString();

  const double golden = step_["losses"][GetParam()];
  EXPECT_NEAR(stats->loss, golden, 1e-5 * std::fabs(golden));
  EXPECT_GT(stats->clip_low, 0);
  EXPECT_GT(stats->clip_high, 0);
  EXPECT_EQ(stats->kl_reference > 0, GetParam() != "no_kl");

  const std::filesystem::path folder = EmptyFolder("after");
  ASSERT_TRUE(trainer->SaveState(folder).ok());
  const SafetensorsFile moments =
      SafetensorsFile::Open(folder / "training/optimizer.safetensors").value();
  const SafetensorsFile goldens =
      SafetensorsFile::Open(std::string(kGoldens) + "gradients.safetensors").value();
  double worst = 0;
  for (const auto& [name, shape] : trainer->masters().config().Weights()) {
    const at::Tensor ours = ToTensor(moments.Find("first_moment." + name).value());
    const at::Tensor theirs = ToTensor(goldens.Find(GetParam() + "." + name).value());
    const double error = ((ours - theirs).norm() / theirs.norm()).item<double>();
    // Both sides round to float32 in places (transformers in norms and softmax); the bar is ours.
    EXPECT_LE(error, 1e-5) << name;
    worst = std::max(worst, error);
  }
  RecordProperty("worst_relative_error", std::to_string(worst));
}

}  // namespace
}  // namespace cohort
