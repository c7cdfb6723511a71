#include "libs/scoring/prose.h"

#include <gtest/gtest.h>

#include <string>

#include "libs/scoring/marked.h"

namespace cohort {
namespace {

// The prose with one space where there are several and none in front, and "·" for each removed
// piece. Brackets and dashes that stood around a piece may stay: they are no words.
std::string Prose(std::string_view text) {
  std::string out;
  const std::string prose = ProseOf(text);
  for (size_t at = 0; at < prose.size();) {
    if (prose.compare(at, kRemovedPiece.size(), kRemovedPiece) == 0) {
      out += "·";
      at += kRemovedPiece.size();
    } else if (prose[at] == ' ' && (out.empty() || out.back() == ' ')) {
      ++at;
    } else {
      out += prose[at++];
    }
  }
  return out;
}

struct Case {
  const char* text;
  const char* prose;
};

template <size_t kCount>
void ExpectAll(const Case (&cases)[kCount]) {
  for (const Case& c : cases) EXPECT_EQ(Prose(c.text), c.prose) << c.text;
}

TEST(Prose, LeavesProseAlone) {
  for (const char* text :
       {"", "So it's 42, isn't it?", "and/or - \"well-known\" (mostly)", "三加四等于七。",
        "L'eau coûte 3,50 €", "Ответ: 7", "- **bold** and *soft*", "THE END. Then more."}) {
    EXPECT_EQ(Prose(text), text);
  }
}

TEST(Prose, TakesOutMathBetweenMarks) {
  ExpectAll({
      {"so $x$ is", "so · is"},
      {"so $$\\int x\\,dx$$ is", "so · is"},
      {"so \\(x + y\\) is", "so · is"},
      {"so \\[x + y\\] is", "so · is"},
      {"$\\text{all of it}$.", "· ."},
      {"a\n\\begin{align}\nx &= 3\n\\end{align}\nb", "a\n · \nb"},
      {"\\frac{1}{2} of \\alpha_{12}^2 and \\sqrt[3]{x + {y}} ok", "· of · and · ok"},
      {"the \\boxed{final answer} is", "the · is"},
  });
}

TEST(Prose, TellsMathFromPrices) {
  ExpectAll({
      {"$5 for one and $7 for two", "$5 for one and $7 for two"},
      {"from $900 to $1,080, or", "from $900 to $1,080, or"},
      {"it costs 5$, not 7$, or", "it costs 5$, not 7$, or"},
      {"pay \\$5 or \\$7 now", "pay \\$5 or \\$7 now"},
      {"an open $x and\n\nanother y$ here", "an open $x and\n\nanother y$ here"},
      {"an open \\[ and an open \\( here", "an open · [ and an open · ( here"},
  });
}

TEST(Prose, TakesOutFormulasAndUnits) {
  ExpectAll({
      {"then v=s/t holds", "then · holds"},
      {"if x^2 and 3x", "if · and · "},
      {"we get 2n+1.", "we get · ."},
      {"as A→B says", "as · says"},
      {"by a² + b²", "by · · · "},
      {"the sin of it", "the · of it"},
      {"run 5 km in 30 min now", "run 5 · in 30 · now"},
      {"the min and km alone", "the · and km alone"},
      {"speed = distance / time", "speed · distance / time"},
      {"由n=2k+1可知", "由 · 可知"},
  });
}

TEST(Prose, TakesOutCode) {
  ExpectAll({
      {"a\n```cpp\nint x;\n```\nb", "a\n · \nb"},
      {"a\n```\nopen to the end", "a\n · "},
      {"call `sort the list` now", "call · now"},
      {"call ``a ` b`` now", "call · now"},
      {"an open ` here\n\nand ` there", "an open ` here\n\nand ` there"},
      {"call f(x) and len(nums, key) now", "call · and · now"},
      {"T(n log n) and fetchAll() too", "· and · too"},
      {"take dp[i][j] first", "take · first"},
      {"the word(s) and child(ren) stay", "the word(s) and child(ren) stay"},
      {"the list(which is sorted) stays", "the list(which is sorted) stays"},
      {"set max_sum and userName or utf8", "set · and · or · "},
      {"call std::max or list.append now.", "call · or · now."},
      {"pass --verbose to it", "pass -- · to it"},
      {"see https://a.org/b?c=d, or www.b.org.", "see · , or · ."},
      {"mail anna@b.org now", "mail · now"},
      {"in /etc/hosts and src/main.cc, and ~/x.", "in · and · , and ~ · ."},
      {"a <b>tag</b> here", "a < · > here"},
  });
}

TEST(Prose, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(ProseOf("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(ProseOf("\xE4\xB8"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(ProseOf("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "a surrogate";
  EXPECT_EQ(ProseOf("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "overlong";
  EXPECT_EQ(ProseOf("\xF4\x90\x80\x80").size(), 12) << "above U+10FFFF";
}

TEST(Prose, ReadsAMebibyteAndNoMore) {
  const std::string text(kProseBytes - 4, 'a');
  EXPECT_EQ(ProseOf(text + " end here"), text + " end");
}

}  // namespace
}  // namespace cohort
