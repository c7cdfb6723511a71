#include "libs/math/counted_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cohort {
namespace {

TEST(CountedWords, ThingsAreCounted) {
  for (const char* word : {"apple", "apples", "people", "units", "squares", "points", "families",
                           "ways", "bus", "red", "am", "hz"}) {
    EXPECT_TRUE(IsCountable(word)) << word;
  }
}

TEST(CountedWords, WordsThatChangeTheNumberAreNone) {
  for (const char* word :
       {"thousands", "hundred",   "tens", "sixes", "pairs",    "dozen",     "fifths",    "sixth",
        "tenths",    "twentieth", "half", "point", "percent",  "factorial", "square",    "squared",
        "mod",       "choose",    "root", "base",  "negative", "kilo",      "sixteenths"}) {
    EXPECT_FALSE(IsCountable(word)) << word;
  }
}

TEST(CountedWords, WordsThatTakeTheNumberBackAreNone) {
  for (const char* word : {"not", "false", "true", "wrong", "oops", "about", "or", "so", "ish",
                           "actually", "probably", "maybe", "undefined"}) {
    EXPECT_FALSE(IsCountable(word)) << word;
  }
}

TEST(CountedWords, LettersAreNone) {
  for (const char* word : {"", "x", "xy", "th", "xyz", "bcd"})
    EXPECT_FALSE(IsCountable(word)) << word;
}

TEST(CountedWords, SingularIsTheSameForBothForms) {
  const struct {
    const char* one;
    const char* many;
  } words[] = {{"apple", "apples"}, {"box", "boxes"},     {"bus", "buses"},
               {"house", "houses"}, {"movie", "movies"},  {"pony", "ponies"},
               {"dish", "dishes"},  {"class", "classes"}, {"child", "children"},
               {"rose", "roses"},   {"person", "people"}, {"key", "keys"}};
  for (const auto& word : words) EXPECT_EQ(Singular(word.one), Singular(word.many)) << word.one;
}

}  // namespace
}  // namespace cohort
