#include "libs/run/json_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "libs/base/files.h"
#include "tests/test_folder.h"

namespace cohort {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class JsonLinesTest : public ::testing::Test {
 protected:
  JsonLinesReport Read() {
    seen_.clear();
    return *ReadJsonLines(path_, [&](int64_t line, const json& record) {
      seen_.push_back(std::to_string(line) + ":" + record.value("x", "?"));
    });
  }
  TestFolder folder_;
  std::filesystem::path path_ = folder_.path() / "a.jsonl";
  std::vector<std::string> seen_;
};

TEST_F(JsonLinesTest, AppendsToWhatIsThere) {
  for (const char* x : {"one", "two"}) {
    Result<JsonLinesWriter> writer = JsonLinesWriter::Open(path_);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writer->Append({{"x", x}}).ok());
  }
  EXPECT_EQ(Read().rows, 2);
  EXPECT_THAT(seen_, ElementsAre("1:one", "2:two"));
}

TEST_F(JsonLinesTest, PassesOverATornLastLine) {
  folder_.Write("a.jsonl", "{\"x\":\"one\"}\n{\"x\":\"tw");
  const JsonLinesReport report = Read();
  EXPECT_TRUE(report.torn);
  EXPECT_TRUE(report.bad.empty());
  EXPECT_THAT(seen_, ElementsAre("1:one"));
}

TEST_F(JsonLinesTest, CutsATornLastLineOffBeforeItAppends) {
  const std::string torn = "{\"x\":\"" + std::string(10000, 'y');
  folder_.Write("a.jsonl", "{\"x\":\"one\"}\n" + torn);
  Result<JsonLinesWriter> writer = JsonLinesWriter::Open(path_);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->Append({{"x", "two"}}).ok());
  EXPECT_TRUE(Read().bad.empty());
  EXPECT_THAT(seen_, ElementsAre("1:one", "2:two"));
  folder_.Write("a.jsonl", torn);  // nothing but a torn line
  ASSERT_TRUE(JsonLinesWriter::Open(path_).ok());
  EXPECT_EQ(std::filesystem::file_size(path_), 0u);
}

TEST_F(JsonLinesTest, ReportsBadLinesWithTheirNumber) {
  folder_.Write("a.jsonl", "{\"x\":\"one\"}\n\nnonsense\n[1]\n{\"x\":\"two\"}\n");
  const JsonLinesReport report = Read();
  EXPECT_THAT(report.bad, ElementsAre(HasSubstr("a.jsonl:3:"), HasSubstr("a.jsonl:4:")));
  EXPECT_THAT(seen_, ElementsAre("1:one", "5:two"));
}

TEST_F(JsonLinesTest, WritesWhatJsonCannotHoldAsNullAndReplacementCharacters) {
  Result<JsonLinesWriter> writer = JsonLinesWriter::Open(path_);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->Append({{"x", "a\xff"}, {"y", std::nan("")}}).ok());
  EXPECT_EQ(*ReadFile(path_), "{\"x\":\"a\xEF\xBF\xBD\",\"y\":null}\n");
}

TEST_F(JsonLinesTest, FollowsAFileThatGrows) {
  JsonLinesFollower follower(path_);
  std::vector<int64_t> lines;
  const auto poll = [&] {
    lines.clear();
    return *follower.Poll([&](int64_t line, const json&) { lines.push_back(line); });
  };
  EXPECT_EQ(poll().rows, 0);  // not there yet
  folder_.Write("a.jsonl", "{}\n{}\n{\"x\"");
  EXPECT_TRUE(poll().torn);
  EXPECT_THAT(lines, ElementsAre(1, 2));
  folder_.Write("a.jsonl", "{}\n{}\n{\"x\":1}\n");
  EXPECT_EQ(poll().rows, 1);
  EXPECT_THAT(lines, ElementsAre(3));
  EXPECT_EQ(poll().rows, 0);
}

TEST_F(JsonLinesTest, NamesAFileThatCannotBeReadOrWritten) {
  EXPECT_EQ(ReadJsonLines("no/such", [](int64_t, const json&) {}).status().code(),
            StatusCode::kNotFound);
  const Result<JsonLinesWriter> writer = JsonLinesWriter::Open("no/such");
  ASSERT_FALSE(writer.ok());
  EXPECT_THAT(writer.status().message(), HasSubstr("no/such"));
}

}  // namespace
}  // namespace cohort
