#include "libs/checkpoint/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <limits>

#include "libs/base/files.h"
#include "tests/libs/checkpoint/scratch_directory.h"

namespace cohort {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// A file with the given header and so many bytes of data.
std::string FileWith(const std::string& header, size_t data_bytes) {
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(header.size() >> (8 * i));
  return bytes + header + std::string(data_bytes, 'x');
}

class SafetensorsTest : public testing::Test {
 protected:
  std::string OpenMessage(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
    auto file = SafetensorsFile::Open(path_);
    EXPECT_FALSE(file.ok());
    const std::string message = file.status().ToString();
    EXPECT_THAT(message, AllOf(HasSubstr(path_.string()), Not(HasSubstr("\n"))));
    return message;
  }

  ScratchDirectory scratch_;
  std::filesystem::path path_ = scratch_.path() / "model.safetensors";
};

TEST_F(SafetensorsTest, ReadsBackWhatWasWrittenToTheBit) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> floats = {1.5f, -0.0f, nan, 1e-42f, 3.0f, 4.0f};
  const std::vector<int64_t> counts = {-1, int64_t{1} << 60};
  const std::vector<uint16_t> halves = {0x3f80, 0x7fc1, 0x0001};
  const std::vector<TensorView> written = {
      {"narrow", DType::kBFloat16, {3}, std::as_bytes(std::span(halves))},
      {"floats", DType::kFloat32, {2, 3}, std::as_bytes(std::span(floats))},
      {"steps", DType::kInt64, {2}, std::as_bytes(std::span(counts))},
      {"empty", DType::kFloat32, {0, 7}, {}},
  };
  ASSERT_TRUE(WriteSafetensors(path_, written, {{"format", "pt"}, {"step", "12"}}).ok());
  auto file = SafetensorsFile::Open(path_);
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  EXPECT_EQ(file->metadata().at("step"), "12");
  EXPECT_EQ(file->tensors().size(), written.size());
  for (const TensorView& tensor : written) {
    auto read = file->Find(tensor.name);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->dtype, tensor.dtype);
    EXPECT_EQ(read->shape, tensor.shape);
    ASSERT_EQ(read->bytes.size(), tensor.bytes.size());
    EXPECT_EQ(std::memcmp(read->bytes.data(), tensor.bytes.data(), tensor.bytes.size()), 0);
    if (tensor.bytes.empty()) continue;
    const auto address = reinterpret_cast<uintptr_t>(read->bytes.data());
    EXPECT_EQ(address % static_cast<uintptr_t>(DTypeBytes(tensor.dtype)), 0u) << tensor.name;
  }
  EXPECT_EQ(file->Find("nothing").status().code(), StatusCode::kNotFound);
}

TEST_F(SafetensorsTest, ViewsOutliveTheFirstCopyOfTheFile) {
  const std::vector<float> floats = {7.0f};
  ASSERT_TRUE(WriteSafetensors(path_,
                               std::vector<TensorView>{
                                   {"a", DType::kFloat32, {1}, std::as_bytes(std::span(floats))}})
                  .ok());
  auto opened = SafetensorsFile::Open(path_);
  ASSERT_TRUE(opened.ok());
  const SafetensorsFile copy = *opened;
  opened = Status(StatusCode::kInternal, "gone");
  float value = 0;
  std::memcpy(&value, copy.tensors()[0].bytes.data(), sizeof(value));
  EXPECT_EQ(value, 7.0f);
}

TEST_F(SafetensorsTest, NamesTheTensorWhereTheFileIsCutShort) {
  const std::vector<float> floats(100, 1.0f);
  const std::vector<TensorView> tensors = {
      {"first", DType::kFloat32, {50}, std::as_bytes(std::span(floats).first(50))},
      {"second", DType::kFloat32, {100}, std::as_bytes(std::span(floats))}};
  ASSERT_TRUE(WriteSafetensors(path_, tensors).ok());
  auto bytes = ReadFile(path_);
  ASSERT_TRUE(bytes.ok());
  EXPECT_THAT(OpenMessage(bytes->substr(0, bytes->size() - 1)),
              AllOf(HasSubstr("\"second\""), HasSubstr("cut short")));
  EXPECT_THAT(OpenMessage(bytes->substr(0, 40)), HasSubstr("header"));
  EXPECT_THAT(OpenMessage(bytes->substr(0, 5)), HasSubstr("too few"));
}

TEST_F(SafetensorsTest, SurvivesACutAtEveryByteOfTheHeader) {
  const std::vector<float> floats(4, 1.0f);
  ASSERT_TRUE(
      WriteSafetensors(
          path_,
          std::vector<TensorView>{{"a", DType::kFloat32, {2, 2}, std::as_bytes(std::span(floats))}})
          .ok());
  auto bytes = ReadFile(path_);
  ASSERT_TRUE(bytes.ok());
  for (size_t length = 0; length < bytes->size(); ++length) OpenMessage(bytes->substr(0, length));
}

TEST_F(SafetensorsTest, RefusesDamagedHeaders) {
  EXPECT_THAT(OpenMessage(FileWith("{\"a\": ", 4)), HasSubstr("not a JSON object"));
  EXPECT_THAT(OpenMessage(FileWith("[]", 0)), HasSubstr("not a JSON object"));
  EXPECT_THAT(OpenMessage(FileWith(R"({"a":{"dtype":"F32","shape":[1]}})", 4)),
              HasSubstr("lacks a proper"));
  EXPECT_THAT(OpenMessage(FileWith(R"({"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}})", 4)),
              AllOf(HasSubstr("\"a\""), HasSubstr("\"Q4\"")));
  EXPECT_THAT(
      OpenMessage(FileWith(R"({"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,4]}})", 4)),
      AllOf(HasSubstr("\"a\""), HasSubstr("occupies 4 bytes, not 2")));
  EXPECT_THAT(
      OpenMessage(FileWith(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4)),
      HasSubstr("negative"));
  EXPECT_THAT(
      OpenMessage(FileWith(
          R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})", 4)),
      HasSubstr("too large"));
  EXPECT_THAT(OpenMessage(FileWith(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4)),
              HasSubstr("ends before it begins"));
  EXPECT_THAT(
      OpenMessage(FileWith(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}})", 4)),
      HasSubstr("offsets"));
}

TEST_F(SafetensorsTest, RefusesOverlapsHolesAndBytesBehind) {
  EXPECT_THAT(OpenMessage(FileWith(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                                   R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                                   8)),
              AllOf(HasSubstr("\"b\""), HasSubstr("overlaps")));
  EXPECT_THAT(OpenMessage(FileWith(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8)),
              AllOf(HasSubstr("\"a\""), HasSubstr("hole")));
  EXPECT_THAT(OpenMessage(FileWith(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 9)),
              HasSubstr("5 bytes behind"));
}

TEST_F(SafetensorsTest, ReportsAnAbsentFileAndADirectory) {
  EXPECT_EQ(SafetensorsFile::Open(path_).status().code(), StatusCode::kNotFound);
  EXPECT_THAT(SafetensorsFile::Open(scratch_.path()).status().message(),
              HasSubstr("not a regular file"));
}

TEST_F(SafetensorsTest, RefusesToWriteWhatItCouldNotRead) {
  const std::vector<float> floats(4, 1.0f);
  const auto bytes = std::as_bytes(std::span(floats));
  using Views = std::vector<TensorView>;
  EXPECT_THAT(WriteSafetensors(path_, Views{{"a", DType::kFloat32, {5}, bytes}}).message(),
              AllOf(HasSubstr("\"a\""), HasSubstr("do not fit")));
  EXPECT_THAT(WriteSafetensors(path_, Views{{"a", DType::kFloat32, {4}, bytes},
                                            {"a", DType::kFloat32, {4}, bytes}})
                  .message(),
              HasSubstr("taken"));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace cohort
