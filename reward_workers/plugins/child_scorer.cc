#include "reward_workers/plugins/child_scorer.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "libs/base/logging.h"
#include "reward_workers/beside_program.h"
#include "reward_workers/plugins/machine_room.h"
#include "reward_workers/plugins/plugin_scorer.h"
#include "reward_workers/plugins/strays.h"

namespace cohort {
namespace {

// The first, one alone, two canaries and one alone again; each may wait for its child to start.
constexpr int kAttempts = 5;

class ChildBackend : public PluginBackend {
 public:
  // `keeps` becomes false when its verdicts are no longer of one making.
  ChildBackend(Supervisor* supervisor, Supervisor::Added added, Duration limit, size_t places,
               std::shared_ptr<const std::atomic<bool>> keeps)
      : supervisor_(supervisor),
        added_(std::move(added)),
        limit_(limit),
        places_(places),
        keeps_(std::move(keeps)) {}

  void Submit(uint64_t id, std::string fields, std::function<void(Verdict)> done) override {
    supervisor_->Submit(added_.pool, {id, std::move(fields), std::move(done)});
  }
  void Cancel(uint64_t id) override { supervisor_->Cancel(added_.pool, id); }
  Duration Limit() const override { return limit_; }
  size_t Places() const override { return places_; }
  bool Keeps() const override { return *keeps_; }
  ScorerWants Wants() const override {
    return {added_.ready.wants_completion_ids, added_.ready.wants_prompt_ids, added_.ready.needs};
  }

 private:
  Supervisor* supervisor_;
  Supervisor::Added added_;
  Duration limit_;
  size_t places_;
  std::shared_ptr<const std::atomic<bool>> keeps_;
};

std::string Variable(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

// What a scorer may see of this process's environment: no keys and tokens.
std::vector<std::string> CleanEnvironment() {
  std::vector<std::string> environment;
  for (const char* name : {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV",
                           "LD_LIBRARY_PATH", "USER"}) {
    if (const char* value = std::getenv(name))
      environment.push_back(std::string(name) + "=" + value);
  }
  environment.push_back(StrayMark());
  environment.push_back("OMP_NUM_THREADS=1");
  environment.push_back("PYTHONUNBUFFERED=1");
  return environment;
}

}  // namespace

Result<ChildPlan> PlanOfScorer(const ScorerConfig& config) {
  ChildPlan plan;
  plan.environment = CleanEnvironment();
  if (config.kind == "process") {
    plan.command = config.command;
  } else if (config.kind == "python") {
    std::filesystem::path package = Variable("COHORT_SCORERS", "");
    if (package.empty())
      package = BesideProgram({"../share/cohort/python", "../../reward_workers/python",
                               "../../../reward_workers/python"});
    if (package.empty()) {
      return NotFound(
          "the Python package cohort_scorers is not beside this program; name its folder in "
          "COHORT_SCORERS");
    }
    plan.environment.push_back(
        "PYTHONPATH=" + package.string() +
        (std::getenv("PYTHONPATH") == nullptr ? "" : ":" + Variable("PYTHONPATH", "")));
    plan.command = {Variable("COHORT_PYTHON", "python3"),
                    "-m",
                    "cohort_scorers",
                    config.source,
                    "--style",
                    config.style};
  } else {
    std::filesystem::path host = Variable("COHORT_SCORER_HOST", "");
    if (host.empty()) host = BesideProgram({"cohort-scorer-host"});
    if (host.empty())
      return NotFound(
          "the program cohort-scorer-host is not beside this one; name it in COHORT_SCORER_HOST");
    plan.command = {host.string(), config.library};
  }
  if (config.kind == "process") {
    plan.command.insert(plan.command.end(), config.options.begin(), config.options.end());
    return plan;
  }
  for (const std::string& option : config.options) {
    plan.command.push_back("--set");
    plan.command.push_back(option);
  }
  return plan;
}

Result<std::unique_ptr<Scorer>> MakeChildScorer(const ScorerConfig& config,
                                                const ScorerContext& context) {
  if (context.supervisor == nullptr || context.mailbox == nullptr || !context.decode) {
    return FailedPrecondition("scorers." + config.name + ": kind " + config.kind +
                              " cannot run here");
  }
  ChildPool::Options options;
  options.scorer = config.name;
  options.processes = config.processes > 0
                          ? static_cast<size_t>(config.processes)
                          : ChildrenByCost(MachineRoom(), config.cpus, config.memory_mb);
  options.limit = Seconds(config.timeout_seconds);
  options.memory_bytes = static_cast<uint64_t>(config.memory_mb) << 20;
  COHORT_ASSIGN_OR_RETURN(options.plan, PlanOfScorer(config));
  auto tell = [mailbox = context.mailbox, tell = context.tell,
               name = config.name](const std::string& what) {
    if (tell) mailbox->Post([tell, name, what] { tell(name, what); });
  };
  const auto keeps = std::make_shared<std::atomic<bool>>(config.deterministic);
  options.changed = [keeps, tell, name = config.name](const std::string& from,
                                                      const std::string& to) {
    *keeps = false;
    tell("changed");
    LogWarning(
        "a scorer changed while the worker runs: restart the workers, so that all judge alike",
        {{"scorer", name}, {"from", from}, {"to", to}});
  };
  const Duration limit = kAttempts * (options.limit + options.start_limit);
  const size_t places = options.processes;
  COHORT_ASSIGN_OR_RETURN(Supervisor::Added added,
                          context.supervisor->AddPool(std::move(options), std::move(tell)));
  return MakePluginScorer(
      config.name, context,
      std::make_unique<ChildBackend>(context.supervisor, std::move(added), limit, places, keeps));
}

}  // namespace cohort
