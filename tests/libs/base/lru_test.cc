#include "libs/base/lru.h"

#include <gtest/gtest.h>

#include <string>

namespace cohort {
namespace {

using Texts = Lru<int, std::string, std::hash<int>>;

TEST(Lru, LetsGoOfWhatWasNotUsedTheLongest) {
  Texts texts(2);
  texts.Add(1, "a");
  texts.Add(2, "b");
  ASSERT_NE(texts.Find(1), nullptr);
  texts.Add(3, "c");
  EXPECT_EQ(*texts.Find(1), "a");
  EXPECT_EQ(texts.Find(2), nullptr);
  EXPECT_EQ(*texts.Find(3), "c");
  EXPECT_EQ(texts.size(), 2u);
}

TEST(Lru, KeepsToTheSumOfCosts) {
  Texts texts(10);
  texts.Add(1, "a", 4);
  texts.Add(2, "b", 4);
  texts.Add(3, "c", 11);  // would never fit: nothing goes for it
  EXPECT_EQ(texts.size(), 2u);
  texts.Add(4, "d", 9);
  EXPECT_EQ(texts.size(), 1u);
  EXPECT_EQ(*texts.Find(4), "d");
  texts.Add(4, "another", 1);
  EXPECT_EQ(*texts.Find(4), "d");
}

}  // namespace
}  // namespace cohort
