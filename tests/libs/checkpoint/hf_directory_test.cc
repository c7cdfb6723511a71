#include "libs/checkpoint/hf_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "libs/base/files.h"
#include "tests/libs/checkpoint/scratch_directory.h"

namespace cohort {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class HfDirectoryTest : public testing::Test {
 protected:
  HfDirectoryTest() {
    config_.vocab_size = 11;
    config_.hidden_size = 6;
    config_.intermediate_size = 10;
    config_.layers = 1;
    config_.heads = 2;
    config_.kv_heads = 1;
    config_.head_dim = 4;
    config_.max_positions = 16;
    config_.tied_head = true;
    Fill();
  }

  // Float32 weights with numbers of their own.
  void Fill() {
    weights_.clear();
    values_.clear();
    for (const auto& [name, shape] : config_.Weights()) {
      values_.emplace_back(static_cast<size_t>(*ElementsOf(shape)));
      for (float& value : values_.back()) value = 0.25f * static_cast<float>(next_++);
      weights_.push_back({name, DType::kFloat32, shape, {}});
    }
    for (size_t i = 0; i < weights_.size(); ++i) {
      weights_[i].bytes = std::as_bytes(std::span(values_[i]));
    }
  }

  std::string OpenMessage() {
    auto opened = HfDirectory::Open(directory_);
    EXPECT_FALSE(opened.ok());
    EXPECT_THAT(opened.status().message(),
                AllOf(HasSubstr(directory_.string()), Not(HasSubstr("\n"))));
    return opened.status().message();
  }

  void ExpectAllWeights() {
    auto opened = HfDirectory::Open(directory_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    EXPECT_EQ(opened->config(), config_);
    for (const TensorView& weight : weights_) {
      auto read = opened->Find(weight.name);
      ASSERT_TRUE(read.ok()) << weight.name;
      ASSERT_EQ(read->bytes.size(), weight.bytes.size());
      EXPECT_EQ(std::memcmp(read->bytes.data(), weight.bytes.data(), weight.bytes.size()), 0);
    }
  }

  ScratchDirectory scratch_;
  std::filesystem::path directory_ = scratch_.path() / "model";
  ModelConfig config_;
  std::vector<TensorView> weights_;
  std::vector<std::vector<float>> values_;
  int next_ = 1;
};

TEST_F(HfDirectoryTest, OpensWhatItWroteToTheBit) {
  const auto source = scratch_.path() / "tokenizer";
  ASSERT_TRUE(MakeDirectories(source).ok());
  ASSERT_TRUE(WriteFileAtomically(source / "tokenizer.json", "{}").ok());
  ASSERT_TRUE(WriteFileAtomically(source / "notes.txt", "mine").ok());
  ASSERT_TRUE(WriteHfDirectory(directory_, config_, weights_, source).ok());
  ExpectAllWeights();
  EXPECT_TRUE(std::filesystem::exists(directory_ / "tokenizer.json"));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "notes.txt"));
}

TEST_F(HfDirectoryTest, OpensShardsThroughTheirIndex) {
  ASSERT_TRUE(WriteHfDirectory(directory_, config_, weights_, {}).ok());
  std::filesystem::remove(directory_ / "model.safetensors");
  const std::span all(weights_);
  const std::string index_head = R"({"metadata": {}, "weight_map": {)";
  std::string map;
  for (size_t i = 0; i < all.size(); ++i) {
    map += (i > 0 ? ", \"" : "\"") + all[i].name + "\": \"model-0000" + (i < 4 ? "1" : "2") +
           "-of-00002.safetensors\"";
  }
  ASSERT_TRUE(WriteSafetensors(directory_ / "model-00001-of-00002.safetensors", all.first(4)).ok());
  ASSERT_TRUE(
      WriteSafetensors(directory_ / "model-00002-of-00002.safetensors", all.subspan(4)).ok());
  const auto index = directory_ / "model.safetensors.index.json";
  ASSERT_TRUE(WriteFileAtomically(index, index_head + map + "}}").ok());
  ExpectAllWeights();

  std::filesystem::remove(directory_ / "model-00002-of-00002.safetensors");
  EXPECT_THAT(OpenMessage(), HasSubstr("model-00002-of-00002"));
  ASSERT_TRUE(WriteFileAtomically(index, index_head + R"("a": "../../x"}})").ok());
  EXPECT_THAT(OpenMessage(), HasSubstr("not a plain file name"));
  ASSERT_TRUE(WriteFileAtomically(index, "{").ok());
  EXPECT_THAT(OpenMessage(), HasSubstr("weight_map"));
}

TEST_F(HfDirectoryTest, NamesWhatIsMissingOrStrange) {
  const auto write = [&](const std::function<void()>& damage) {
    Fill();
    damage();
    ASSERT_TRUE(WriteHfDirectory(directory_, config_, weights_, {}).ok());
  };
  write([&] { weights_.erase(weights_.begin() + 3); });
  EXPECT_THAT(OpenMessage(), AllOf(HasSubstr("k_proj"), HasSubstr("missing")));
  write([&] { weights_[2].shape = {6, 8}; });
  EXPECT_THAT(OpenMessage(), AllOf(HasSubstr("q_proj"), HasSubstr("[6, 8]"), HasSubstr("[8, 6]")));
  write([&] { weights_[0].dtype = DType::kInt32; });
  EXPECT_THAT(OpenMessage(), AllOf(HasSubstr("embed_tokens"), HasSubstr("I32")));
  write([&] { weights_.push_back({"model.extra", DType::kFloat32, {6}, weights_[1].bytes}); });
  EXPECT_THAT(OpenMessage(), HasSubstr("model.extra"));
}

TEST_F(HfDirectoryTest, AcceptsASavedTiedHead) {
  TensorView head = weights_.front();
  head.name = "lm_head.weight";
  weights_.push_back(head);
  ASSERT_TRUE(WriteHfDirectory(directory_, config_, weights_, {}).ok());
  EXPECT_TRUE(HfDirectory::Open(directory_).ok());
}

TEST_F(HfDirectoryTest, ReportsAnEmptyDirectory) {
  EXPECT_THAT(OpenMessage(), HasSubstr("config.json"));
  ASSERT_TRUE(WriteHfDirectory(directory_, config_, weights_, {}).ok());
  std::filesystem::remove(directory_ / "model.safetensors");
  EXPECT_THAT(OpenMessage(), HasSubstr("neither"));
}

}  // namespace
}  // namespace cohort
