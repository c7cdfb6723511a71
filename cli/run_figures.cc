#include "cli/run_figures.h"

#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "libs/run/json_lines.h"

namespace cohort {
namespace {

using nlohmann::json;
using Place = std::pair<int64_t, int64_t>;  // stage index, step

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

class Reader {
 public:
  void OnRecord(const json& record) {
    if (const double time = Number(record, "time"); std::isfinite(time)) {
      if (first_time_ == 0) first_time_ = time;
      last_time_ = time;
    }
    const std::string kind = Word(record, "kind");
    const Place place{Whole(record, "stage_index"), Whole(record, "step")};
    if (kind == "step") OnStep(place, record);
    if (const double wait = Number(record, "broker_wait_seconds"); std::isfinite(wait)) {
      figures_.broker_wait_seconds += wait;
    }
    if (kind == "evaluation") OnEvaluation(place, record);
    if (Word(record, "stage") == "grpo") grpo_.insert(place.first);
    if (kind == "resumed") ForgetAfter(place);
    if (kind == "done") figures_.done = true;
  }

  RunFigures Finish() {
    for (auto& [place, step] : steps_) {
      step.x = StepsBefore(place.first) + place.second;
      figures_.steps.push_back(step);
    }
    for (auto& [place, evaluation] : evaluations_) {
      evaluation.of_grpo = grpo_.contains(place.first);
      evaluation.x = StepsBefore(place.first) + place.second;
      figures_.evaluations.push_back(evaluation);
    }
    figures_.seconds = last_time_ - first_time_;
    return std::move(figures_);
  }

 private:
  void OnStep(const Place& place, const json& record) {
    grpo_.insert(place.first);
    steps_[place] = {place.first,
                     place.second,
                     0,
                     Number(record, "reward"),
                     Number(record, "correct"),
                     Number(record, "length")};
  }

  void OnEvaluation(const Place& place, const json& record) {
    EvaluationFigures& evaluation = evaluations_[place];
    evaluation.stage_index = place.first;
    evaluation.step = place.second;
    evaluation.pass_at_1 = Number(record, "pass_at_1");
    evaluation.standard_error = Number(record, "stderr");
    evaluation.length = Number(record, "length");
    evaluation.seconds = Number(record, "seconds");
    evaluation.samples = Whole(record, "samples");
  }

  // What a killed learner did beyond its last checkpoint was undone.
  void ForgetAfter(const Place& place) {
    steps_.erase(steps_.upper_bound(place), steps_.end());
    evaluations_.erase(evaluations_.upper_bound(place), evaluations_.end());
  }

  int64_t StepsBefore(int64_t stage_index) const {
    std::map<int64_t, int64_t> last;
    for (const auto& [place, step] : steps_) last[place.first] = place.second;
    int64_t sum = 0;
    for (const auto& [stage, steps] : last) sum += stage < stage_index ? steps : 0;
    return sum;
  }

  RunFigures figures_;
  std::map<Place, StepFigures> steps_;
  std::map<Place, EvaluationFigures> evaluations_;
  std::set<int64_t> grpo_;  // indices of GRPO stages
  double first_time_ = 0, last_time_ = 0;
};

void Tell(const JsonLinesReport& report) {
  for (const std::string& bad : report.bad) std::fprintf(stderr, "%s\n", bad.c_str());
}

}  // namespace

Result<RunFigures> ReadRunFigures(const RunDirectory& run) {
  Reader reader;
  COHORT_ASSIGN_OR_RETURN(
      const JsonLinesReport report,
      ReadJsonLines(run.metrics(), [&](int64_t, const json& record) { reader.OnRecord(record); }));
  Tell(report);
  return reader.Finish();
}

Status ReadSamples(const RunDirectory& run, const SampleVisitor& visit) {
  COHORT_ASSIGN_OR_RETURN(const JsonLinesReport report,
                          ReadJsonLines(run.samples(), [&](int64_t, const json& row) {
                            // Reading a part of another type throws; this is the boundary.
                            try {
                              visit(row);
                            } catch (const json::exception&) {
                            }
                          }));
  Tell(report);
  return {};
}

bool IsOfEvaluation(const json& row, int64_t stage_index, int64_t step) {
  const auto it = row.find("evaluation");
  if (it == row.end() || !it->is_object()) return false;
  return Whole(*it, "stage_index") == stage_index && Whole(*it, "step") == step;
}

}  // namespace cohort
