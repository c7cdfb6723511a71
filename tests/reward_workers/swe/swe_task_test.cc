#include "reward_workers/swe/swe_task.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>

#include "reward_workers/swe/patch_similarity.h"
#include "tests/test_folder.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;

class SweTaskTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) const { scratch_.Write(name, text); }
  std::string Shell(const std::string& command) const {
    std::string output;
    FILE* pipe = popen(("cd " + folder_.string() + " && " + command).c_str(), "r");
    char buffer[256];
    for (size_t count; (count = fread(buffer, 1, sizeof(buffer), pipe)) > 0;)
      output.append(buffer, count);
    pclose(pipe);
    while (output.ends_with('\n')) output.pop_back();
    return output;
  }
  // A repository with one commit: its digest.
  std::string Repository() const {
    Write("work/lib/a.py", "x = 1\n");
    Write("work/run.sh", "#!/bin/sh\n");
    Write("work/tests/test_a.py", "def test_a(): pass\n");
    return Shell(
        "cd work && chmod +x run.sh && ln -s lib/a.py link && git init -q . && git add -A && "
        "git -c user.name=a -c user.email=a@b commit -qm first && git rev-parse HEAD && "
        "git clone -q --bare . ../repository.git");
  }
  std::string Environment(const std::string& text) const {
    Write("environments/e/environment.toml", text);
    const auto read = ReadSweEnvironment(folder_ / "environments/e");
    return read.ok() ? "" : read.status().message().substr(folder_.string().size());
  }
  std::unique_ptr<SourceTrees> Trees(size_t most = 256) const {
    auto trees = SourceTrees::Open(folder_ / "trees", most);
    EXPECT_TRUE(trees.ok()) << trees.status().ToString();
    return *std::move(trees);
  }

  TestFolder scratch_;
  const fs::path folder_ = scratch_.path();
};

TEST_F(SweTaskTest, EnvironmentsSayWhatIsWrongWithThem) {
  fs::create_directories(folder_ / "environments/e/t");
  const std::string good = "tree = \"t\"\nformat = \"pytest\"\ntest_files = [\"a.py\"]\n";
  EXPECT_EQ(Environment(good), "");
  const std::string file = "/environments/e/environment.toml";
  EXPECT_EQ(Environment(good + "colour = 1\n"), file + ":4: colour is no key of an environment");
  EXPECT_NE(Environment(good + "git = \"t\"\n").find("not both"), std::string::npos);
  EXPECT_NE(Environment("format = \"pytest\"\ntest_files = [\"a\"]\n").find("is needed"),
            std::string::npos);
  EXPECT_NE(Environment("tree = \"none\"\n").find(":1: tree names no folder"), std::string::npos);
  EXPECT_NE(Environment("tree = \"t\"\nformat = \"nose\"\n").find(":2: format"), std::string::npos);
  EXPECT_NE(Environment("tree = \"t\"\nformat = \"pytest\"\n").find("test_files"),
            std::string::npos);
  EXPECT_NE(Environment("tree = \"t\"\nformat = \"ctest\"\ntest_files = [\"a\"]\n").find("command"),
            std::string::npos);
  EXPECT_NE(Environment(good + "cpu_seconds = \"x\"\n").find(":4: cpu_seconds"), std::string::npos);
  EXPECT_NE(Environment(good + "memory_mb = -3\n").find("memory_mb"), std::string::npos);
  EXPECT_NE(Environment(good + "binds = [\"relative:/x\"]\n").find("binds"), std::string::npos);
  EXPECT_NE(Environment("tree = \"t").find(":1"), std::string::npos);
  EXPECT_FALSE(ReadSweEnvironments(folder_ / "nothing").ok());
  EXPECT_FALSE(ReadSweEnvironments(folder_ / "environments/e").ok()) << "holds no environment";
}

TEST_F(SweTaskTest, ACommitIsCheckedOutOnceWithoutItsHistory) {
  const std::string commit = Repository();
  ASSERT_EQ(commit.size(), 40u) << "git is needed";
  const auto trees = Trees();
  const std::string repository = (folder_ / "repository.git").string();
  const auto tree = trees->CheckOut(repository, commit);
  ASSERT_TRUE(tree.ok()) << tree.status().ToString();
  const fs::path path = (*tree)->path();
  EXPECT_FALSE(fs::exists(path / ".git"));
  EXPECT_TRUE(fs::is_symlink(path / "link"));
  EXPECT_NE(fs::status(path / "run.sh").permissions() & fs::perms::owner_exec, fs::perms::none);
  EXPECT_EQ(**(*tree)->Read("lib/a.py"), "x = 1\n");
  EXPECT_FALSE(*(*tree)->Read("lib/none.py"));
  EXPECT_FALSE(*(*tree)->Read("lib/a.py/b"));
  EXPECT_FALSE((*tree)->Read("link").ok());
  EXPECT_FALSE((*tree)->Read("lib").ok());
  EXPECT_FALSE((*tree)->Read("../../etc/passwd").ok());
  EXPECT_EQ((*tree)->Entry("lib"), TreeEntry::kFolder);
  EXPECT_EQ((*tree)->Entry("lib/a.py"), TreeEntry::kFile);
  EXPECT_EQ((*tree)->Entry("nope"), TreeEntry::kNone);
  EXPECT_EQ((*tree)->Entry("lib/a.py/b"), TreeEntry::kNone);
  const auto again = Trees()->CheckOut(repository, commit);  // another process would do the same
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->path(), path.string());
  EXPECT_EQ(trees->CheckOut(repository, std::string(40, 'a')).status().code(),
            StatusCode::kNotFound);
  EXPECT_FALSE(trees->CheckOut((folder_ / "none.git").string(), commit).ok());
}

TEST_F(SweTaskTest, NothingThatARepositoryHoldsIsRun) {
  Write("work/.gitattributes", "* filter=evil text eol=crlf\n");
  const std::string commit = Repository();
  const std::string marker = (folder_ / "ran").string();
  Write("repository.git/hooks/post-checkout", "#!/bin/sh\ntouch " + marker + "\n");
  Shell(
      "chmod +x repository.git/hooks/post-checkout && cd repository.git && "
      "git config filter.evil.smudge 'touch " +
      marker + "' && git config filter.evil.process 'touch " + marker +
      "' && git config core.fsmonitor 'touch " + marker + "'");
  const auto tree = Trees()->CheckOut((folder_ / "repository.git").string(), commit);
  ASSERT_TRUE(tree.ok()) << tree.status().ToString();
  EXPECT_EQ(**(*tree)->Read("lib/a.py"), "x = 1\n") << "bytes as they were committed";
  EXPECT_FALSE(fs::exists(marker));
}

TEST_F(SweTaskTest, ManyAtOnceGetOneTreeAndHeldOnesStay) {
  const std::string first = Repository();
  Write("work/lib/a.py", "x = 2\n");
  const std::string second = Shell(
      "cd work && git -c user.name=a -c user.email=a@b commit -qam second && "
      "git push -q ../repository.git HEAD:refs/heads/second && git rev-parse HEAD");
  const std::string repository = (folder_ / "repository.git").string();
  const auto trees = Trees(/*most=*/1);
  std::vector<std::future<Result<std::shared_ptr<const SourceTree>>>> asked;
  for (int i = 0; i < 8; ++i) {
    asked.push_back(
        std::async(std::launch::async, [&] { return trees->CheckOut(repository, first); }));
  }
  std::vector<std::shared_ptr<const SourceTree>> held;
  for (auto& one : asked) {
    auto tree = one.get();
    ASSERT_TRUE(tree.ok()) << tree.status().ToString();
    held.push_back(*tree);
    EXPECT_EQ(held.back()->path(), held.front()->path());
  }
  ASSERT_TRUE(trees->CheckOut(repository, second).ok());
  EXPECT_TRUE(fs::exists(held.front()->path())) << "held, though there are too many";
  const std::string path = held.front()->path();
  held.clear();
  ASSERT_TRUE(trees->CheckOut(repository, second).ok());  // is there: nothing is removed
  EXPECT_TRUE(fs::exists(path));
}

TEST_F(SweTaskTest, RowsAreFoundWithTheirTests) {
  const std::string commit = Repository();
  fs::create_directories(folder_ / "environments");
  fs::rename(folder_ / "repository.git", folder_ / "environments/e.git");
  Write("environments/o__r/environment.toml",
        "git = \"../e.git\"\nformat = \"pytest\"\ntest_files = [\"tests/test_a.py\"]\n");
  auto environments = ReadSweEnvironments(folder_ / "environments");
  ASSERT_TRUE(environments.ok()) << environments.status().ToString();
  const SweTasks tasks(*std::move(environments), Trees());
  const std::string row = "{\"instance_id\": \"i\", \"repo\": \"o/r\", \"base_commit\": \"" +
                          commit + "\", \"FAIL_TO_PASS\": \"[\\\"a\\\"]\", \"PASS_TO_PASS\": []";
  const auto task = tasks.Find(row + "}");
  ASSERT_TRUE(task.ok()) << task.status().ToString();
  EXPECT_EQ(task->tests.at("tests/test_a.py"), "def test_a(): pass\n");
  EXPECT_EQ(task->instance.fail_to_pass, std::vector<std::string>{"a"});

  const auto patched = tasks.Find(
      row +
      R"(, "test_patch": "--- a/tests/test_a.py\n+++ b/tests/test_a.py\n@@ -1 +1 @@\n-def test_a(): pass\n+def test_b(): pass\n"})");
  ASSERT_TRUE(patched.ok()) << patched.status().ToString();
  EXPECT_EQ(patched->tests.at("tests/test_a.py"), "def test_b(): pass\n");

  const auto problem = [&](const std::string& columns) {
    return tasks.Find(columns).status().message();
  };
  EXPECT_NE(problem("[]"), "");
  EXPECT_NE(problem("{}").find("instance_id"), std::string::npos);
  EXPECT_NE(
      problem(
          R"({"instance_id": "i", "environment": "x", "FAIL_TO_PASS": ["a"], "PASS_TO_PASS": []})")
          .find("no environment x"),
      std::string::npos);
  EXPECT_NE(
      problem(R"({"instance_id": "i", "repo": "o/r", "FAIL_TO_PASS": ["a"], "PASS_TO_PASS": []})")
          .find("no base_commit"),
      std::string::npos);
  EXPECT_NE(
      problem(R"({"instance_id": "i", "repo": "o/r", "FAIL_TO_PASS": [], "PASS_TO_PASS": []})")
          .find("FAIL_TO_PASS"),
      std::string::npos);
  EXPECT_NE(problem(R"({"instance_id": "i", "repo": "o/r", "base_commit": "--upload-pack=x",
                        "FAIL_TO_PASS": ["a"], "PASS_TO_PASS": []})")
                .find("hexadecimal"),
            std::string::npos);
}

TEST(PatchSimilarityTest, IsOneForTheSameAndZeroForOtherFiles) {
  const auto read = [](const std::string&) -> Result<std::optional<std::string>> {
    return std::optional<std::string>("a\nb\nc\n");
  };
  const ChangedFiles right = {{"f", "a\nB\nc\n"}};
  EXPECT_EQ(*PatchSimilarity(right, right, read), 1.0);
  EXPECT_EQ(*PatchSimilarity({{"g", "a\nB\nc\n"}}, right, read), 0.0);
  EXPECT_EQ(*PatchSimilarity({{"f", "a\nB\nc\n"}, {"g", "x"}}, right, read), 0.5);
  const double near = *PatchSimilarity({{"f", "a\nBB\nc\n"}}, right, read);
  EXPECT_GT(near, 0.9);
  EXPECT_LT(near, 1.0);
}

}  // namespace
}  // namespace cohort
