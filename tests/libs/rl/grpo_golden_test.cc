// The loss and its gradient by the log-probabilities against make_grpo_golden.py.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "libs/base/files.h"
#include "libs/checkpoint/safetensors.h"
#include "libs/rl/advantages.h"
#include "libs/rl/losses.h"

namespace cohort {
namespace {

constexpr char kFolder[] = "tests/libs/rl/goldens/";

class GrpoGolden : public ::testing::Test {
 protected:
  void SetUp() override {
    auto file = SafetensorsFile::Open(std::string(kFolder) + "grpo_tokens.safetensors");
    ASSERT_TRUE(file.ok()) << file.status().ToString();
    file_.emplace(*std::move(file));
    auto json = ReadFile(std::string(kFolder) + "grpo_step.json");
    ASSERT_TRUE(json.ok()) << json.status().ToString();
    step_ = nlohmann::json::parse(*json);
  }

  // A copy, in the file's own type.
  at::Tensor Get(const std::string& name, at::ScalarType type = at::kFloat) const {
    const TensorView view = file_->Find(name).value();
    at::Tensor tensor = at::empty(view.shape, type);
    EXPECT_EQ(tensor.nbytes(), view.bytes.size()) << name;
    std::memcpy(tensor.data_ptr(), view.bytes.data(), view.bytes.size());
    return tensor;
  }

  // 64-bit lengths of the samples in the loss.
  std::vector<int64_t> Lengths() const {
    const at::Tensor lengths = Get("lengths", at::kLong);
    return {lengths.data_ptr<int64_t>(), lengths.data_ptr<int64_t>() + lengths.numel()};
  }

  GrpoLossOptions Options() const {
    return {.clip_low = step_["clip_low"],
            .clip_high = step_["clip_high"],
            .kl_coefficient = step_["beta"]};
  }

  GrpoTokens Tokens(Aggregation aggregation) const {
    GrpoTokens tokens;
    tokens.logprobs = Get("logprobs").requires_grad_(true);
    tokens.proximal = Get("behaviour");
    tokens.behaviour = tokens.proximal;
    tokens.reference = Get("reference");
    tokens.advantages = Get("advantages");
    const std::vector<int64_t> lengths = Lengths();
    tokens.weights = TokenWeights(
        lengths, aggregation,
        {.tokens = tokens.logprobs.numel(), .sequences = static_cast<int64_t>(lengths.size())});
    return tokens;
  }

  // The golden is float64 on the same float32 inputs: what differs is the rounding of some dozen
  // float32 operations a token, well below 1e-5.
  void ExpectGolden(const std::string& variant, const GrpoTokens& tokens,
                    const GrpoLossOptions& options) const {
    const GrpoLossResult result = GrpoLoss(tokens, options);
    const double golden = Get(variant + ".loss", at::kDouble).item<double>();
    EXPECT_NEAR(result.loss.item<double>(), golden, 1e-5 * std::fabs(golden));
    result.loss.backward();
    const at::Tensor expected = Get(variant + ".gradient", at::kDouble);
    const at::Tensor difference = tokens.logprobs.grad().to(at::kDouble) - expected;
    EXPECT_LE((difference.norm() / expected.norm()).item<double>(), 1e-5);
  }

  std::optional<SafetensorsFile> file_;
  nlohmann::json step_;
};

TEST_F(GrpoGolden, BatchHasRatiosOnBothSidesAndNoneAtAnEdge) {
  const GrpoLossResult result = GrpoLoss(Tokens(Aggregation::kTokenMean), Options());
  const GrpoStatistics& sums = result.statistics;
  EXPECT_GE(sums.ratio_below / sums.tokens, 0.2);
  EXPECT_GE(sums.ratio_above / sums.tokens, 0.2);
  EXPECT_GT(sums.clipped_low, 0);
  EXPECT_GT(sums.clipped_high, 0);
  EXPECT_GT(sums.kl_reference, 0);
  const at::Tensor ratio = at::exp(Get("logprobs").to(at::kDouble) - Get("behaviour"));
  for (double edge :
       {1 - Options().clip_low, 1 + Options().clip_high, static_cast<double>(step_["dual_clip"])}) {
    EXPECT_GT((ratio - edge).abs().min().item<double>(), 1e-3);
  }
}

TEST_F(GrpoGolden, BatchHasMaskedTruncatedAndOneTokenMembersAndAGroupWithoutSignal) {
  int masked = 0, truncated = 0, one_token = 0, silent = 0;
  for (const auto& group : step_["groups"]) {
    bool signal = false;
    for (const auto& sample : group["samples"]) {
      masked += sample["reward"].is_null();
      if (sample["reward"].is_null()) continue;
      truncated += sample["truncated"].get<bool>();
      one_token += sample["tokens"].size() == 1;
      signal |= sample["advantage"] != 0.0;
    }
    silent += !signal;
  }
  EXPECT_GT(masked, 0);
  EXPECT_GT(truncated, 0);
  EXPECT_GT(one_token, 0);
  EXPECT_EQ(silent, 1);
}

TEST_F(GrpoGolden, AdvantagesAreTheScripts) {
  for (const auto& group : step_["groups"]) {
    std::vector<GroupMember> members;
    for (const auto& sample : group["samples"]) {
      GroupMember& member = members.emplace_back();
      if (!sample["reward"].is_null()) member.reward = sample["reward"].get<float>();
      member.correct = sample["correct"];
    }
    const GroupAdvantages result = ComputeAdvantages(members, {});
    for (size_t i = 0; i < members.size(); ++i) {
      // Rewards are float32 here, float64 there.
      EXPECT_NEAR(result.advantages[i], group["samples"][i]["advantage"].get<double>(), 1e-6);
    }
  }
}

TEST_F(GrpoGolden, TokenMeanLossAndGradientAgree) {
  ExpectGolden("token_mean", Tokens(Aggregation::kTokenMean), Options());
}

TEST_F(GrpoGolden, SequenceMeanLossAndGradientAgree) {
  ExpectGolden("sequence_mean", Tokens(Aggregation::kSequenceMean), Options());
}

TEST_F(GrpoGolden, LossWithDualClipAndTruncatedImportanceWeightsAgrees) {
  GrpoTokens tokens = Tokens(Aggregation::kTokenMean);
  tokens.behaviour = tokens.proximal + Get("shift");
  GrpoLossOptions options = Options();
  options.dual_clip = step_["dual_clip"];
  options.correction = ImportanceCorrection::kTruncate;
  options.importance_cap = step_["cap"];
  ExpectGolden("decoupled", tokens, options);
  const GrpoStatistics sums = GrpoLoss(tokens, options).statistics;
  EXPECT_GT(sums.dual_clipped, 0);
  EXPECT_GT(sums.importance_capped, 0);
}

TEST_F(GrpoGolden, WithoutKlTheSilentGroupLeavesTheDenominators) {
  GrpoTokens tokens = Tokens(Aggregation::kTokenMean);
  int64_t with_signal = 0;
  size_t place = 0;
  const std::vector<int64_t> lengths = Lengths();
  for (const auto& group : step_["groups"]) {
    bool signal = false;
    int64_t its_tokens = 0;
    for (const auto& sample : group["samples"]) {
      if (sample["reward"].is_null()) continue;
      signal |= sample["advantage"] != 0.0;
      its_tokens += lengths[place++];
    }
    if (signal) with_signal += its_tokens;
  }
  ASSERT_LT(with_signal, tokens.logprobs.numel());
  tokens.weights = TokenWeights(lengths, Aggregation::kTokenMean, {.tokens = with_signal});
  GrpoLossOptions options = Options();
  options.kl_coefficient = 0;
  ExpectGolden("no_kl", tokens, options);
}

}  // namespace
}  // namespace cohort
