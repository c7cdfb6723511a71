#include "libs/run/svg_chart.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace cohort {
namespace {

constexpr double kWidth = 760;
constexpr double kPanelHeight = 240;
constexpr double kLeft = 70, kRight = 150, kTop = 46, kBottom = 52, kGap = 26;
constexpr const char* kColors[] = {"#1b6ca8", "#d1495b", "#3a7d44", "#8d5fd3",
                                   "#c27d0e", "#2a9d8f", "#6c757d", "#b5179e"};

struct Range {
  double low = 0, high = 1;
  double At(double value) const { return (value - low) / (high - low); }  // 0 … 1
};

__attribute__((format(printf, 1, 2))) std::string Format(const char* format, ...) {
  char buffer[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(buffer, sizeof(buffer), format, arguments);
  va_end(arguments);
  return buffer;
}

std::string Escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string TickText(double value) {
  if (value == 0) return "0";
  return Format("%.6g", value);
}

std::string Text(double x, double y, const char* anchor, const std::string& text,
                 const char* more = "") {
  return Format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" %s>", x, y, anchor, more) +
         Escape(text) + "</text>\n";
}

std::string Line(double x1, double y1, double x2, double y2, const char* stroke) {
  return Format("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x1, y1,
                x2, y2, stroke);
}

bool IsFinite(const std::pair<double, double>& point) {
  return std::isfinite(point.first) && std::isfinite(point.second);
}

// The range of all finite values that `pick` takes from the points, never empty.
template <typename Pick>
Range RangeOf(const std::vector<ChartPanel>& panels, Pick pick) {
  bool any = false;
  Range range;
  for (const ChartPanel& panel : panels) {
    for (const ChartSeries& series : panel.series) {
      for (const auto& point : series.points) {
        if (!IsFinite(point)) continue;
        const double value = pick(point);
        range.low = any ? std::min(range.low, value) : value;
        range.high = any ? std::max(range.high, value) : value;
        any = true;
      }
    }
  }
  if (!any) return {};
  if (range.high <= range.low) {
    const double room = std::max(1e-9, 0.5 * std::abs(range.low));
    range = {range.low - room, range.high + room};
  }
  return range;
}

Range VerticalRange(const ChartPanel& panel) {
  Range range = RangeOf({panel}, [](const auto& point) { return point.second; });
  const double room = 0.05 * (range.high - range.low);
  range = {range.low - room, range.high + room};
  if (panel.y_min) range.low = *panel.y_min;
  if (panel.y_max) range.high = *panel.y_max;
  if (range.high <= range.low) range.high = range.low + 1;
  return range;
}

class Plotter {
 public:
  explicit Plotter(const Chart& chart)
      : chart_(chart), x_(RangeOf(chart.panels, [](const auto& p) { return p.first; })) {}

  std::string Render() {
    const double panels = static_cast<double>(chart_.panels.size());
    const double height = kTop + panels * kPanelHeight + (panels - 1) * kGap + kBottom;
    out_ = Format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
        "height=\"%.0f\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
        kWidth, height, kWidth, height);
    out_ += Text(kLeft, 26, "start", chart_.title, "font-size=\"16\" font-weight=\"bold\"");
    for (size_t i = 0; i < chart_.panels.size(); ++i) {
      top_ = kTop + static_cast<double>(i) * (kPanelHeight + kGap);
      Panel(chart_.panels[i], i + 1 == chart_.panels.size());
    }
    out_ += Text((kLeft + Right()) / 2, height - 12, "middle", chart_.x_label);
    return out_ + "</svg>\n";
  }

 private:
  static double Right() { return kWidth - kRight; }
  double X(double x) const { return kLeft + x_.At(x) * (Right() - kLeft); }
  double Y(double y) const { return top_ + (1 - y_.At(y)) * kPanelHeight; }

  void Panel(const ChartPanel& panel, bool last) {
    y_ = VerticalRange(panel);
    const double bottom = top_ + kPanelHeight;
    for (const double tick : ChartTicks(y_.low, y_.high, 5)) {
      out_ += Line(kLeft, Y(tick), Right(), Y(tick), "#e4e4e4");
      out_ += Text(kLeft - 8, Y(tick) + 4, "end", TickText(tick));
    }
    for (const double tick : ChartTicks(x_.low, x_.high, 8)) {
      out_ += Line(X(tick), bottom, X(tick), bottom + 5, "#444");
      if (last) out_ += Text(X(tick), bottom + 19, "middle", TickText(tick));
    }
    out_ += Line(kLeft, bottom, Right(), bottom, "#444") + Line(kLeft, top_, kLeft, bottom, "#444");
    const double middle = top_ + kPanelHeight / 2;
    out_ += Text(18, middle, "middle", panel.y_label,
                 Format("transform=\"rotate(-90 18 %.1f)\"", middle).c_str());
    for (size_t i = 0; i < panel.series.size(); ++i) {
      const char* color = kColors[i % std::size(kColors)];
      Series(panel.series[i], color);
      const double y = top_ + 12 + 18 * static_cast<double>(i);
      out_ += Format("<rect x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"4\" fill=\"%s\"/>\n",
                     Right() + 12, y - 6, color);
      out_ += Text(Right() + 32, y, "start", panel.series[i].name);
    }
  }

  // One polyline for each stretch without a gap; values outside of the axis lie on its edge.
  void Series(const ChartSeries& series, const char* color) {
    std::string points;
    const auto finish = [&] {
      if (!points.empty()) {
        out_ += "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"" + std::string(color) +
                "\" points=\"" + points + "\"/>\n";
      }
      points.clear();
    };
    for (const auto& point : series.points) {
      if (!IsFinite(point)) {
        finish();
        continue;
      }
      const double x = X(point.first), y = Y(std::clamp(point.second, y_.low, y_.high));
      points += Format("%s%.1f,%.1f", points.empty() ? "" : " ", x, y);
      if (series.markers) {
        out_ += Format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n", x, y, color);
      }
    }
    finish();
  }

  const Chart& chart_;
  const Range x_;
  Range y_;         // of the panel being drawn
  double top_ = 0;  // of the panel being drawn
  std::string out_;
};

}  // namespace

std::vector<double> ChartTicks(double low, double high, int count) {
  if (!(high > low) || !std::isfinite(high - low) || count < 1) return {};
  const double rough = (high - low) / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double round : {1.0, 2.0, 5.0}) {
    if (round * power >= rough * 0.999) {
      step = round * power;
      break;
    }
  }
  std::vector<double> ticks;
  // Multiples of the step, so that 0 is 0 and errors do not add up.
  for (double i = std::ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i += 1) {
    ticks.push_back(i == 0 ? 0 : i * step);
  }
  return ticks;
}

std::string RenderSvg(const Chart& chart) { return Plotter(chart).Render(); }

}  // namespace cohort
