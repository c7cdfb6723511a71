#include "reward_workers/swe/read_patch.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace cohort {
namespace {

using Files = std::map<std::string, std::string>;

FileReader From(const Files& files) {
  return [files](const std::string& path) -> Result<std::optional<std::string>> {
    const auto found = files.find(path);
    if (found == files.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
  };
}

// The files that an answer leaves; or what is wrong with it, in brackets.
Files Changed(const std::string& answer, const Files& files) {
  const Result<Patch> patch = ReadPatch(answer);
  if (!patch.ok()) return {{"!", patch.status().ToString()}};
  const Result<ChangedFiles> changed = ApplyPatch(*patch, From(files));
  if (!changed.ok()) return {{"!", changed.status().ToString()}};
  Files result = files;
  for (const auto& [path, text] : *changed) {
    if (text) result[path] = *text;
    if (!text) result.erase(path);
  }
  return result;
}

std::string Problem(const std::string& answer, const Files& files = {}) {
  const Files changed = Changed(answer, files);
  const auto found = changed.find("!");
  return found == changed.end() ? "" : found->second;
}

const Files kTree = {{"a/b.py", "one\ntwo\nthree\nfour\nfive\n"}, {"c.txt", "x\ny"}};

TEST(UnifiedDiffTest, IsFoundInAFenceOrBare) {
  const std::string diff = "--- a/a/b.py\n+++ b/a/b.py\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n";
  const std::string expected = "one\n2\nthree\nfour\nfive\n";
  EXPECT_EQ(Changed("I change it:\n```diff\n" + diff + "```\nDone.", kTree).at("a/b.py"), expected);
  EXPECT_EQ(Changed("```\n" + diff + "```", kTree).at("a/b.py"), expected);
  EXPECT_EQ(Changed(diff, kTree).at("a/b.py"), expected);
  EXPECT_EQ(
      Changed("diff --git a/a/b.py b/a/b.py\nindex 12..34 100644\n" + diff, kTree).at("a/b.py"),
      expected);
}

TEST(UnifiedDiffTest, SeveralBlocksAreOnePatch) {
  const Files files = Changed(
      "```diff\n--- a/a/b.py\n+++ b/a/b.py\n@@ -1 +1 @@\n-one\n+1\n```\nand\n"
      "```patch\n--- a/c.txt\n+++ b/c.txt\n@@ -1 +1 @@\n-x\n+z\n```\n",
      kTree);
  EXPECT_EQ(files.at("a/b.py"), "1\ntwo\nthree\nfour\nfive\n");
  EXPECT_EQ(files.at("c.txt"), "z\ny");
}

TEST(UnifiedDiffTest, GoesByLinesAndNotByWhatHunksCount) {
  for (const char* head :
       {"@@ -2,9 +2,7 @@", "@@ -2 +2 @@", "@@ -40,2 +40,2 @@", "@@ -2,0 +3,1 @@"}) {
    const std::string answer =
        "--- a/a/b.py\n+++ b/a/b.py\n" + std::string(head) + " def f():\n two\n-three\n+3\n\n\n";
    EXPECT_EQ(Changed(answer, kTree).at("a/b.py"), "one\ntwo\n3\nfour\nfive\n") << head;
  }
}

TEST(UnifiedDiffTest, MakesRemovesAndRenames) {
  const Files files = Changed(
      "diff --git a/new.py b/new.py\nnew file mode 100755\n--- /dev/null\n+++ b/new.py\n"
      "@@ -0,0 +1,2 @@\n+import a\n+\n"
      "diff --git a/c.txt b/c.txt\ndeleted file mode 100644\n--- a/c.txt\n+++ /dev/null\n"
      "@@ -1,2 +0,0 @@\n-x\n-y\n\\ No newline at end of file\n"
      "diff --git a/a/b.py b/a/d.py\nsimilarity index 90%\nrename from a/b.py\nrename to a/d.py\n"
      "--- a/a/b.py\n+++ b/a/d.py\n@@ -5 +5 @@\n-five\n+5\n",
      kTree);
  EXPECT_EQ(files, (Files{{"new.py", "import a\n\n"}, {"a/d.py", "one\ntwo\nthree\nfour\n5\n"}}));
}

TEST(UnifiedDiffTest, MindsTheMissingLineBreakAtTheEnd) {
  const std::string head = "--- a/c.txt\n+++ b/c.txt\n@@ -1,2 +1,2 @@\n x\n";
  const std::string no = "\\ No newline at end of file\n";
  EXPECT_EQ(Changed(head + "-y\n" + no + "+z\n" + no, kTree).at("c.txt"), "x\nz");
  EXPECT_EQ(Changed(head + "-y\n" + no + "+z\n", kTree).at("c.txt"), "x\nz\n");
  EXPECT_NE(Problem(head + "-y\n+z\n", kTree).find("does not have the lines"), std::string::npos);
}

TEST(UnifiedDiffTest, TakesTheNearestOfEqualPlaces) {
  const Files files = {{"f", "a\nb\na\nb\na\nb\n"}};
  const auto at = [&](int line) {
    return Changed("--- a/f\n+++ b/f\n@@ -" + std::to_string(line) + " +1 @@\n-b\n+B\n", files)
        .at("f");
  };
  EXPECT_EQ(at(2), "a\nB\na\nb\na\nb\n");
  EXPECT_EQ(at(4), "a\nb\na\nB\na\nb\n");
  EXPECT_EQ(at(100), "a\nb\na\nb\na\nB\n");
}

TEST(UnifiedDiffTest, AppliesAllOrNothingAndWithoutFuzz) {
  const std::string good = "--- a/c.txt\n+++ b/c.txt\n@@ -1 +1 @@\n-x\n+z\n";
  EXPECT_NE(Problem(good + "--- a/a/b.py\n+++ b/a/b.py\n@@ -1,2 +1,2 @@\n uno\n-two\n+2\n", kTree),
            "");
  EXPECT_NE(Problem(good + "--- a/q\n+++ b/q\n@@ -1 +1 @@\n-x\n+z\n", kTree).find("no file q"),
            std::string::npos);
  EXPECT_NE(Problem(good + good, kTree).find("does not have"), std::string::npos);
}

TEST(UnifiedDiffTest, RefusesWhatNoPatchMayAsk) {
  const auto git = [](const std::string& name, const std::string& more) {
    return "diff --git a/" + name + " b/" + name + "\n" + more;
  };
  const auto plain = [](const std::string& name) {
    return "--- /dev/null\n+++ b/" + name + "\n@@ -0,0 +1 @@\n+x\n";
  };
  for (const std::string& answer : {
           git("l", "new file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc/passwd\n"),
           git("s", "new file mode 160000\n--- /dev/null\n+++ b/s\n@@ -0,0 +1 @@\n+Subproject\n"),
           git("c.txt", "index 1..2 120000\n--- a/c.txt\n+++ b/c.txt\n@@ -1 +1 @@\n-x\n+z\n"),
           git("c.txt", "old mode 100644\nnew mode 100755\n"),
           git("x", "new file mode 104755\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+x\n"),
           git("x", "new file mode 100644\nGIT binary patch\nliteral 3\nabc\n"),
           git("d", "similarity index 100%\ncopy from c.txt\ncopy to d\n"),
           plain("../x"),
           plain("a/../../x"),
           plain("/etc/x"),
           plain(".git/hooks/post-checkout"),
           plain("a/.GIT/config"),
           plain("a//b"),
           plain("./x"),
           plain("a/b\x01"),
           plain("a\\b"),
           plain("\"a\\tb\""),
           plain("b\x7f"),
           plain(std::string(300, 'n')),
       }) {
    EXPECT_EQ(Problem(answer, kTree).substr(0, 17), "permission denied") << answer;
  }
}

TEST(UnifiedDiffTest, RefusesTooMuch) {
  std::string many;
  for (int i = 0; i < 201; ++i) {
    many += "--- /dev/null\n+++ b/a/f" + std::to_string(i) + "\n@@ -0,0 +1 @@\n+x\n";
  }
  EXPECT_EQ(Problem(many).substr(0, 17), "permission denied");
  const std::string long_one =
      "--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+" + std::string(1 << 20, 'x');
  EXPECT_EQ(Problem(long_one).substr(0, 17), "permission denied");
}

TEST(UnifiedDiffTest, ManyPlacesToLookAtEndInReasonableTime) {
  std::string same, hunks;
  for (int i = 0; i < 100'000; ++i) same += "a\n";
  for (int i = 0; i < 200; ++i) {
    hunks += "@@ -" + std::to_string(i) + " +1 @@\n";
    for (int line = 0; line < 1000; ++line) hunks += " a\n";
    hunks += "-b\n";
  }
  EXPECT_NE(Problem("--- a/f\n+++ b/f\n" + hunks, {{"f", same}}), "");
}

TEST(UnifiedDiffTest, FarLinesCostNothing) {
  std::string text, hunks;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i) + "\n";
  for (int i = 0; i < 2000; ++i) {
    hunks += std::string(i % 2 == 0 ? "@@ -100000000 +1 @@" : "@@ -1 +1 @@") + "\n " +
             std::to_string(i) + "\n";
  }
  EXPECT_EQ(Changed("--- a/f\n+++ b/f\n" + hunks, {{"f", text}}).at("f"), text);
}

TEST(UnifiedDiffTest, TakesWhatModelsWrite) {
  const std::string head = "--- a/a/b.py\n+++ b/a/b.py\n";
  const std::string first = "@@ -1 +1 @@\n-one\n+1\n", second = "@@ -3 +3 @@\n-three\n+3\n";
  const std::string both = "1\ntwo\n3\nfour\nfive\n";
  EXPECT_EQ(Changed(head + first + head + second, kTree).at("a/b.py"), both);
  EXPECT_EQ(
      Changed("```diff\n" + head + first + "```\n\n```diff\n" + head + second + "```\n", kTree)
          .at("a/b.py"),
      both);
  const std::string block = "```diff\n" + head + first + "```\n";
  EXPECT_EQ(Changed(block + "Again:\n" + block, kTree).at("a/b.py").substr(0, 6), "1\ntwo\n");
  EXPECT_EQ(Changed(head + "@@\n two\n-three\n+3\n", kTree).at("a/b.py"),
            "one\ntwo\n3\nfour\nfive\n");
  EXPECT_EQ(Changed(head + "@@ ... @@\n-three\n+3\n", kTree).at("a/b.py"),
            "one\ntwo\n3\nfour\nfive\n");
  EXPECT_EQ(Changed("--- ./a/b.py\n+++ ./a/b.py\n" + first, kTree).at("a/b.py").substr(0, 2),
            "1\n");
  EXPECT_EQ(Changed("Not with <<<<<<< SEARCH blocks:\n" + block, kTree).at("a/b.py").substr(0, 2),
            "1\n");
}

TEST(ReadPatchTest, ManyFencesBehindManyBlankLinesEndInReasonableTime) {
  std::string answer(400'000, '\n');
  for (int i = 0; i < 60'000; ++i) answer += "```\n```\n";
  EXPECT_EQ(Problem(answer).substr(0, 9), "not found");
}

TEST(SearchReplaceTest, FindsTheNameInItsLine) {
  const std::string block = "\n<<<<<<< SEARCH\ntwo\n=======\n2\n>>>>>>> REPLACE\n";
  for (const char* name :
       {"File: a/b.py", "**File: `a/b.py`**", "### 1. a/b.py", "### a/b.py (fix)", "./a/b.py"}) {
    EXPECT_EQ(Changed(name + block, kTree).at("a/b.py"), "one\n2\nthree\nfour\nfive\n") << name;
  }
}

TEST(SearchReplaceTest, ReplacesWholeLinesInTheNamedFile) {
  const std::string block = "<<<<<<< SEARCH\ntwo\nthree\n=======\n2\n>>>>>>> REPLACE\n";
  const std::string expected = "one\n2\nfour\nfive\n";
  for (const std::string& answer :
       {"```python\n### a/b.py\n" + block + "```", "### a/b.py\n```python\n" + block + "```\n",
        "In `a/b.py`:\n\n`a/b.py`\n```\n" + block + "```", "a/b.py\n" + block}) {
    EXPECT_EQ(Changed(answer, kTree).at("a/b.py"), expected) << answer;
  }
}

TEST(SearchReplaceTest, BlocksFollowEachOther) {
  const Files files = Changed(
      "### a/b.py\n<<<<<<< SEARCH\none\n=======\n1\n>>>>>>> REPLACE\n"
      "<<<<<<< SEARCH\n1\ntwo\n=======\n12\n>>>>>>> REPLACE\n"
      "### c.txt\n<<<<<<< SEARCH\ny\n=======\nz\n>>>>>>> REPLACE\n"
      "### n/new.py\n<<<<<<< SEARCH\n=======\nnew\n>>>>>>> REPLACE\n",
      kTree);
  EXPECT_EQ(files.at("a/b.py"), "12\nthree\nfour\nfive\n");
  EXPECT_EQ(files.at("c.txt"), "x\nz");
  EXPECT_EQ(files.at("n/new.py"), "new\n");
}

TEST(SearchReplaceTest, FailsWhereTheLinesAreMissingOrThereTwice) {
  const auto search = [](const std::string& lines) {
    return "### a/b.py\n<<<<<<< SEARCH\n" + lines + "=======\nX\n>>>>>>> REPLACE\n";
  };
  EXPECT_NE(Problem(search("wo\n"), kTree).find("does not have"), std::string::npos);
  EXPECT_NE(Problem(search("a\n"), {{"a/b.py", "a\nb\na\n"}}).find("more than once"),
            std::string::npos);
  EXPECT_NE(Problem("### q.py\n<<<<<<< SEARCH\nx\n=======\nX\n>>>>>>> REPLACE\n", kTree), "");
  EXPECT_NE(Problem("### a/b.py\n<<<<<<< SEARCH\none\n=======\n1\n", kTree).find("not complete"),
            std::string::npos);
  EXPECT_NE(
      Problem("<<<<<<< SEARCH\none\n=======\n1\n>>>>>>> REPLACE\n", kTree).find("say its file"),
      std::string::npos);
  EXPECT_NE(Problem("### a/b.py\n<<<<<<< SEARCH\n=======\nnew\n>>>>>>> REPLACE\n", kTree)
                .find("there already"),
            std::string::npos);
  EXPECT_EQ(Problem("### ../x\n<<<<<<< SEARCH\n=======\nX\n>>>>>>> REPLACE\n").substr(0, 17),
            "permission denied");
}

TEST(WholeFilesTest, ReplaceAndMake) {
  const Files files = Changed(
      "First\n\n### a/b.py\n```python\nall new\n```\n### `n/m.py`\n````\n```\ninner\n```\n````\n"
      "An example that names no file:\n```\nno\n```\n",
      kTree);
  EXPECT_EQ(files.at("a/b.py"), "all new\n");
  EXPECT_EQ(files.at("n/m.py"), "```\ninner\n```\n");
  EXPECT_EQ(files.size(), 3u);
}

TEST(ReadPatchTest, SaysWhereThereIsNone) {
  for (const char* answer :
       {"", "I do not know.", "```python\nprint(1)\n```", "### a/b.py\nno block"}) {
    EXPECT_EQ(Problem(answer, kTree).substr(0, 9), "not found") << answer;
  }
}

TEST(ReadPatchTest, APatchThatChangesNothingIsEmpty) {
  const Result<Patch> patch =
      ReadPatch("### c.txt\n<<<<<<< SEARCH\nx\n=======\nx\n>>>>>>> REPLACE\n");
  ASSERT_TRUE(patch.ok());
  const Result<ChangedFiles> changed = ApplyPatch(*patch, From(kTree));
  ASSERT_TRUE(changed.ok());
  EXPECT_TRUE(changed->empty());
}

}  // namespace
}  // namespace cohort
