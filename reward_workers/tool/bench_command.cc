// cohort scorer bench: how many rows a second, and how long one takes.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <thread>

#include "libs/config/program_options.h"
#include "reward_workers/tool/choice.h"
#include "reward_workers/tool/command.h"
#include "reward_workers/tool/workbench.h"

namespace cohort {
namespace {

constexpr int kRowsBetweenSteps = 16;

struct Options {
  ScorerWords words;
  std::string rows;
  double seconds = 5;
  int64_t processes = static_cast<int64_t>(std::max(1u, std::thread::hardware_concurrency()));
};

struct Figures {
  double rows_per_second = 0;
  double p50 = 0, p99 = 0;  // milliseconds
  int64_t rows = 0;
  int64_t graded = 0;
};

double Quantile(std::vector<double>& sorted, double share) {
  if (sorted.empty()) return std::nan("");
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::clamp<size_t>(rank, 1, sorted.size()) - 1];
}

// Keeps so many rows under way, one after another of the given ones, until the time is over.
class Load {
 public:
  Load(Workbench& bench, Scorer& scorer, const std::vector<ScorerRow>& rows, size_t at_once)
      : bench_(bench), scorer_(scorer), rows_(rows), lanes_(at_once) {}

  Figures Run(double seconds) {
    const Time begin = bench_.Now();
    const Time end = begin + Seconds(seconds);
    milliseconds_.clear();
    graded_ = 0;
    Time now = begin;
    for (; now < end; now = bench_.Now()) {
      bool all_wait = true;
      for (Lane& lane : lanes_) {
        // Some scorers answer before Ask returns.
        for (int i = 0; i < kRowsBetweenSteps && lane.free; ++i) Ask(lane);
        all_wait = all_wait && !lane.free;
      }
      bench_.Step(all_wait ? std::min<Duration>(end - now, Seconds(1)) : Duration::zero());
    }
    Figures figures;
    figures.rows = static_cast<int64_t>(milliseconds_.size());
    figures.graded = graded_;
    figures.rows_per_second = static_cast<double>(figures.rows) / ToSeconds(now - begin);
    std::sort(milliseconds_.begin(), milliseconds_.end());
    figures.p50 = Quantile(milliseconds_, 0.5);
    figures.p99 = Quantile(milliseconds_, 0.99);
    return figures;
  }

 private:
  struct Lane {
    bool free = true;
    std::unique_ptr<PendingScore> pending;
  };

  void Ask(Lane& lane) {
    lane.pending.reset();
    lane.free = false;
    const ScorerRow& row = rows_[next_++ % rows_.size()];
    lane.pending =
        bench_.Start(scorer_, row, [this, &lane, begin = bench_.Now()](const Verdict& verdict) {
          milliseconds_.push_back(1e3 * ToSeconds(bench_.Now() - begin));
          graded_ += verdict.scored() || !verdict.applicable() ? 1 : 0;
          lane.free = true;
        });
  }

  Workbench& bench_;
  Scorer& scorer_;
  const std::vector<ScorerRow>& rows_;
  size_t next_ = 0;
  std::vector<double> milliseconds_;
  int64_t graded_ = 0;
  std::vector<Lane> lanes_;  // first to go
};

Status Measure(const ScorerConfig& config, const std::vector<LanguageConfig>& languages,
               const Options& options, const std::vector<ScorerRow>& rows, int64_t at_once) {
  ScorerConfig measured = config;
  if (HasProcesses(config)) measured.processes = at_once;
  if (AsksService(config)) measured.in_flight = at_once;
  Workbench bench(languages);
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<Scorer> scorer, bench.Make(measured));
  for (const ScorerRow& row : rows) COHORT_RETURN_IF_ERROR(CheckTokens(row, *scorer));
  Load load(bench, *scorer, rows, static_cast<size_t>(at_once));
  load.Run(std::min(1.0, options.seconds / 5));  // all of them start, caches fill
  const std::map<std::string, int64_t> before = bench.events();
  const Figures figures = load.Run(options.seconds);
  std::printf("%9lld  %10.1f  %9.3f  %9.3f\n", static_cast<long long>(at_once),
              figures.rows_per_second, figures.p50, figures.p99);
  if (figures.graded < figures.rows) {
    std::printf("           %lld of %lld rows have no value\n",
                static_cast<long long>(figures.rows - figures.graded),
                static_cast<long long>(figures.rows));
  }
  if (bench.events() != before)
    std::printf("           it broke meanwhile: see cohort scorer test\n");
  std::fflush(stdout);
  return {};
}

Status Bench(const Options& options) {
  COHORT_ASSIGN_OR_RETURN(const ChosenScorer chosen, ChooseScorer(options.words));
  COHORT_ASSIGN_OR_RETURN(const std::vector<ScorerRow> rows, ReadScorerRows(options.rows));
  const ScorerConfig& scorer = chosen.scorers.front();
  if (!AsksOutside(scorer)) {
    std::printf("kind %s runs on the worker's one thread\n", scorer.kind.c_str());
  }
  std::printf("%9s  %10s  %9s  %9s\n", AsksService(scorer) ? "in flight" : "processes", "rows/s",
              "p50 ms", "p99 ms");
  COHORT_RETURN_IF_ERROR(Measure(scorer, chosen.languages, options, rows, 1));
  const int64_t many = AsksService(scorer) ? scorer.in_flight : options.processes;
  if (!AsksOutside(scorer) || many <= 1) return {};
  return Measure(scorer, chosen.languages, options, rows, many);
}

}  // namespace

void AddBenchCommand(CLI::App& app, ToolLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("bench", "Times a scorer over rows, by one and by many");
  command
      ->add_option("scorer", options->words.scorer,
                   "FILE.py, FILE.so, a URL, a kind, or a program and its arguments (after --)")
      ->required()
      ->type_name("SCORER");
  AddSettings(*command, options->words);
  command->add_option("--rows", options->rows, "Rows as JSON lines")->required()->type_name("FILE");
  command->add_option("--seconds", options->seconds, "Of each measurement")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--processes", options->processes, "How many are \"many\"")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  command->callback([options, &line] {
    line.run = [options, &line] {
      options->words.overrides = line.overrides;
      const Status status = Bench(*options);
      return status.ok() ? 0 : ReportFailure(line.program, status);
    };
  });
}

}  // namespace cohort
