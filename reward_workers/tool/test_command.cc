// cohort scorer test: the conformance suite.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "libs/config/program_options.h"
#include "reward_workers/tool/choice.h"
#include "reward_workers/tool/command.h"
#include "reward_workers/tool/conformance.h"

namespace cohort {
namespace {

struct Options {
  ScorerWords words;
  std::string rows;
  double limit = 10;
};

// NAME.jsonl beside NAME.py or NAME.so.
std::string RowsBeside(const ScorerConfig& scorer) {
  std::filesystem::path made = scorer.kind == "library" ? scorer.library : scorer.source;
  const std::string file = made.string().substr(0, made.string().rfind(".py:")) +
                           (made.string().find(".py:") == std::string::npos ? "" : ".py");
  const std::filesystem::path rows = std::filesystem::path(file).replace_extension(".jsonl");
  std::error_code error;
  return !file.empty() && std::filesystem::is_regular_file(rows, error) ? rows.string() : "";
}

Status Test(const Options& options, bool& passed) {
  COHORT_ASSIGN_OR_RETURN(const ChosenScorer chosen, ChooseScorer(options.words));
  ConformanceSuite suite;
  suite.scorer = chosen.scorers.front();
  suite.languages = chosen.languages;
  suite.scorer.timeout_seconds = options.limit;
  suite.scorer.outage_seconds = std::min(suite.scorer.outage_seconds, options.limit);
  suite.scorer.processes = std::max<int64_t>(suite.scorer.processes, 2);
  suite.limit = Seconds(options.limit);
  const std::string rows = options.rows.empty() ? RowsBeside(suite.scorer) : options.rows;
  if (rows.empty()) {
    suite.rows.push_back(MakeScorerRow(1, "6 times 7 is 42.\nAnswer: 42", "42", "6 times 7?"));
    std::printf("no rows of its own (--rows FILE): one example is tried, and nothing expected\n");
  } else {
    COHORT_ASSIGN_OR_RETURN(suite.rows, ReadScorerRows(rows));
  }
  int failed = 0;
  int count = 0;
  passed = CheckConformance(suite, [&](const Check& check) {
    std::printf("%s  %s%s%s\n", check.passed ? "PASS" : "FAIL", check.name.c_str(),
                check.detail.empty() ? "" : ": ", check.detail.c_str());
    std::fflush(stdout);
    failed += check.passed ? 0 : 1;
    ++count;
  });
  std::printf("%d checks, %d failed\n", count, failed);
  return {};
}

}  // namespace

void AddTestCommand(CLI::App& app, ToolLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("test", "Checks a scorer: the same suite for all kinds");
  command
      ->add_option("scorer", options->words.scorer,
                   "FILE.py, FILE.so, a URL, a kind, or a program and its arguments (after --)")
      ->required()
      ->type_name("SCORER");
  AddSettings(*command, options->words);
  command
      ->add_option("--rows", options->rows,
                   "Examples as JSON lines, with \"expected\" values; NAME.jsonl beside NAME.py")
      ->type_name("FILE");
  command->add_option("--limit", options->limit, "Seconds that one answer may take")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->callback([options, &line] {
    line.run = [options, &line] {
      options->words.overrides = line.overrides;
      bool passed = false;
      const Status status = Test(*options, passed);
      if (!status.ok()) return ReportFailure(line.program, status);
      return passed ? 0 : 1;
    };
  });
}

}  // namespace cohort
