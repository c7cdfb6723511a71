// cohort score: verdicts for rows, in their order.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "libs/config/program_options.h"
#include "reward_workers/tool/choice.h"
#include "reward_workers/tool/command.h"
#include "reward_workers/tool/line_reader.h"
#include "reward_workers/tool/row_judge.h"

namespace cohort {
namespace {

// Rows that are read and not written: some wait for a slow one before them.
constexpr size_t kKept = 4096;
constexpr Duration kWait = std::chrono::seconds(1);

struct Options {
  ScorerWords words;
  std::string in = "-";
  std::string out = "-";
};

struct Totals {
  int64_t rows = 0;
  int64_t bad = 0;
  int64_t scored = 0;
  int64_t cut = 0;
  double rewards = 0;
  std::map<std::string, int64_t> outcomes;
};

std::string ToLine(const RowVerdict& said) {
  using nlohmann::ordered_json;
  ordered_json components = ordered_json::object();
  for (const RewardComponent& component : said.components) {
    components[component.name] = component.value;
  }
  ordered_json line = {{"reward", said.reward ? ordered_json(*said.reward) : ordered_json()},
                       {"outcome", said.outcome},
                       {"components", components},
                       {"reason", said.reason},
                       {"milliseconds", std::round(1e3 * said.milliseconds) / 1e3}};
  if (!said.evidence.empty()) line["evidence"] = said.evidence;
  return line.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

// Rows in, verdicts out.
class Scoring {
 public:
  Scoring(Workbench& bench, RowJudge& judge, size_t at_once, int in, std::FILE* out,
          std::string program)
      : bench_(bench),
        judge_(judge),
        at_once_(at_once),
        in_(in),
        out_(out),
        program_(std::move(program)),
        lines_(in) {}

  void Run() {
    while (!ended_ || !rows_.empty()) {
      const bool wants_more = ReadRows();
      Write();
      if (rows_.empty() && ended_) break;
      const bool waits = wants_more || UnderWay() > 0;
      bench_.Step(waits ? kWait : Duration::zero(), wants_more ? in_ : -1);
      Write();
    }
  }

  const Totals& totals() const { return totals_; }

 private:
  struct Row {
    std::optional<RowVerdict> refused;
    ScorerRow row;
    std::unique_ptr<RowJudge::Task> task;  // first to go

    const std::optional<RowVerdict>& verdict() const { return task ? task->verdict() : refused; }
  };

  // True when it has room for more than there was to read.
  bool ReadRows() {
    std::string line;
    while (!ended_ && rows_.size() < kKept && UnderWay() < at_once_) {
      const LineReader::Found found = lines_.Next(line);
      if (found == LineReader::Found::kNothingYet) {
        std::fflush(out_);
        return true;
      }
      ended_ = found == LineReader::Found::kEnd;
      if (ended_) break;
      ++number_;
      if (found == LineReader::Found::kTooLong) {
        Refuse(InvalidArgument("it is longer than 64 MiB"));
      } else if (line.find_first_not_of(" \t\r") != std::string::npos) {
        Begin(line);
      }
    }
    return false;
  }

  // Verdicts of tasks come in Step and in Start.
  size_t UnderWay() {
    std::erase_if(under_way_, [](const Row* row) { return row->verdict().has_value(); });
    return under_way_.size();
  }

  void Begin(const std::string& line) {
    Result<ScorerRow> read = ReadScorerRow(line, number_);
    const Status status = read.ok() ? judge_.CheckRow(*read) : read.status();
    if (!status.ok()) return Refuse(status);
    rows_.push_back(std::make_unique<Row>());
    Row& row = *rows_.back();
    row.row = *std::move(read);
    row.task = judge_.Start(row.row);
    if (!row.verdict()) under_way_.push_back(&row);
  }

  void Refuse(const Status& why) {
    const std::string text = "line " + std::to_string(number_) + ": " + why.message();
    std::fprintf(stderr, "%s: %s\n", program_.c_str(), text.c_str());
    rows_.push_back(std::make_unique<Row>());
    RowVerdict& said = rows_.back()->refused.emplace();
    said.outcome = "bad_row";
    said.reason = text;
  }

  void Write() {
    UnderWay();
    while (!rows_.empty() && rows_.front()->verdict()) {
      const RowVerdict& said = *rows_.front()->verdict();
      std::fputs(ToLine(said).c_str(), out_);
      Count(said, rows_.front()->refused.has_value());
      rows_.pop_front();
    }
  }

  void Count(const RowVerdict& said, bool bad) {
    ++totals_.rows;
    totals_.bad += bad ? 1 : 0;
    totals_.cut += said.cut ? 1 : 0;
    ++totals_.outcomes[said.outcome];
    if (!said.reward) return;
    ++totals_.scored;
    totals_.rewards += *said.reward;
  }

  Workbench& bench_;
  RowJudge& judge_;
  const size_t at_once_;
  const int in_;
  std::FILE* out_;
  const std::string program_;
  LineReader lines_;
  int64_t number_ = 0;
  bool ended_ = false;
  std::deque<std::unique_ptr<Row>> rows_;  // in their order
  std::vector<Row*> under_way_;
  Totals totals_;
};

std::string Counts(const std::map<std::string, int64_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + name;
  }
  return text;
}

void Summarize(const std::string& program, const ScorerConfig& scorer, const Totals& totals,
               double seconds, const std::map<std::string, int64_t>& events) {
  const char* name = program.c_str();
  const auto count = static_cast<double>(totals.rows);
  std::fprintf(stderr, "%s: %lld rows in %.2f s (%.0f rows/s)", name,
               static_cast<long long>(totals.rows), seconds, count / std::max(seconds, 1e-9));
  if (totals.scored > 0) {
    std::fprintf(stderr, ", mean reward %.4f of %lld with one",
                 totals.rewards / static_cast<double>(totals.scored),
                 static_cast<long long>(totals.scored));
  }
  std::fprintf(stderr, "\n");
  if (totals.rows > 0) std::fprintf(stderr, "%s: %s\n", name, Counts(totals.outcomes).c_str());
  if (!events.empty()) std::fprintf(stderr, "%s: plug-in: %s\n", name, Counts(events).c_str());
  if (totals.cut > 0) {
    std::fprintf(stderr,
                 "%s: %lld values were cut to [%g, %g]: minimum and maximum of the scorer\n", name,
                 static_cast<long long>(totals.cut), scorer.minimum, scorer.maximum);
  }
}

// As many as the scorer works on at once: the milliseconds are then its own, without a queue.
size_t AtOnce(const std::vector<ScorerConfig>& scorers, const RowJudge& judge) {
  constexpr size_t kMany = 256;
  const bool waits = scorers.size() > 1 || judge.Places() == 0 || judge.Places() == kAnyNumber;
  return waits ? kMany : judge.Places();
}

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdout && file != stdin) std::fclose(file);
  }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Result<File> Open(const std::string& path, const char* how, std::FILE* standard) {
  if (path == "-") return File(standard);
  File file(std::fopen(path.c_str(), how));
  if (!file) return NotFound("cannot open " + path + ": " + std::strerror(errno));
  return file;
}

Status Score(const Options& options, const std::string& program, bool& all_good) {
  COHORT_ASSIGN_OR_RETURN(const ChosenScorer chosen, ChooseScorer(options.words));
  COHORT_ASSIGN_OR_RETURN(const File in, Open(options.in, "rb", stdin));
  const std::vector<ScorerConfig>& scorers = chosen.scorers;
  Workbench bench(chosen.languages);
  COHORT_ASSIGN_OR_RETURN(RowJudge judge, RowJudge::Create(&bench, scorers));
  COHORT_ASSIGN_OR_RETURN(const File out, Open(options.out, "wb", stdout));
  Scoring scoring(bench, judge, AtOnce(scorers, judge), fileno(in.get()), out.get(), program);
  const Time begin = bench.Now();
  scoring.Run();
  if (std::fflush(out.get()) != 0 || std::ferror(out.get()) != 0) {
    return DataLoss("cannot write " + options.out + ": " + std::strerror(errno));
  }
  const Totals& totals = scoring.totals();
  Summarize(program, scorers.front(), totals, ToSeconds(bench.Now() - begin), bench.events());
  all_good = totals.bad == 0;
  return {};
}

}  // namespace

void AddScoreCommand(CLI::App& app, ToolLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "score", "Reads rows {\"completion\", \"answer\", …}, writes a verdict a line");
  command
      ->add_option(
          "scorer", options->words.scorer,
          "A kind (exact, python, …), FILE.py, FILE.so, a URL, the path of a program; with "
          "--config a scorer's name")
      ->required()
      ->expected(1)
      ->type_name("SCORER");
  AddSettings(*command, options->words);
  command->add_option("--in", options->in, "JSON lines; - is stdin")->capture_default_str();
  command->add_option("--out", options->out, "- is stdout")->capture_default_str();
  command->callback([options, &line] {
    line.run = [options, &line] {
      options->words.overrides = line.overrides;
      bool all_good = true;
      const Status status = Score(*options, line.program, all_good);
      if (!status.ok()) return ReportFailure(line.program, status);
      return all_good ? 0 : 1;
    };
  });
}

}  // namespace cohort
