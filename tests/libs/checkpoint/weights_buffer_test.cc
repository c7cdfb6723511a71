#include "libs/checkpoint/weights_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cohort {
namespace {

using testing::HasSubstr;

ModelConfig Small() {
  ModelConfig config;
  config.vocab_size = 11;
  config.hidden_size = 6;
  config.intermediate_size = 10;
  config.layers = 2;
  config.heads = 2;
  config.kv_heads = 1;
  config.head_dim = 4;
  config.max_positions = 16;
  return config;
}

const TensorEntry& Entry(const TensorManifest& manifest, const std::string& name) {
  for (const TensorEntry& entry : manifest.tensors) {
    if (entry.name == name) return entry;
  }
  ADD_FAILURE() << name;
  return manifest.tensors.front();
}

TEST(WeightsBufferTest, LaysFusedWeightsSideBySideAndTheRestAligned) {
  const TensorManifest manifest = ManifestFor(Small(), DType::kBFloat16);
  EXPECT_TRUE(CheckManifest(manifest).ok());
  const std::string layer = "model.layers.1.";
  const auto& q = Entry(manifest, layer + "self_attn.q_proj.weight");
  const auto& k = Entry(manifest, layer + "self_attn.k_proj.weight");
  const auto& v = Entry(manifest, layer + "self_attn.v_proj.weight");
  EXPECT_EQ(q.offset % 64, 0u);
  EXPECT_EQ(q.offset + q.bytes, k.offset);
  EXPECT_EQ(k.offset + k.bytes, v.offset);
  const auto& gate = Entry(manifest, layer + "mlp.gate_proj.weight");
  const auto& up = Entry(manifest, layer + "mlp.up_proj.weight");
  EXPECT_EQ(gate.offset + gate.bytes, up.offset);
  for (const char* name : {"model.norm.weight", "lm_head.weight", "model.embed_tokens.weight"}) {
    EXPECT_EQ(Entry(manifest, name).offset % 64, 0u) << name;
  }
}

TEST(WeightsBufferTest, ManifestsDifferByTypeAndTying) {
  ModelConfig tied = Small();
  tied.tied_head = true;
  EXPECT_NE(ManifestFor(Small(), DType::kBFloat16), ManifestFor(Small(), DType::kFloat32));
  EXPECT_EQ(ManifestFor(tied, DType::kFloat32).tensors.size() + 1,
            ManifestFor(Small(), DType::kFloat32).tensors.size());
}

TEST(WeightsBufferTest, ChecksWhatAPeerClaims) {
  const TensorManifest good = ManifestFor(Small(), DType::kFloat32);
  const auto message = [&](auto&& damage) {
    TensorManifest manifest = good;
    damage(manifest);
    return CheckManifest(manifest).message();
  };
  EXPECT_THAT(message([](auto& m) { m.tensors[3].bytes += 4; }), HasSubstr("do not fit"));
  EXPECT_THAT(message([](auto& m) { m.tensors[3].offset = 0; }), HasSubstr("overlaps"));
  EXPECT_THAT(message([](auto& m) { m.tensors[3].offset += 1; }), HasSubstr("unaligned"));
  EXPECT_THAT(message([](auto& m) { m.total_bytes = 8; }), HasSubstr("ends behind"));
  EXPECT_THAT(message([](auto& m) { m.tensors[1].shape[0] = -6; }), HasSubstr("negative"));
  EXPECT_THAT(message([](auto& m) { m.tensors[1].dtype = DType{77}; }), HasSubstr("dtype"));
  EXPECT_THAT(message([](auto& m) { m.tensors.back().offset = UINT64_MAX - 3; }),
              HasSubstr("ends behind"));
}

TEST(WeightsBufferTest, AllocatesZeroedAlignedMemory) {
  const auto memory = AllocateWeights(1000);
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.get()) % 64, 0u);
  for (size_t i = 0; i < 1000; ++i) ASSERT_EQ(memory[i], std::byte(0));
  EXPECT_NE(AllocateWeights(0), nullptr);
}

}  // namespace
}  // namespace cohort
