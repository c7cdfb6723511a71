// An actor in small and a learner in small, to compare their log-probabilities to the bit.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "libs/base/rng.h"
#include "libs/model/decoder.h"
#include "libs/model/head.h"

namespace cohort {

struct SampledGroup {
  std::vector<int32_t> prompt;
  std::vector<std::vector<int32_t>> completions;
  std::vector<std::vector<float>> logprobs;  // as the actor recorded them
};

struct RolloutPlan {
  int groups = 0;
  int group_size = 0;
  size_t concurrent = 0;  // samples that decode at a time, at most
  uint64_t prompt_below = 0;
  uint64_t completion_below = 0;  // lengths are drawn below these, at least 1
  double temperature = 1.0;
};

// Groups arrive one after the other whenever there is room, samples leave when their length is
// reached, so row counts and neighbours change from step to step.
inline std::vector<SampledGroup> Roll(const Decoder& decoder, const ComputeWeights& weights,
                                      const RolloutPlan& plan, uint64_t seed) {
  struct Running {
    std::unique_ptr<SampleCache> cache;
    size_t group, member, length;
  };
  Rng rng(seed);
  const auto inverse_temperature = static_cast<float>(1.0 / plan.temperature);
  const auto vocab = static_cast<uint64_t>(decoder.config().vocab_size);
  std::vector<SampledGroup> groups;
  std::vector<Running> running;
  const auto draw = [&](const at::Tensor& logits, int64_t row, const Running& sample) {
    const std::span<const float> values(logits.const_data_ptr<float>() + row * logits.size(1),
                                        static_cast<size_t>(logits.size(1)));
    const RowSoftmax softmax = SoftmaxOfRow(values, inverse_temperature);
    const int64_t token = DrawFromRow(values, inverse_temperature, softmax, rng.Uniform());
    SampledGroup& group = groups[sample.group];
    group.completions[sample.member].push_back(static_cast<int32_t>(token));
    group.logprobs[sample.member].push_back(LogprobOf(values, token, inverse_temperature, softmax));
  };
  const auto finished = [&](const Running& sample) {
    return groups[sample.group].completions[sample.member].size() >= sample.length;
  };
  while (groups.size() < static_cast<size_t>(plan.groups) || !running.empty()) {
    std::vector<std::vector<int32_t>> prompts;
    while (groups.size() + prompts.size() < static_cast<size_t>(plan.groups) &&
           running.size() + (prompts.size() + 1) * static_cast<size_t>(plan.group_size) <=
               plan.concurrent &&
           rng.Uniform() < 0.7) {
      prompts.emplace_back(1 + rng.Below(plan.prompt_below));
      for (int32_t& token : prompts.back()) token = static_cast<int32_t>(rng.Below(vocab));
    }
    auto prefilled = decoder.Prefill(weights, prompts);
    EXPECT_TRUE(prefilled.ok()) << prefilled.status().ToString();
    const at::Tensor first = HeadLogits(weights, prefilled->hidden);
    for (size_t p = 0; p < prompts.size(); ++p) {
      const auto members = static_cast<size_t>(plan.group_size);
      groups.push_back({prompts[p], std::vector<std::vector<int32_t>>(members),
                        std::vector<std::vector<float>>(members)});
      for (size_t member = 0; member < members; ++member) {
        running.push_back({std::make_unique<SampleCache>(prefilled->prompts[p]), groups.size() - 1,
                           member, 1 + rng.Below(plan.completion_below)});
        draw(first, static_cast<int64_t>(p), running.back());
      }
    }
    std::erase_if(running, finished);
    for (size_t i = running.size(); i > 1; --i) std::swap(running[i - 1], running[rng.Below(i)]);
    std::vector<DecodeRow> rows;
    for (Running& sample : running) {
      rows.push_back({sample.cache.get(), groups[sample.group].completions[sample.member].back()});
    }
    auto hidden = decoder.Decode(weights, rows);
    EXPECT_TRUE(hidden.ok()) << hidden.status().ToString();
    const at::Tensor logits = HeadLogits(weights, *hidden);
    for (size_t r = 0; r < running.size(); ++r) {
      draw(logits, static_cast<int64_t>(r), running[r]);
    }
    std::erase_if(running, finished);
  }
  return groups;
}

struct Comparison {
  int64_t tokens = 0;
  int64_t differing = 0;
};

// The learner's log-probabilities in micro-batches of at most `most_rows` rows, gradients on; the
// first micro-batch also runs backward.
inline Comparison Compare(const Decoder& decoder, const ComputeWeights& weights,
                          const std::vector<SampledGroup>& groups, int64_t most_rows,
                          double temperature) {
  Comparison comparison;
  size_t next = 0;
  bool first = true;
  while (next < groups.size()) {
    PackedBatch batch;
    std::vector<int64_t> rows, targets;
    std::vector<float> recorded;
    for (; next < groups.size() && (batch.rows() == 0 || batch.rows() < most_rows); ++next) {
      const SampledGroup& group = groups[next];
      const int64_t prefix = batch.Add(group.prompt);
      const int64_t last_of_prompt = batch.rows() - 1;
      for (size_t m = 0; m < group.completions.size(); ++m) {
        const auto& completion = group.completions[m];
        const int64_t begin = batch.rows();
        // The last token is predicted but predicts nothing.
        const std::span inputs(completion.data(), completion.size() - 1);
        if (!inputs.empty()) batch.Add(inputs, prefix);
        for (size_t i = 0; i < completion.size(); ++i) {
          rows.push_back(i == 0 ? last_of_prompt : begin + static_cast<int64_t>(i) - 1);
          targets.push_back(completion[i]);
          recorded.push_back(group.logprobs[m][i]);
        }
      }
    }
    auto hidden = decoder.Forward(weights, batch);
    EXPECT_TRUE(hidden.ok()) << hidden.status().ToString();
    EXPECT_TRUE(hidden->requires_grad());
    const at::Tensor logprobs =
        SelectedLogprobs(weights, hidden->index_select(0, at::tensor(rows)), at::tensor(targets),
                         temperature, /*with_entropy=*/false)
            .logprobs;
    EXPECT_TRUE(logprobs.requires_grad());
    const auto* values = logprobs.const_data_ptr<float>();
    for (size_t i = 0; i < recorded.size(); ++i) {
      comparison.differing += values[i] == recorded[i] ? 0 : 1;
    }
    comparison.tokens += static_cast<int64_t>(recorded.size());
    if (first) (-logprobs.mean()).backward();
    first = false;
  }
  return comparison;
}

}  // namespace cohort
