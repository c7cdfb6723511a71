// The diffs that git makes, against what git says of them: applied here they give the same files,
// and where git refuses one, so does this.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "libs/base/rng.h"
#include "reward_workers/swe/read_patch.h"
#include "tests/test_folder.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;

class PatchGitTest : public testing::Test {
 protected:
  void SetUp() override {
    if (Run("git --version") != 0) GTEST_SKIP() << "git is not installed";
  }
  int Run(const std::string& command) const {
    return std::system(("cd " + folder_.string() +
                        " && GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 " + command +
                        " >/dev/null 2>&1")
                           .c_str());
  }
  void Write(const std::string& name, const std::string& text) const { scratch_.Write(name, text); }
  std::string Read(const std::string& name) const {
    std::stringstream text;
    text << std::ifstream(folder_ / name, std::ios::binary).rdbuf();
    return text.str();
  }

  TestFolder scratch_;
  const fs::path folder_ = scratch_.path();
};

std::string RandomText(Rng& rng) {
  std::string text;
  const uint64_t lines = rng.Below(30);
  for (uint64_t i = 0; i < lines; ++i) {
    constexpr const char* kLines[] = {"",   "a",           "b",     "-- x", "++ y",
                                      " z", "@@ -1 +1 @@", "\\ No", "c\r"};
    text += kLines[rng.Below(9)];
    text += '\n';
  }
  if (!text.empty() && rng.Below(3) == 0) text.pop_back();
  return text;
}

std::string Changed(std::string text, Rng& rng) {
  for (uint64_t i = rng.Below(4) + 1; i > 0; --i) {
    const size_t at = rng.Below(text.size() + 1);
    const size_t line = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
    if (rng.Below(2) == 0) {
      text.insert(line, "new " + std::to_string(rng.Below(5)) + "\n");
    } else if (const size_t end = text.find('\n', line); end != std::string::npos) {
      text.erase(line, end + 1 - line);
    }
  }
  return text;
}

Result<std::string> Apply(const std::string& diff, const std::string& text) {
  COHORT_ASSIGN_OR_RETURN(const Patch patch, ReadUnifiedDiff(diff));
  COHORT_ASSIGN_OR_RETURN(
      const ChangedFiles files,
      ApplyPatch(patch, [&](const std::string&) -> Result<std::optional<std::string>> {
        return std::optional<std::string>(text);
      }));
  const auto found = files.find("f");
  if (found == files.end()) return text;
  return found->second.value_or("");
}

TEST_F(PatchGitTest, GivesTheSameFilesAsGit) {
  Rng rng(1);
  int applied = 0, elsewhere = 0, refused = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string before = RandomText(rng);
    const std::string after = Changed(before, rng);
    if (before == after || before.empty()) continue;
    Write("a/f", before);
    Write("b/f", after);
    std::string diff;
    {
      FILE* pipe = popen(("cd " + folder_.string() + " && git diff --no-index --no-prefix -U" +
                          std::to_string(1 + rng.Below(3)) + " a/f b/f")
                             .c_str(),
                         "r");
      ASSERT_NE(pipe, nullptr);
      char buffer[4096];
      for (size_t count; (count = fread(buffer, 1, sizeof(buffer), pipe)) > 0;)
        diff.append(buffer, count);
      pclose(pipe);
    }
    const Result<std::string> mine = Apply(diff, before);
    ASSERT_TRUE(mine.ok()) << mine.status().ToString() << "\n" << diff;
    ASSERT_EQ(*mine, after) << diff;
    ++applied;

    // On a file that has changed elsewhere in the meantime.
    const std::string other = Changed(before, rng);
    Write("f", other);
    Write("patch", diff);
    const bool git = Run("git apply -p1 patch") == 0;
    const Result<std::string> moved = Apply(diff, other);
    if (git && moved.ok()) {
      // Where both find a place, git may take another of several: it looks for whole-file anchors.
      elsewhere += Read("f") == *moved ? 1 : 0;
    }
    if (!moved.ok()) {
      ++refused;
      EXPECT_FALSE(git) << diff << "\non\n" << other;
    }
  }
  EXPECT_GE(applied, 200);
  EXPECT_GE(elsewhere, 50);
  EXPECT_GE(refused, 20);
}

}  // namespace
}  // namespace cohort
