#include "libs/math/wrapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cohort {
namespace {

TEST(Wrapping, IsTakenOffAsOftenAsItStands) {
  EXPECT_EQ(WithoutWrapping(" $\\boxed{ 5 }$. "), "5");
  EXPECT_EQ(WithoutWrapping("$$\\[\\(5\\)\\]$$"), "5");
  EXPECT_EQ(WithoutWrapping("**5**"), "5");
  EXPECT_EQ(WithoutWrapping("\\fbox{5}"), "5");
  EXPECT_EQ(WithoutWrapping(""), "");
}

TEST(Wrapping, StaysWhereItIsNotAroundAllOfIt) {
  EXPECT_EQ(WithoutWrapping("$5$ or $6$"), "$5$ or $6$");
  EXPECT_EQ(WithoutWrapping("\\boxed{5} + \\boxed{6}"), "\\boxed{5} + \\boxed{6}");
  EXPECT_EQ(WithoutWrapping("5..."), "5...");
  EXPECT_EQ(WithoutWrapping("$5\\$"), "$5\\$");
}

TEST(MatchingBrace, SkipsWhatIsEscaped) {
  EXPECT_EQ(MatchingBrace("{a{b}c}d", 0), 7U);
  EXPECT_EQ(MatchingBrace("{\\}}", 0), 4U);
  EXPECT_EQ(MatchingBrace("{{}", 0), std::string_view::npos);
}

}  // namespace
}  // namespace cohort
