// A run's progress for people, read from metrics.jsonl as it grows.
//
// On a terminal one live line shows the latest step, and evaluations, stages and notes stay above
// it. Elsewhere plain lines are written: at most one step a second, and everything else.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "libs/base/clock.h"
#include "libs/run/json_lines.h"

namespace cohort {

class Progress {
 public:
  struct Options {
    std::filesystem::path metrics;
    const Clock* clock = nullptr;
    std::FILE* out = nullptr;
    bool terminal = false;
    bool from_now = false;  // passes over what is there already (a resumed run)
  };
  explicit Progress(Options options);

  // Reads what is new and shows it.
  void Poll();
  // A line of its own, above the live one.
  void Note(const std::string& line);
  // Takes the live line away; the latest step stays as a plain one.
  void Finish();
  // Whether the learner has said that all stages are done.
  bool done() const { return done_; }

 private:
  void OnRecord(const nlohmann::json& record);
  void OnStep(const nlohmann::json& record);
  void Show(std::string line);
  size_t Columns() const;

  const Options options_;
  JsonLinesFollower follower_;
  std::map<int64_t, int64_t> steps_of_stage_;
  std::string held_out_;  // "pass@1 0.35 (step 10)", of the last evaluation
  std::string latest_;    // step line that was not printed yet (or is the live one)
  std::optional<Time> printed_at_;
  bool live_line_ = false;
  bool done_ = false;
};

}  // namespace cohort
