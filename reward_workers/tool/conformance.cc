#include "reward_workers/tool/conformance.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "reward_workers/tool/choice.h"
#include "reward_workers/tool/workbench.h"

namespace cohort {
namespace {

constexpr size_t kLongBytes = 1 << 20;
// Rows that are asked at once, for scorers that answer several.
constexpr size_t kAtOnce = 32;
constexpr Duration kServicePoll = std::chrono::milliseconds(50);
constexpr char kUnasked[] = "unasked";  // child_pool.h
constexpr double kSame = 1e-9;          // what a value may lose as decimal text on its way

using Events = std::map<std::string, int64_t>;

struct Answer {
  std::optional<Verdict> verdict;
  double milliseconds = 0;
};

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

std::string ValueText(const Verdict& verdict) {
  if (!verdict.applicable()) return "not applicable";
  const std::optional<double> value = verdict.value();
  return value ? Number(*value) : std::string(OutcomeReasonName(verdict.reason()));
}

std::string Said(const Verdict& verdict) {
  return ValueText(verdict) + (verdict.detail().empty() ? "" : ": " + verdict.detail());
}

// What broke between two counts, such as "1 timeout, 1 restart". What came unasked is a check of
// its own.
std::string Since(const Events& before, const Events& after) {
  std::string text;
  for (const auto& [what, count] : after) {
    if (what == kUnasked) continue;
    const auto earlier = before.find(what);
    const int64_t more = count - (earlier == before.end() ? 0 : earlier->second);
    if (more > 0) text += (text.empty() ? "" : ", ") + std::to_string(more) + " " + what;
  }
  return text;
}

bool GaveUp(const Verdict& verdict) {
  return verdict.reason() == OutcomeReason::kGraderCrashed ||
         verdict.reason() == OutcomeReason::kGraderKilled ||
         verdict.reason() == OutcomeReason::kSaturated;
}

bool Same(const Verdict& a, const Verdict& b) {
  const std::optional<double> left = a.value(), right = b.value();
  if (a.reason() != b.reason() || left.has_value() != right.has_value()) return false;
  return !left || std::abs(*left - *right) <= kSame;
}

class Suite {
 public:
  Suite(const ConformanceSuite& suite, const std::function<void(const Check&)>& tell)
      : suite_(suite), tell_(tell), bench_(suite.languages) {}

  bool Run() {
    if (!Starts()) return false;
    for (const ScorerRow& row : suite_.rows) Example(row);
    Again();
    Together();
    Hostile();
    Tell({"answers in time", slowest_ <= 1e3 * ToSeconds(suite_.limit),
          "slowest " + Number(slowest_) + " ms, limit " + Number(ToSeconds(suite_.limit)) + " s"});
    const auto unasked = bench_.events().find(kUnasked);
    const bool quiet = unasked == bench_.events().end();
    Tell(
        {"says nothing unasked", quiet, quiet ? "" : std::to_string(unasked->second) + " answers"});
    return all_;
  }

 private:
  void Tell(Check check) {
    all_ = all_ && check.passed;
    tell_(check);
  }

  bool Starts() {
    Result<std::unique_ptr<Scorer>> scorer = bench_.Make(suite_.scorer);
    if (!scorer.ok()) {
      Tell({"starts", false, scorer.status().message()});
      return false;
    }
    scorer_ = *std::move(scorer);
    for (const ScorerRow& row : suite_.rows) {
      const Status status = CheckTokens(row, *scorer_);
      if (status.ok()) continue;
      Tell({"starts", false, "line " + std::to_string(row.line) + ": " + status.message()});
      return false;
    }
    std::string away;
    if (AsksService(suite_.scorer)) away = WaitForService();
    Tell({"starts", away.empty(), away});
    slowest_ = 0;
    return away.empty();
  }

  // It may come up just now. Empty once it answers, else why it does not.
  std::string WaitForService() {
    const Time give_up = bench_.Now() + suite_.limit;
    for (;;) {
      const Answer first = Ask({&suite_.rows.front()}).front();
      if (first.verdict && !GaveUp(*first.verdict)) return "";
      if (bench_.Now() >= give_up) return first.verdict ? first.verdict->detail() : "no answer";
      bench_.Step(kServicePoll);
    }
  }

  void Example(const ScorerRow& row) {
    const Events before = bench_.events();
    const Answer answer = Ask({&row}).front();
    Check check{"line " + std::to_string(row.line), true, ""};
    if (const std::string trouble = Trouble(answer, before); !trouble.empty()) {
      check.passed = false;
      check.detail = trouble;
    } else {
      check.detail = Said(*answer.verdict) + Clamped(*answer.verdict);
      if (row.has_expected && !IsExpected(*answer.verdict, row.expected)) {
        check.passed = false;
        check.detail += "; expected " + (row.expected ? Number(*row.expected) : "not applicable");
      }
    }
    first_.push_back(answer);
    Tell(std::move(check));
  }

  // Values beyond the clamp are no fault, but rarely meant.
  std::string Clamped(const Verdict& verdict) const {
    const std::optional<double> value = verdict.value();
    const ScorerConfig& scorer = suite_.scorer;
    if (!value || (*value >= scorer.minimum && *value <= scorer.maximum)) return "";
    return "; a run cuts it to [" + Number(scorer.minimum) + ", " + Number(scorer.maximum) +
           "], its minimum and maximum";
  }

  static bool IsExpected(const Verdict& verdict, std::optional<double> expected) {
    if (!expected) return !verdict.applicable();
    const std::optional<double> value = verdict.value();
    return value && std::abs(*value - *expected) <= kSame;
  }

  void Again() {
    std::vector<const ScorerRow*> rows;
    for (const ScorerRow& row : suite_.rows) rows.push_back(&row);
    Compare("says the same again", rows, /*at_once=*/false);
  }

  void Together() {
    std::vector<const ScorerRow*> rows;
    while (rows.size() < std::max(kAtOnce, suite_.rows.size())) {
      rows.push_back(&suite_.rows[rows.size() % suite_.rows.size()]);
    }
    Compare("says the same of " + std::to_string(rows.size()) + " at once", rows,
            /*at_once=*/true);
  }

  void Compare(const std::string& name, const std::vector<const ScorerRow*>& rows, bool at_once) {
    const Events before = bench_.events();
    std::vector<Answer> answers;
    if (at_once) {
      answers = Ask(rows);
    } else {
      for (const ScorerRow* row : rows) answers.push_back(Ask({row}).front());
    }
    Check check{name, true, ""};
    for (size_t i = 0; i < rows.size() && check.passed; ++i) {
      const Answer& first = first_[i % suite_.rows.size()];
      check.detail = Trouble(answers[i], before);
      check.passed = check.detail.empty();
      if (!check.passed || !first.verdict || Same(*first.verdict, *answers[i].verdict)) continue;
      check.passed = false;
      check.detail = "line " + std::to_string(rows[i]->line) + ": " + ValueText(*first.verdict) +
                     " at first, then " + ValueText(*answers[i].verdict);
    }
    Tell(std::move(check));
  }

  void Hostile() {
    const ScorerRow& example = suite_.rows.front();
    const std::string& answer = example.rollout.prompt.truth;
    std::string lengthy = example.completion + "\n";
    while (lengthy.size() < kLongBytes) lengthy += lengthy;
    lengthy.resize(kLongBytes);
    while (!lengthy.empty() && (lengthy.back() & 0x80) != 0) lengthy.pop_back();
    const std::string nul("a\0b\0", 4);
    const std::string odd =
        "\xEF\xBF\xBD \xE2\x80\xAE\xD7\x90 e\xCC\x81\xCC\x81 "
        "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x94"
        "\xAC \xF4\x8F\xBF\xBF \xEF\xBB\xBF \xE2\x80\xA8 \xC2\x85 \xF0\x90\x80\x80 \xEF\xBC\x94\xEF"
        "\xBC\x92";
    std::string control;
    for (char c = 1; c < 0x20; ++c) control += c;
    Survives("an empty completion", "", answer);
    Survives("an empty answer", example.completion, "");
    Survives("a completion of 1 MiB", lengthy, answer);
    Survives("1 MiB without a blank", std::string(kLongBytes, '('), answer);
    Survives("odd characters", odd + example.completion + odd, odd);
    Survives("zero bytes", nul + example.completion + nul, answer + nul);
    Survives("control characters", control + example.completion, control);
  }

  void Survives(const std::string& what, std::string completion, std::string answer) {
    ScorerRow row = suite_.rows.front();
    row.completion = std::move(completion);
    row.rollout.prompt.truth = std::move(answer);
    const Events before = bench_.events();
    const Answer said = Ask({&row}).front();
    const std::string trouble = Trouble(said, before);
    Tell({"stands " + what, trouble.empty(), trouble.empty() ? Said(*said.verdict) : trouble});
  }

  // Why an answer is none; empty when it is one.
  std::string Trouble(const Answer& answer, const Events& before) const {
    if (!answer.verdict) return "no answer";
    const std::string events = Since(before, bench_.events());
    if (GaveUp(*answer.verdict)) return answer.verdict->detail();
    return events.empty() ? "" : "answered, but not at once: " + events;
  }

  // Asks all of them at once and waits.
  std::vector<Answer> Ask(const std::vector<const ScorerRow*>& rows) {
    std::vector<Answer> answers(rows.size());
    std::vector<std::unique_ptr<PendingScore>> pending;
    size_t left = rows.size();
    const Time begin = bench_.Now();
    for (size_t i = 0; i < rows.size(); ++i) {
      pending.push_back(bench_.Start(*scorer_, *rows[i], [&, i](Verdict verdict) {
        answers[i].verdict = std::move(verdict);
        answers[i].milliseconds = 1e3 * ToSeconds(bench_.Now() - begin);
        --left;
      }));
    }
    const Time give_up = begin + scorer_->Limit();
    while (left > 0 && bench_.Now() < give_up) bench_.Step(Seconds(1));
    // Several at once wait for each other: only what was asked alone is timed.
    if (rows.size() == 1) slowest_ = std::max(slowest_, answers.front().milliseconds);
    return answers;
  }

  const ConformanceSuite& suite_;
  const std::function<void(const Check&)>& tell_;
  Workbench bench_;
  std::unique_ptr<Scorer> scorer_;
  std::vector<Answer> first_;  // of each example
  double slowest_ = 0;         // milliseconds
  bool all_ = true;
};

}  // namespace

bool CheckConformance(const ConformanceSuite& suite,
                      const std::function<void(const Check&)>& tell) {
  return Suite(suite, tell).Run();
}

}  // namespace cohort
