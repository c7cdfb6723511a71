#include "learner/versions.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace cohort {
namespace {

TEST(VersionLines, CountsPublicationsAlongAStraightLine) {
  VersionLines lines;
  for (uint64_t v = 0; v < 5; ++v) lines.Add(v);
  EXPECT_EQ(*lines.Age(5, 5), 0u);
  EXPECT_EQ(*lines.Age(2, 5), 3u);
}

TEST(VersionLines, CountsAnUndoneLineBackToTheLastCommonVersion) {
  VersionLines lines;
  for (uint64_t v = 0; v < 9; ++v) lines.Add(v);  // 1 … 9
  EXPECT_EQ(lines.Add(5), 10u);                   // restarted from the checkpoint of version 5
  lines.Add(10);                                  // 11
  EXPECT_EQ(*lines.Age(5, 11), 2u);               // 5 → 10 → 11
  EXPECT_EQ(*lines.Age(8, 11), 5u);               // 8 → 7 → 6 → 5, then 10, 11
  EXPECT_EQ(*lines.Age(10, 11), 1u);
}

TEST(VersionLines, RefusesVersionsThatNeverWere) {
  VersionLines lines;
  lines.Add(0);
  EXPECT_FALSE(lines.Age(2, 1).ok());
  EXPECT_FALSE(lines.Age(0, 1).ok());
}

class VersionLogTest : public testing::Test {
 protected:
  void SetUp() override {
    file_ =
        std::filesystem::path(testing::TempDir()) /
        (std::string("versions-") + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove(file_);
  }
  std::filesystem::path file_;
};

TEST_F(VersionLogTest, NeverGivesANumberTwice) {
  {
    Result<VersionLog> log = VersionLog::Open(file_);
    ASSERT_TRUE(log.ok()) << log.status().ToString();
    EXPECT_EQ(*log->Reserve(0, true), 1u);
    EXPECT_EQ(*log->Reserve(1, false), 2u);
    EXPECT_EQ(*log->Reserve(2, false), 3u);
  }
  Result<VersionLog> again = VersionLog::Open(file_);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(again->last_evaluation(), 1u);
  EXPECT_EQ(*again->Reserve(1, false), 4u);
  EXPECT_EQ(*again->lines().Age(3, 4), 3u);
}

TEST_F(VersionLogTest, CutsATornLastLine) {
  std::ofstream(file_) << "{\"version\":1,\"parent\":0}\n{\"version\":2,\"par";
  Result<VersionLog> log = VersionLog::Open(file_);
  ASSERT_TRUE(log.ok()) << log.status().ToString();
  EXPECT_EQ(*log->Reserve(1, false), 2u);
  Result<VersionLog> again = VersionLog::Open(file_);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(again->lines().newest(), 2u);
}

TEST_F(VersionLogTest, NamesTheLineThatIsDamaged) {
  std::ofstream(file_) << "{\"version\":1,\"parent\":0}\n{\"version\":7,\"parent\":1}\n";
  const Result<VersionLog> log = VersionLog::Open(file_);
  ASSERT_FALSE(log.ok());
  EXPECT_NE(log.status().message().find(":2:"), std::string::npos) << log.status().ToString();
}

}  // namespace
}  // namespace cohort
