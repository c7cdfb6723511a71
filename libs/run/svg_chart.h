// Line charts as SVG text: panels below each other over one x axis. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cohort {

struct ChartSeries {
  std::string name;
  std::vector<std::pair<double, double>> points;  // (x, y), ascending in x; not finite: a gap
  bool markers = false;                           // a dot on each point
};

struct ChartPanel {
  std::string y_label;
  std::vector<ChartSeries> series;
  std::optional<double> y_min = {};  // nothing: from the data
  std::optional<double> y_max = {};
};

struct Chart {
  std::string title;
  std::string x_label;
  std::vector<ChartPanel> panels;
};

std::string RenderSvg(const Chart& chart);

// Round numbers that cover [low, high] with about `count` steps: the ticks of an axis.
std::vector<double> ChartTicks(double low, double high, int count);

}  // namespace cohort
