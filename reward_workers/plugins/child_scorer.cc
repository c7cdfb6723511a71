#include "reward_workers/plugins/child_scorer.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace cohort {
namespace {

// A first attempt, one alone and a canary; each may wait for its child to start. What is waited for
// before is bounded by the rollouts that the worker has in flight, and is not known here.
constexpr int kAttempts = 3;
constexpr Duration kQueueAllowance = std::chrono::minutes(30);

class ChildScore : public PendingScore {
 public:
  ChildScore(Supervisor* supervisor, ChildPool* pool, uint64_t job)
      : supervisor_(supervisor), pool_(pool), job_(job) {}
  ~ChildScore() override {
    if (!*answered) supervisor_->Cancel(pool_, job_);
  }

  std::shared_ptr<bool> wanted = std::make_shared<bool>(true);     // of the worker's thread
  std::shared_ptr<bool> answered = std::make_shared<bool>(false);  // of the worker's thread

 private:
  Supervisor* supervisor_;
  ChildPool* pool_;
  uint64_t job_;
};

class ChildScorer : public Scorer {
 public:
  ChildScorer(std::string name, Duration limit, const ScorerContext& context,
              Supervisor::Added added)
      : name_(std::move(name)), limit_(limit), context_(context), added_(std::move(added)) {}

  const std::string& name() const override { return name_; }
  Duration Limit() const override { return kAttempts * limit_ + kQueueAllowance; }
  ScorerWants Wants() const override {
    return {added_.ready.wants_completion_ids, added_.ready.wants_prompt_ids};
  }

  std::unique_ptr<PendingScore> Start(const ScoreRequest& request, VerdictCallback done) override {
    auto pending = std::make_unique<ChildScore>(context_.supervisor, added_.pool, next_id_);
    ChildPool::Job job;
    job.id = next_id_++;
    job.fields = ScoreFields(name_, request, context_.decode(request.rollout.prompt.tokens),
                             added_.ready.wants_completion_ids, added_.ready.wants_prompt_ids);
    if (job.fields.size() > kMaxRequestBytes / 2) {
      done(Verdict::Failed(
          OutcomeReason::kOutsideBudget,
          "too long for a scorer: " + std::to_string(job.fields.size()) + " bytes"));
      *pending->answered = true;
      return nullptr;
    }
    job.done = [mailbox = context_.mailbox, wanted = std::weak_ptr<bool>(pending->wanted),
                answered = pending->answered, done = std::move(done)](Verdict verdict) {
      mailbox->Post([wanted, answered, done, verdict = std::move(verdict)] {
        if (wanted.expired()) return;  // cancelled meanwhile
        *answered = true;
        done(verdict);
      });
    };
    context_.supervisor->Submit(added_.pool, std::move(job));
    return pending;
  }

 private:
  std::string name_;
  Duration limit_;
  ScorerContext context_;
  Supervisor::Added added_;
  uint64_t next_id_ = 1;
};

// Beside this program, in an installation or in a build.
std::filesystem::path BesideProgram(const std::vector<std::filesystem::path>& candidates) {
  std::error_code error;
  const std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const std::filesystem::path& candidate : candidates) {
    const std::filesystem::path path = (program / candidate).lexically_normal();
    if (std::filesystem::exists(path, error)) return path;
  }
  return {};
}

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
    const std::filesystem::path host =
        BesideProgram({"cohort-scorer-host", "../bin/cohort-scorer-host"});
    if (host.empty()) return NotFound("the program cohort-scorer-host is not beside this one");
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
  options.processes = static_cast<size_t>(config.processes);
  options.limit = Seconds(config.timeout_seconds);
  options.memory_bytes = static_cast<uint64_t>(config.memory_mb) << 20;
  COHORT_ASSIGN_OR_RETURN(options.plan, PlanOfScorer(config));
  auto tell = [mailbox = context.mailbox, tell = context.tell,
               name = config.name](const std::string& what) {
    if (tell) mailbox->Post([tell, name, what] { tell(name, what); });
  };
  COHORT_ASSIGN_OR_RETURN(Supervisor::Added added,
                          context.supervisor->AddPool(std::move(options), std::move(tell)));
  return std::unique_ptr<Scorer>(std::make_unique<ChildScorer>(
      config.name, Seconds(config.timeout_seconds), context, std::move(added)));
}

}  // namespace cohort
