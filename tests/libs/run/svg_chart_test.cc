#include "libs/run/svg_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace cohort {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

size_t Count(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++count;
  return count;
}

TEST(ChartTicks, AreRoundNumbers) {
  EXPECT_THAT(ChartTicks(0, 10, 5), ElementsAre(0, 2, 4, 6, 8, 10));
  EXPECT_THAT(ChartTicks(-0.1, 0.1, 4),
              ElementsAre(DoubleNear(-0.1, 1e-12), DoubleNear(-0.05, 1e-12), 0,
                          DoubleNear(0.05, 1e-12), DoubleNear(0.1, 1e-12)));
  EXPECT_THAT(ChartTicks(3, 17, 5), ElementsAre(5, 10, 15));
  EXPECT_THAT(ChartTicks(1, 1, 5), IsEmpty());
  EXPECT_THAT(ChartTicks(0, INFINITY, 5), IsEmpty());
}

TEST(RenderSvg, DrawsEachSeriesWithItsName) {
  const Chart chart = {"A & B",
                       "step",
                       {{"pass@1", {{"held out", {{0, 0.1}, {10, 0.9}}, true}}, 0, 1},
                        {"tokens", {{"length", {{0, 5}, {10, 9}}, false}}, {}, {}}}};
  const std::string svg = RenderSvg(chart);
  EXPECT_THAT(svg, HasSubstr("A &amp; B"));
  EXPECT_THAT(svg, HasSubstr(">held out<"));
  EXPECT_THAT(svg, HasSubstr(">length<"));
  EXPECT_EQ(Count(svg, "<polyline"), 2u);
  EXPECT_EQ(Count(svg, "<circle"), 2u);
  EXPECT_EQ(Count(svg, "<text"), Count(svg, "</text>"));
}

TEST(RenderSvg, LeavesGapsWhereValuesAreMissing) {
  const Chart chart = {
      "t", "x", {{"y", {{"s", {{0, 1}, {1, 2}, {2, NAN}, {3, 1}, {4, 2}}, false}}, {}, {}}}};
  const std::string svg = RenderSvg(chart);
  EXPECT_EQ(Count(svg, "<polyline"), 2u);
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

TEST(RenderSvg, DrawsEmptyAndConstantSeriesToo) {
  for (const auto& points :
       {std::vector<std::pair<double, double>>{}, std::vector<std::pair<double, double>>{{5, 3}},
        std::vector<std::pair<double, double>>{{0, 0}, {1, 0}}}) {
    const std::string svg = RenderSvg({"t", "x", {{"y", {{"s", points, true}}, {}, {}}}});
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
    EXPECT_THAT(svg, HasSubstr("</svg>"));
  }
}

}  // namespace
}  // namespace cohort
