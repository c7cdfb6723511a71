#include "reward_workers/swe/patch_rules.h"

#include <gtest/gtest.h>

#include <set>

namespace cohort {
namespace {

const std::set<std::string> kTree = {
    "lib", "lib/a.py", "lib/sub", "lib/tests", "lib/sub/b.py", "lib/tests/test_a.py", "setup.py"};

TreeEntry Entry(const std::string& path) {
  if (!kTree.contains(path)) return TreeEntry::kNone;
  return path.ends_with(".py") ? TreeEntry::kFile : TreeEntry::kFolder;
}

PatchRules Rules(std::vector<std::string> allowed = {}) {
  PatchRules rules;
  rules.allowed = std::move(allowed);
  rules.test_files = {"lib/tests/test_a.py"};
  rules.entry = Entry;
  return rules;
}

std::string Why(const std::string& path, std::vector<std::string> allowed = {}) {
  return CheckPatch({{path, "text"}}, Rules(std::move(allowed))).message();
}

TEST(PatchRulesTest, SourcesMayBeChangedMadeAndRemoved) {
  EXPECT_EQ(Why("lib/a.py"), "");
  EXPECT_EQ(Why("lib/sub/new.py"), "");
  EXPECT_TRUE(CheckPatch({{"lib/a.py", std::nullopt}}, Rules()).ok());
}

TEST(PatchRulesTest, TestsAndWhatSteersThemMayNot) {
  for (const char* path : {"lib/tests/test_a.py",
                           "conftest.py",
                           "lib/conftest.py",
                           "lib/tests/conftest.py",
                           "pytest.ini",
                           "lib/sub/pytest.ini",
                           "setup.cfg",
                           "setup.py",
                           "tox.ini",
                           "pyproject.toml",
                           "lib/sitecustomize.py",
                           "usercustomize.py",
                           "lib/x.pth",
                           "lib/foo-1.0.dist-info/entry_points.txt",
                           "foo.egg-info/PKG-INFO",
                           "lib/__pycache__/a.cpython-311.pyc",
                           "lib/a.so",
                           ".gitattributes",
                           ".github/workflows/x.yml",
                           "lib/_pytest/__init__.py",
                           "lib/pytest.py"}) {
    EXPECT_NE(Why(path), "") << path;
    EXPECT_NE(Why(path, {"**"}), "") << path;
  }
  EXPECT_FALSE(CheckPatch({{"lib/tests/test_a.py", std::nullopt}}, Rules()).ok());
}

TEST(PatchRulesTest, NothingNewAtTheTopOrBesideTheTests) {
  for (const char* path :
       {"random.py", "json/__init__.py", "newfile", "lib/tests/random.py", "lib/tests/test_b.py"}) {
    EXPECT_NE(Why(path), "") << path;
  }
}

TEST(PatchRulesTest, FilesHaveToHaveAPlace) {
  for (const char* path : {"lib/a.py/b.py", "lib/sub"}) EXPECT_NE(Why(path), "") << path;
  EXPECT_FALSE(CheckPatch({{"lib/n.py", "x"}, {"lib/n.py/m.py", "y"}}, Rules()).ok());
}

TEST(PatchRulesTest, AllowedNamesWhatMayBeChanged) {
  EXPECT_EQ(Why("lib/a.py", {"lib/*.py"}), "");
  EXPECT_NE(Why("lib/sub/b.py", {"lib/*.py"}), "");
  EXPECT_EQ(Why("lib/sub/b.py", {"lib/**"}), "");
  EXPECT_EQ(Why("setup.py", {"setup.py"}), "") << "named to the letter";
}

TEST(GlobTest, StarsStayWithinNamesAndDoubleStarsDoNot) {
  EXPECT_TRUE(MatchesGlob("a/*.py", "a/b.py"));
  EXPECT_FALSE(MatchesGlob("a/*.py", "a/b/c.py"));
  EXPECT_TRUE(MatchesGlob("a/**", "a/b/c.py"));
  EXPECT_TRUE(MatchesGlob("**/*.py", "c.py"));
  EXPECT_TRUE(MatchesGlob("**/*.py", "a/b/c.py"));
  EXPECT_TRUE(MatchesGlob("a/**/d/*.py", "a/b/c/d/e.py"));
  EXPECT_TRUE(MatchesGlob("a/**/d", "a/d"));
  EXPECT_FALSE(MatchesGlob("a/**/d", "a/xd"));
  EXPECT_FALSE(MatchesGlob("a/?.py", "a/.py"));
  EXPECT_TRUE(MatchesGlob("*-info", "x-1.0.dist-info"));
  EXPECT_TRUE(MatchesGlob("**a*b", "xaxb/azb"));
  EXPECT_FALSE(MatchesGlob("a", "ab"));
  EXPECT_FALSE(MatchesGlob("", "a"));
}

}  // namespace
}  // namespace cohort
