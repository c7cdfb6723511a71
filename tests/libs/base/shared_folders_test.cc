#include "libs/base/shared_folders.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "libs/base/files.h"
#include "tests/test_folder.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;

class SharedFoldersTest : public testing::Test {
 protected:
  std::unique_ptr<SharedFolders> Open(size_t most = 8) {
    auto folders = SharedFolders::Open(folder_.path() / "kept", most);
    EXPECT_TRUE(folders.ok()) << folders.status().ToString();
    return *std::move(folders);
  }

  TestFolder folder_;
};

Status WriteWord(const fs::path& folder) { return WriteFileAtomically(folder / "word", "hello"); }
Status MustNotBeMade(const fs::path&) { return Internal("made again"); }

TEST_F(SharedFoldersTest, AreMadeOnce) {
  const auto first = Open()->Get("a", WriteWord);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  EXPECT_EQ(*ReadFile((*first)->path() / "word"), "hello");
  const auto second = Open()->Get("a", MustNotBeMade);
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_EQ((*second)->path(), (*first)->path());
}

TEST_F(SharedFoldersTest, ThatCouldNotBeMadeLeaveNothingAndAreTriedAgain) {
  const auto folders = Open();
  const auto failing = [](const fs::path& folder) {
    COHORT_RETURN_IF_ERROR(WriteWord(folder));
    return Unavailable("the disk is full");
  };
  EXPECT_EQ(folders->Get("a", failing).status().message(), "the disk is full");
  for (const auto& entry : fs::directory_iterator(folder_.path() / "kept")) {
    EXPECT_FALSE(entry.is_directory()) << entry.path();
  }
  EXPECT_TRUE(folders->Get("a", WriteWord).ok());
}

TEST_F(SharedFoldersTest, AreMadeByOneProcessWhileTheOthersWait) {
  const auto slowly = [this](const fs::path& folder) {
    std::ofstream(folder_.path() / "made", std::ios::app) << "x";
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return WriteWord(folder);
  };
  constexpr int kProcesses = 4;
  for (int i = 0; i < kProcesses; ++i) {
    if (fork() != 0) continue;
    const auto got = Open()->Get("a", slowly);
    _exit(got.ok() && *ReadFile((*got)->path() / "word") == "hello" ? 0 : 1);
  }
  for (int i = 0; i < kProcesses; ++i) {
    int status = -1;
    wait(&status);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(*ReadFile(folder_.path() / "made"), "x");
}

TEST_F(SharedFoldersTest, GoTheLeastRecentlyUsedFirstUnlessTheyAreHeld) {
  const auto folders = Open(/*most=*/2);
  const auto held = folders->Get("held", WriteWord);
  ASSERT_TRUE(held.ok());
  const auto make = [&](const std::string& name, int hours_ago) {
    ASSERT_TRUE(folders->Get(name, WriteWord).ok());
    fs::last_write_time(folder_.path() / "kept" / (name + ".lock"),
                        fs::file_time_type::clock::now() - std::chrono::hours(hours_ago));
  };
  make("old", 2);
  make("new", 1);
  make("newest", 0);
  EXPECT_TRUE(fs::exists((*held)->path() / "word"));
  EXPECT_FALSE(fs::exists(folder_.path() / "kept/old"));
  EXPECT_TRUE(fs::exists(folder_.path() / "kept/newest"));
}

TEST_F(SharedFoldersTest, AreNotWaitedForWhenNobodyWantsThemAnyMore) {
  const auto folders = Open();
  const auto meanwhile = [&](const fs::path& folder) {
    const auto got = Open()->Get("a", MustNotBeMade, [] { return true; });
    EXPECT_EQ(got.status().code(), StatusCode::kUnavailable);
    return WriteWord(folder);
  };
  EXPECT_TRUE(folders->Get("a", meanwhile).ok());
}

TEST_F(SharedFoldersTest, DoNotGrowFromWhatADeadProcessLeftOfThem) {
  const std::string left = "a.aside-" + std::to_string(getpid()) + "-";
  for (int number = 0; number < 50; ++number) {
    folder_.Write("kept/" + left + std::to_string(number) + "/rubbish", "x");
  }
  const auto got = Open()->Get("a", WriteWord);
  ASSERT_TRUE(got.ok()) << got.status().ToString();
  EXPECT_FALSE(fs::exists((*got)->path() / "rubbish"));
}

TEST_F(SharedFoldersTest, LieInAFolderThatNobodyElseCanWrite) {
  fs::create_directory(folder_.path() / "kept");
  fs::permissions(folder_.path() / "kept", fs::perms::all);
  EXPECT_EQ(SharedFolders::Open(folder_.path() / "kept", 1).status().code(),
            StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace cohort
