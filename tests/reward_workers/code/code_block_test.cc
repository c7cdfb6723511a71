#include "reward_workers/code/code_block.h"

#include <gtest/gtest.h>

#include <string>

namespace cohort {
namespace {

constexpr std::string_view kPython[] = {"python", "py"};

std::optional<std::string_view> Block(std::string_view text) {
  return LastCodeBlock(text, kPython);
}

TEST(LastCodeBlock, IsTheLastOneOfTheLanguage) {
  EXPECT_EQ(Block("a\n```python\nx = 1\n```\nb\n```py\nx = 2\n```\nthe end"), "x = 2\n");
  EXPECT_EQ(Block("```Python title=\"a\"\nx\n```"), "x\n");
  EXPECT_EQ(Block("```python\nx\n```\n```bash\nls\n```\n```\nout\n```"), "x\n");
  EXPECT_EQ(Block("~~~py\n```\nx\n```\n~~~"), "```\nx\n```\n");
  EXPECT_EQ(Block("````py\n```\nx\n````"), "```\nx\n");
  EXPECT_EQ(Block("  ```py\r\nx\r\n  ```"), "x\r\n");
  EXPECT_EQ(Block("```py\n```"), "");
}

TEST(LastCodeBlock, IsOneWithoutALanguageWhereNoneNamesIt) {
  EXPECT_EQ(Block("```\nx = 1\n```\n```\nx = 2\n```"), "x = 2\n");
  EXPECT_EQ(Block("```\nx\n```\n```cpp\nint x;\n```"), "x\n");
}

TEST(LastCodeBlock, IsNothingWhereThereIsNone) {
  EXPECT_EQ(Block(""), std::nullopt);
  EXPECT_EQ(Block("x = 1"), std::nullopt);
  EXPECT_EQ(Block("```cpp\nint x;\n```"), std::nullopt);
  EXPECT_EQ(Block("`x` ```x``` ``y``"), std::nullopt);
  EXPECT_EQ(Block("     ```py\nx\n     ```"), std::nullopt);
}

TEST(LastCodeBlock, LeavesOutWhatWasCutOff) {
  EXPECT_EQ(Block("```py\nx = 1\n```\n```py\nx = 2"), "x = 1\n");
  EXPECT_EQ(Block("```py\nx = 2\n"), std::nullopt);
  EXPECT_EQ(Block("```py\nx\n```more"), std::nullopt);
}

TEST(LastCodeBlock, TakesAMegabyteInItsStride) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "```py\n";
  EXPECT_EQ(Block(text), std::nullopt);
  EXPECT_EQ(Block(text + "```\n").has_value(), true);
}

}  // namespace
}  // namespace cohort
