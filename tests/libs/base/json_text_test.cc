#include "libs/base/json_text.h"

#include <gtest/gtest.h>

#include <string>

namespace cohort {
namespace {

TEST(JsonNesting, CountsListsAndObjectsOutsideOfTexts) {
  EXPECT_EQ(JsonNesting("1"), 0u);
  EXPECT_EQ(JsonNesting("{}"), 1u);
  EXPECT_EQ(JsonNesting(R"({"a": [1, {"b": []}], "c": []})"), 4u);
  EXPECT_EQ(JsonNesting(R"({"a": "[[[[", "b": "\"[[["})"), 1u);
  EXPECT_EQ(JsonNesting("]]]]["), 1u);
  EXPECT_EQ(JsonNesting(std::string(1 << 20, '[')), 1u << 20);
  EXPECT_EQ(JsonNesting("\"no end [[["), 0u);
}

TEST(JsonMembers, AreAsTheyAreWritten) {
  const std::string object =
      R"( { "a" : 12345678901234567890.10 ,"b\"}": "x,}]", "c":[1, {"d": "]"}] , "e": null})";
  const auto members = JsonMembers(object);
  ASSERT_EQ(members.size(), 4u);
  EXPECT_EQ(members[0].key, "\"a\"");
  EXPECT_EQ(members[0].value, "12345678901234567890.10");
  EXPECT_EQ(members[1].key, R"("b\"}")");
  EXPECT_EQ(members[1].value, R"("x,}]")");
  EXPECT_EQ(members[2].value, R"([1, {"d": "]"}])");
  EXPECT_EQ(members[3].value, "null");
  EXPECT_TRUE(JsonMembers("{}").empty());
  EXPECT_TRUE(JsonMembers(" [1]").empty());
  EXPECT_EQ(JsonMembers(R"({"a":1})")[0].value, "1");
}

TEST(JsonMembers, OfWhatIsNoJsonAreSomethingAndNoCrash) {
  for (const char* text : {"", "{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":[",
                           "{\"a\":\"", "{,", "{\"a\",", "{\"a\":}", "{\"a\"::1}"}) {
    EXPECT_LE(JsonMembers(text).size(), 2u) << text;
  }
}

}  // namespace
}  // namespace cohort
