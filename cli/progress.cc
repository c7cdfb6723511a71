#include "cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/text.h"

namespace cohort {
namespace {

using nlohmann::json;

constexpr Duration kPause = Seconds(1);

// Records may lack a figure, or hold null where it was not finite.
double Number(const json& record, const char* key) {
  const auto it = record.find(key);
  return it != record.end() && it->is_number() ? it->get<double>() : std::nan("");
}

int64_t Whole(const json& record, const char* key) {
  const double value = Number(record, key);
  return std::isfinite(value) ? static_cast<int64_t>(value) : 0;
}

std::string Word(const json& record, const char* key) {
  const auto it = record.find(key);
  return it != record.end() && it->is_string() ? it->get<std::string>() : std::string();
}

// What moves in the ledger, without what is still zero.
std::string LedgerText(const json& record) {
  const auto it = record.find("ledger");
  if (it == record.end() || !it->is_object()) return "";
  std::string text;
  for (const char* key : {"pending", "trained", "observed", "stale", "uninformative", "masked",
                          "expired", "cancelled", "dead"}) {
    const int64_t count = Whole(*it, key);
    const bool always = std::string_view(key) == "pending" || std::string_view(key) == "trained";
    if (count != 0 || always) text += std::string("  ") + key + " " + std::to_string(count);
  }
  return text;
}

}  // namespace

Progress::Progress(Options options) : options_(std::move(options)), follower_(options_.metrics) {
  if (options_.from_now) follower_.SkipToEnd();
}

void Progress::Poll() {
  const Result<JsonLinesReport> report =
      follower_.Poll([this](int64_t, const json& record) { OnRecord(record); });
  if (!report.ok()) return;  // the next one may go better
  for (const std::string& bad : report->bad) Note(bad);
}

void Progress::OnRecord(const json& record) {
  const std::string kind = Word(record, "kind");
  if (kind == "step" || kind == "sft") {
    OnStep(record);
  } else if (kind == "evaluation") {
    const std::string step = std::to_string(Whole(record, "step"));
    held_out_ =
        "  pass@1 " + Fixed(Number(record, "pass_at_1"), 3) + " (held out, step " + step + ")";
    Note("evaluation at step " + step + ": pass@1 " + Fixed(Number(record, "pass_at_1"), 3) +
         " ± " + Fixed(Number(record, "stderr"), 3) + "  length " +
         Fixed(Number(record, "length"), 1) + "  (" + std::to_string(Whole(record, "samples")) +
         " samples, " + Age(Number(record, "seconds")) + ")");
  } else if (kind == "stage") {
    const std::string event = Word(record, "event");
    if (event == "begin") steps_of_stage_[Whole(record, "stage_index")] = Whole(record, "steps");
    Note("stage " + std::to_string(Whole(record, "stage_index")) + " (" + Word(record, "stage") +
         ") " + event + "s");
  } else if (kind == "resumed") {
    Note("resumed at step " + std::to_string(Whole(record, "step")) + " under version " +
         std::to_string(Whole(record, "version")));
  } else if (kind == "done") {
    done_ = true;
    Note("all stages are done");
  }
}

void Progress::OnStep(const json& record) {
  const bool sft = Word(record, "kind") == "sft";
  std::string line = (sft ? "sft step " : "step ") + std::to_string(Whole(record, "step"));
  if (const auto of = steps_of_stage_.find(Whole(record, "stage_index"));
      of != steps_of_stage_.end() && of->second > 0) {
    line += "/" + std::to_string(of->second);
  }
  if (sft) {
    line += "  loss " + Fixed(Number(record, "loss"), 4);
  } else {
    line += "  reward " + Fixed(Number(record, "reward"), 3) + held_out_ + "  length " +
            Fixed(Number(record, "length"), 1) + "  " +
            Fixed(Number(record, "tokens_per_second"), 0) + " tokens/s  staleness " +
            Fixed(Number(record, "staleness_mean"), 1) + LedgerText(record);
  }
  line += "  " + Fixed(Number(record, "seconds"), 2) + " s";
  latest_ = std::move(line);
  if (options_.terminal) {
    Show(latest_);
    return;
  }
  const Time now = options_.clock->Now();
  if (printed_at_ && now - *printed_at_ < kPause) return;
  printed_at_ = now;
  Show(std::exchange(latest_, ""));
}

void Progress::Note(const std::string& line) {
  if (live_line_) std::fputs("\r\033[K", options_.out);
  // A step that was held back belongs before what came after it.
  if (!options_.terminal && !latest_.empty()) Show(std::exchange(latest_, ""));
  std::fprintf(options_.out, "%s\n", line.c_str());
  live_line_ = false;
  if (options_.terminal && !latest_.empty()) Show(latest_);
  std::fflush(options_.out);
}

void Progress::Finish() {
  if (live_line_) std::fputs("\r\033[K", options_.out);
  live_line_ = false;
  if (!latest_.empty()) std::fprintf(options_.out, "%s\n", std::exchange(latest_, "").c_str());
  std::fflush(options_.out);
}

void Progress::Show(std::string line) {
  if (options_.terminal) {
    std::fprintf(options_.out, "\r\033[K%s", Shortened(line, Columns() - 1).c_str());
    live_line_ = true;
  } else {
    std::fprintf(options_.out, "%s\n", line.c_str());
  }
  std::fflush(options_.out);
}

size_t Progress::Columns() const {
  winsize size = {};
  const bool known = ioctl(fileno(options_.out), TIOCGWINSZ, &size) == 0 && size.ws_col > 20;
  return known ? size.ws_col : 120;
}

}  // namespace cohort
