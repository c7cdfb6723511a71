#include "reward_workers/swe/swe_judge.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "libs/base/rng.h"
#include "reward_workers/code/program_runner.h"
#include "reward_workers/swe/evidence.h"
#include "reward_workers/swe/patch_rules.h"
#include "reward_workers/swe/read_patch.h"

namespace cohort {
namespace {

constexpr size_t kInstancesRemembered = 10'000;
constexpr Duration kSeenLately = std::chrono::seconds(60);
constexpr int kRunsTrusted = 10;  // an environment is trusted for as long as so many runs take

Verdict Lost(std::string detail) {
  return Verdict::Masked(OutcomeReason::kSandboxLost, std::move(detail));
}

Verdict Broken(const std::string& detail) {
  return Verdict::Masked(OutcomeReason::kGoldInvalid, detail);
}

// How a run that an answer ended is called, where it is not simply a wrong answer.
OutcomeReason ReasonOf(SandboxEnd end) {
  switch (end) {
    case SandboxEnd::kCpuLimit:
    case SandboxEnd::kWallLimit:
      return OutcomeReason::kProgramTimeout;
    case SandboxEnd::kMemoryLimit:
      return OutcomeReason::kProgramMemory;
    case SandboxEnd::kOutputLimit:
      return OutcomeReason::kProgramOutput;
    case SandboxEnd::kExited:
      return OutcomeReason::kGraded;
    default:
      return OutcomeReason::kProgramCrash;
  }
}

std::vector<std::string> Graded(const SweInstance& instance) {
  std::vector<std::string> tests = instance.fail_to_pass;
  tests.insert(tests.end(), instance.pass_to_pass.begin(), instance.pass_to_pass.end());
  return tests;
}

bool HangsOnTheMachine(SandboxEnd end) {
  return end == SandboxEnd::kCpuLimit || end == SandboxEnd::kWallLimit ||
         end == SandboxEnd::kMemoryLimit;
}

}  // namespace

struct SweJudge::Attempt {
  SandboxResult run;
  SuiteResult suite;
  SweGrade grade;
  bool lost() const {
    return run.end == SandboxEnd::kInfrastructure || run.end == SandboxEnd::kCancelled;
  }
};

SweJudge::SweJudge(Sandbox* sandbox, const SweTasks* tasks, const Clock* clock, std::string tools)
    : sandbox_(sandbox),
      tasks_(tasks),
      clock_(clock),
      tools_(std::move(tools)),
      good_(kInstancesRemembered) {}

Judged SweJudge::Judge(const std::string& completion, const std::string& columns,
                       const std::function<void(std::string)>& phase,
                       const std::atomic<bool>& cancelled) {
  phase("reading");
  Result<SweTask> task = tasks_->Find(columns);
  if (!task.ok()) {
    const bool machine = task.status().code() == StatusCode::kUnavailable;
    return {machine ? Lost(task.status().message()) : Broken(task.status().message()), false};
  }
  const auto refused = [](OutcomeReason reason, const Status& why) {
    return Judged{Verdict::Failed(reason, why.message()), true};
  };
  const Result<Patch> patch = ReadPatch(completion);
  if (!patch.ok()) {
    const bool none = patch.status().code() == StatusCode::kNotFound;
    return refused(none ? OutcomeReason::kUnparseable : OutcomeReason::kPatchRejected,
                   patch.status());
  }
  const Result<ChangedFiles> files = ApplyPatch(*patch, task->reader());
  if (!files.ok()) {
    if (files.status().code() == StatusCode::kUnavailable) {
      return {Lost(files.status().message()), false};
    }
    return refused(OutcomeReason::kPatchRejected, files.status());
  }
  if (const Status allowed = CheckPatch(*files, task->rules); !allowed.ok()) {
    return refused(OutcomeReason::kPatchRejected, allowed);
  }
  if (files->empty()) return {Verdict::Graded(0, "the patch changes nothing"), true};

  phase("testing");
  const Attempt attempt = Run(*task, *files, cancelled);
  if (attempt.lost()) return {Lost(Describe(attempt.run)), false};
  const std::string evidence = SweEvidence(*files, attempt.run);
  const std::string story = Describe(task->instance, attempt.grade);
  if (attempt.grade.resolved) {
    Works(*task, attempt);
    return {Verdict::Graded(1, story).With(evidence), true};
  }
  phase("checking the environment");
  if (const std::optional<Verdict> doubt = Doubt(*task, cancelled)) return {*doubt, false};
  if (attempt.suite.tampered) {
    return {Verdict::Failed(OutcomeReason::kTampered, *attempt.suite.tampered).With(evidence),
            false};
  }
  const std::string why = attempt.suite.whole ? story : attempt.suite.problem + "; " + story;
  const OutcomeReason reason = ReasonOf(attempt.run.end);
  Verdict verdict =
      reason == OutcomeReason::kGraded ? Verdict::Graded(0, why) : Verdict::Failed(reason, why);
  return {std::move(verdict).With(evidence), !HangsOnTheMachine(attempt.run.end)};
}

SweJudge::Attempt SweJudge::Run(const SweTask& task, const ChangedFiles& files,
                                const std::atomic<bool>& cancelled) {
  const SuitePlan plan =
      PlanSuite(*task.environment, task.tests, Graded(task.instance), EntropyFromSystem());
  const std::string folder = kTreeFolder;
  SandboxSpec spec;
  const std::string start = "cd -- \"$0\" && exec \"$@\"";
  spec.argv = {"/bin/sh", "-c", plan.word.empty() ? start + " 2>&1" : start, folder};
  spec.argv.insert(spec.argv.end(), plan.argv.begin(), plan.argv.end());
  spec.environment = plan.environment;
  spec.binds = task.environment->binds;
  spec.binds.push_back({tools_, "/cohort"});
  spec.binds.push_back({task.tree->path(), "/work/" + folder, /*writable=*/true});
  for (const auto& [path, text] : files) {
    if (plan.tests.contains(path) || task.gone_tests.contains(path)) continue;  // put back
    if (text) spec.files.push_back({folder + "/" + path, *text});
    if (!text) spec.removed.push_back(folder + "/" + path);
  }
  for (const std::string& path : task.gone_tests) spec.removed.push_back(folder + "/" + path);
  for (const auto& [path, text] : plan.tests) spec.files.push_back({folder + "/" + path, text});
  spec.limits = task.environment->limits;
  spec.limits.cpu += spec.limits.cpu / 4;  // caches are shared: load costs CPU, too

  Attempt attempt;
  attempt.run = RunBox(spec, cancelled);
  attempt.suite = ReadSuite(*task.environment, plan, attempt.run);
  attempt.grade = GradeSuite(task.instance, attempt.suite);
  return attempt;
}

// Time that ran out before the CPU did says more about the machine than about the program: more of
// it decides then, twice as much where the program mostly waited.
SandboxResult SweJudge::RunBox(const SandboxSpec& spec, const std::atomic<bool>& cancelled) {
  const auto run = [&](const SandboxSpec& what) {
    Result<std::unique_ptr<SandboxRun>> started = sandbox_->Start(what);
    if (started.ok()) return WaitFor(**started, cancelled);
    SandboxResult lost;
    lost.what = started.status().message();
    return lost;
  };
  SandboxResult result = run(spec);
  const bool late = result.end == SandboxEnd::kWallLimit;
  if ((late || result.end == SandboxEnd::kInfrastructure) && !cancelled) {
    SandboxSpec longer = spec;
    if (late) longer.limits.wall *= result.cpu < spec.limits.cpu / 2 ? 2 : 4;
    result = run(longer);
  }
  return result;
}

void SweJudge::Works(const SweTask& task, const Attempt& attempt) {
  std::scoped_lock lock(mutex_);
  const Duration took = attempt.run.wall;
  trusted_until_[task.environment->name] =
      clock_->Now() + std::max(kSeenLately, kRunsTrusted * took);
  good_.Add(task.digest, true);
}

bool SweJudge::Trusted(const SweTask& task) {
  const auto until = trusted_until_.find(task.environment->name);
  const bool works = until != trusted_until_.end() && clock_->Now() <= until->second;
  return works && good_.Find(task.digest) != nullptr;
}

std::optional<Verdict> SweJudge::Doubt(const SweTask& task, const std::atomic<bool>& cancelled) {
  {
    std::unique_lock lock(mutex_);
    // One look at an instance at a time: the others of its group wait for what it says.
    while (!Trusted(task) && under_check_.contains(task.digest) && !cancelled) {
      checked_.wait_for(lock, std::chrono::seconds(1));
    }
    if (Trusted(task)) return std::nullopt;
    under_check_.insert(task.digest);
  }
  struct Checked {
    SweJudge* judge;
    const Digest& digest;
    ~Checked() {
      std::scoped_lock lock(judge->mutex_);
      judge->under_check_.erase(digest);
      judge->checked_.notify_all();
    }
  } const checked{this, task.digest};
  return RunReference(task, cancelled);
}

std::optional<Verdict> SweJudge::RunReference(const SweTask& task,
                                              const std::atomic<bool>& cancelled) {
  const bool has_reference = !task.instance.patch.empty();
  ChangedFiles files;
  if (has_reference) {
    Result<ChangedFiles> reference = ReferenceFiles(task);
    if (!reference.ok()) return Broken(reference.status().message());
    files = *std::move(reference);
  }
  const Attempt canary = Run(task, files, cancelled);
  if (canary.lost()) return Lost(Describe(canary.run));
  const SweGrade& grade = canary.grade;
  const bool good = has_reference ? grade.resolved
                                  : canary.suite.whole && grade.fixed == 0 &&
                                        grade.kept == task.instance.pass_to_pass.size();
  if (!good) {
    return Broken(
        std::string(has_reference ? "the reference patch does not resolve it: "
                                  : "without a patch its tests do not do as they should: ") +
        (canary.suite.whole ? "" : canary.suite.problem + "; ") + Describe(task.instance, grade));
  }
  Works(task, canary);
  return std::nullopt;
}

}  // namespace cohort
