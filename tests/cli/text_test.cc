#include "cli/text.h"

#include <gtest/gtest.h>

#include <cmath>

namespace cohort {
namespace {

TEST(Text, WritesNumbersAndAges) {
  EXPECT_EQ(Fixed(0.12345, 3), "0.123");
  EXPECT_EQ(Fixed(std::nan(""), 3), "-");
  EXPECT_EQ(Age(0.44), "0.4 s");
  EXPECT_EQ(Age(61), "61 s");
  EXPECT_EQ(Age(200), "3 min 20 s");
  EXPECT_EQ(Age(7500), "2 h 5 min");
}

TEST(Text, CountsCharactersAndNotBytes) {
  EXPECT_EQ(Shortened("häßlich", 7), "häßlich");
  EXPECT_EQ(Shortened("häßlich", 4), "häß…");
  EXPECT_EQ(Padded("ä", 3), "ä  ");
  EXPECT_EQ(Padded("long", 2), "long");
}

TEST(Text, MakesControlCharactersOfAModelVisible) {
  EXPECT_EQ(Indented("a\n\x1b[2Jb\tc", "> "), "> a\n> \\x1b[2Jb\tc");
  EXPECT_EQ(Visible("\xc2\x9b"
                    "31m"),
            "\\u{9b}31m")
      << "a control sequence in one character";
  EXPECT_EQ(Visible("a\xe2\x80\xae"
                    "b\xe2\x81\xa6"),
            "a\\u{202e}b\\u{2066}");
  EXPECT_EQ(Visible("\x9b\xff\xe2\x80"), "\\x9b\\xff\\xe2\\x80") << "no UTF-8";
  EXPECT_EQ(Visible("grün 漢字 🙂\n"), "grün 漢字 🙂\n");
}

}  // namespace
}  // namespace cohort
