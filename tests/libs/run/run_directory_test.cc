#include "libs/run/run_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>
#include <thread>
#include <vector>

#include "tests/test_folder.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

TEST(RunDirectory, KeepsItsIdOnceItHasOne) {
  const TestFolder folder;
  const auto path = folder.path() / "runs" / "a";
  EXPECT_FALSE(RunDirectory::HoldsRun(path));
  const Result<RunDirectory> first = RunDirectory::Prepare(path);
  ASSERT_TRUE(first.ok()) << first.status().message();
  EXPECT_NE(first->run_id(), 0u);
  EXPECT_TRUE(RunDirectory::HoldsRun(path));
  EXPECT_EQ(RunDirectory::Prepare(path)->run_id(), first->run_id());
  EXPECT_EQ(RunDirectory::Open(path.string() + "/")->run_id(), first->run_id());
  EXPECT_EQ(RunDirectory::Open(path.string() + "/")->path(), path);
  struct stat facts = {};
  ASSERT_EQ(stat(first->sockets().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700u);
}

TEST(RunDirectory, GivesOneIdToProcessesThatStartTogether) {
  const TestFolder folder;
  std::vector<uint64_t> ids(8);
  std::vector<std::thread> threads;
  for (uint64_t& id : ids) {
    threads.emplace_back([&] { id = RunDirectory::Prepare(folder.path() / "run")->run_id(); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<uint64_t>(ids.begin(), ids.end()).size(), 1u);
}

TEST(RunDirectory, GivesEachRunAnIdOfItsOwn) {
  const TestFolder folder;
  EXPECT_NE(RunDirectory::Prepare(folder.path() / "a")->run_id(),
            RunDirectory::Prepare(folder.path() / "b")->run_id());
}

TEST(RunDirectory, CleansWhatARunLeavesAndNothingElse) {
  const TestFolder folder;
  const uint64_t id = RunDirectory::Prepare(folder.path())->run_id();
  folder.Write("metrics.jsonl", "{}\n");
  folder.Write("checkpoints/x", "x");
  folder.Write("notes.txt", "mine");
  ASSERT_TRUE(RunDirectory::Clean(folder.path()).ok());
  EXPECT_FALSE(RunDirectory::HoldsRun(folder.path()));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "metrics.jsonl"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "checkpoints"));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "notes.txt"));
  EXPECT_NE(RunDirectory::Prepare(folder.path())->run_id(), id);
}

TEST(RunDirectory, NamesWhatIsMissingOrDamaged) {
  const TestFolder folder;
  const Result<RunDirectory> missing = RunDirectory::Open(folder.path());
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(missing.status().message(), HasSubstr("holds no run"));
  for (const char* text : {"", "{}", "{\"run\": 3}", "{\"run\": \"0000000000000000\"}"}) {
    folder.Write("run.json", text);
    EXPECT_EQ(RunDirectory::Prepare(folder.path()).status().code(), StatusCode::kDataLoss) << text;
  }
  const std::string file = folder.Write("file", "");
  EXPECT_FALSE(RunDirectory::Prepare(file).ok());
}

}  // namespace
}  // namespace cohort
