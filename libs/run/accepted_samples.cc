#include "libs/run/accepted_samples.h"

#include <algorithm>
#include <set>
#include <utility>

namespace cohort {
namespace {

using nlohmann::json;

// Keys of a sample that go with its demonstration.
constexpr const char* kPassedOn[] = {"id",          "row",     "purpose",    "route",
                                     "stage_index", "step",    "version",    "versions",
                                     "reward",      "correct", "components", "evidence"};

std::optional<std::string> Text(const json& sample, const char* key) {
  const auto it = sample.find(key);
  if (it == sample.end() || !it->is_string()) return std::nullopt;
  return it->get<std::string>();
}

std::optional<SampleOrigin> OriginOf(const json& sample) {
  const std::optional<std::string> purpose = Text(sample, "purpose"), route = Text(sample, "route");
  const auto row = sample.find("row");
  if (!purpose || !route || row == sample.end() || !row->is_number_unsigned()) return std::nullopt;
  return SampleOrigin{*purpose == "eval", *route, row->get<uint64_t>()};
}

// The data must be what it was when the sample was drawn.
Status Fits(const SampleSource::Row& row, const std::string& prompt, const std::string& truth,
            const std::string& id) {
  const bool same_prompt = row.text == prompt;
  if (same_prompt && row.row.answer == truth) return {};
  return InvalidArgument(row.place + " has another " + (same_prompt ? "answer" : "prompt") +
                         " than sample " + id +
                         " was drawn for: the file, or the tokenizer, has changed since the "
                         "run; name those of the run");
}

json Demonstrate(const PromptRow& row, const std::string& completion) {
  json line = json::object();
  if (row.messages.size() == 1 && row.messages.front().role == "user") {
    line["prompt"] = row.messages.front().content;
    line["completion"] = completion;
    return line;
  }
  json& messages = line["messages"] = json::array();
  for (const PromptMessage& message : row.messages) {
    messages.push_back({{"role", message.role}, {"content", message.content}});
  }
  messages.push_back({{"role", "assistant"}, {"content", completion}});
  return line;
}

}  // namespace

std::optional<AcceptedSamples::Candidate> AcceptedSamples::Judge(const json& sample) {
  const auto reward = sample.find("reward"), correct = sample.find("correct");
  const bool has_reward = reward != sample.end() && reward->is_number();
  const bool right = correct != sample.end() && correct->is_boolean() && correct->get<bool>();
  auto completion = Text(sample, "completion"), prompt = Text(sample, "prompt"),
       truth = Text(sample, "truth"), id = Text(sample, "id"), finish = Text(sample, "finish");
  if (!has_reward || !completion || !prompt || !truth || !id || !finish ||
      Text(sample, "outcome") != "graded" || (rules_.right && !right) ||
      (rules_.min_reward && reward->get<double>() < *rules_.min_reward)) {
    ++report_.rejected;
    return std::nullopt;
  }
  if (*finish != "stop") {
    ++report_.cut_off;
    return std::nullopt;
  }
  Candidate candidate{reward->get<double>(), *std::move(completion), *std::move(prompt),
                      *std::move(truth),     *std::move(id),         json::object()};
  for (const char* key : kPassedOn) {
    if (const auto it = sample.find(key); it != sample.end()) candidate.evidence_of[key] = *it;
  }
  return candidate;
}

void AcceptedSamples::Consider(const json& sample) {
  ++report_.samples;
  const std::optional<SampleOrigin> origin = OriginOf(sample);
  if (!origin) {
    ++report_.rejected;
    return;
  }
  std::vector<Candidate>& of_row = candidates_[*origin];
  if (std::optional<Candidate> candidate = Judge(sample)) of_row.push_back(*std::move(candidate));
}

Result<AcceptedSamples::Demonstrations> AcceptedSamples::Finish(SampleSource& source) {
  Demonstrations result;
  report_.prompts = static_cast<int64_t>(candidates_.size());
  for (auto& [origin, candidates] : candidates_) {
    if (candidates.empty()) continue;
    COHORT_ASSIGN_OR_RETURN(const SampleSource::Row row, source.Find(origin));
    std::ranges::sort(candidates, {}, &Candidate::rank);
    std::set<std::string> written;
    for (const Candidate& candidate : candidates) {
      COHORT_RETURN_IF_ERROR(Fits(row, candidate.prompt, candidate.truth, candidate.id));
      if (written.contains(candidate.completion)) {
        ++report_.duplicates;
      } else if (candidate.completion.empty() || !source.Repeats(candidate.completion)) {
        ++report_.unfit;
      } else if (rules_.per_prompt > 0 &&
                 static_cast<int64_t>(written.size()) >= rules_.per_prompt) {
        ++report_.surplus;
      } else {
        json line = Demonstrate(row.row, candidate.completion);
        line.update(candidate.evidence_of);
        if (!row.row.id.empty()) line["row_id"] = row.row.id;
        result.lines += line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
        written.insert(candidate.completion);
      }
    }
    report_.accepted += static_cast<int64_t>(written.size());
    report_.prompts_accepted += written.empty() ? 0 : 1;
  }
  result.report = report_;
  return result;
}

}  // namespace cohort
