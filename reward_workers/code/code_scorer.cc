#include "reward_workers/code/code_scorer.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "libs/scoring/thinking.h"
#include "reward_workers/beside_program.h"
#include "reward_workers/code/code_judge.h"
#include "reward_workers/code/program_language.h"
#include "reward_workers/plugins/machine_room.h"
#include "reward_workers/plugins/supervisor.h"
#include "reward_workers/verdict_cache.h"

namespace cohort {
namespace {

constexpr Duration kTurnAllowance = std::chrono::minutes(30);
constexpr int kTestsAllowed = 1000;  // of one rollout, for the limit of its lease

struct Job {
  CodeQuestion question;
  std::atomic<bool> cancelled = false;
  std::function<void(CodeAnswer)> done;  // called on a thread of the crew
};

// Threads that judge, one rollout at a time each.
class Crew {
 public:
  Crew(CodeJudge* judge, size_t places) : judge_(judge) {
    for (size_t i = 0; i < places; ++i) threads_.emplace_back([this] { Work(); });
  }
  ~Crew() {
    {
      std::scoped_lock lock(mutex_);
      stop_ = true;
      for (const auto& job : under_way_) job->cancelled = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  void Add(std::shared_ptr<Job> job) {
    {
      std::scoped_lock lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
  }

 private:
  void Work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
      if (stop_) return;
      const std::shared_ptr<Job> job = std::move(jobs_.front());
      jobs_.pop_front();
      under_way_.insert(job);
      lock.unlock();
      if (!job->cancelled) job->done(judge_->Judge(job->question, job->cancelled));
      lock.lock();
      under_way_.erase(job);
    }
  }

  CodeJudge* const judge_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> jobs_;  // that wait
  std::set<std::shared_ptr<Job>> under_way_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

class CodeScore : public PendingScore {
 public:
  explicit CodeScore(std::shared_ptr<Job> job) : job_(std::move(job)) {}
  ~CodeScore() override { job_->cancelled = true; }

 private:
  std::shared_ptr<Job> job_;
};

class CodeScorer : public Scorer {
 public:
  CodeScorer(const ScorerConfig& config, const ScorerContext& context, Span span,
             std::shared_ptr<Sandbox> sandbox, CodeJudge::Options options, size_t places)
      : name_(config.name),
        context_(context),
        span_(span),
        places_(places),
        limit_(kTurnAllowance + kTestsAllowed * 2 * Duration(options.runner.limits.wall)),
        sandbox_(std::move(sandbox)),
        judge_(sandbox_.get(), std::move(options)),
        crew_(&judge_, places) {}

  const std::string& name() const override { return name_; }
  Duration Limit() const override { return limit_; }
  size_t Places() const override { return places_; }

  std::unique_ptr<PendingScore> Start(const ScoreRequest& request, VerdictCallback done) override {
    const Prompt& prompt = request.rollout.prompt;
    const std::optional<std::string_view> text = ExtractSpan(request.completion, span_);
    auto job = std::make_shared<Job>();
    job->question.completion = text.value_or("");
    job->question.prompt = context_.decode(prompt.tokens);
    job->question.columns = prompt.columns;
    const Digest key = VerdictKey(name_)
                           .Add(job->question.completion)
                           .Add(job->question.prompt)
                           .Add(prompt.columns)
                           .Finish();
    if (context_.verdicts != nullptr) {
      if (std::optional<Verdict> verdict = context_.verdicts->Find(name_, key)) {
        done(*std::move(verdict));
        return nullptr;
      }
    }
    job->done = [this, key, done = std::move(done),
                 weak = std::weak_ptr<Job>(job)](CodeAnswer answer) {
      context_.mailbox->Post([this, key, done, weak, answer = std::move(answer)] {
        const std::shared_ptr<Job> job = weak.lock();
        if (!job || job->cancelled) return;
        if (answer.keep && context_.verdicts != nullptr)
          context_.verdicts->Keep(key, answer.verdict);
        done(answer.verdict);
      });
    };
    auto pending = std::make_unique<CodeScore>(job);
    crew_.Add(std::move(job));
    return pending;
  }

 private:
  std::string name_;
  ScorerContext context_;
  Span span_;
  size_t places_;
  Duration limit_;
  std::shared_ptr<Sandbox> sandbox_;
  CodeJudge judge_;
  Crew crew_;  // last: uses the others
};

Status Bad(const ScorerConfig& config, const std::string& what) {
  return InvalidArgument("scorers." + config.name + "." + what);
}

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

// Its launcher is no orphan of a scorer's, which the supervisor would end.
Result<std::shared_ptr<Sandbox>> OpenSandbox(Supervisor* supervisor) {
  Result<std::shared_ptr<Sandbox>> opened = Unavailable("not opened");
  const auto open = [&opened]() -> Supervisor::SparedChild {
    Result<std::unique_ptr<Sandbox>> sandbox = Sandbox::Open({});
    if (!sandbox.ok()) {
      opened = sandbox.status();
      return nullptr;
    }
    const std::shared_ptr<Sandbox> shared = *std::move(sandbox);
    opened = shared;
    return [weak = std::weak_ptr<Sandbox>(shared)] {
      const std::shared_ptr<Sandbox> now = weak.lock();
      return now ? now->launcher() : 0;
    };
  };
  if (supervisor == nullptr) {
    open();
  } else {
    supervisor->Spare(open);
  }
  return opened;
}

}  // namespace

Result<std::unique_ptr<Scorer>> MakeCodeScorer(const ScorerConfig& config,
                                               const ScorerContext& context) {
  if (context.mailbox == nullptr || !context.decode) {
    return FailedPrecondition("scorers." + config.name + ": kind code cannot run here");
  }
  const Result<Span> span = ParseSpan(config.span.empty() ? "all" : config.span);
  if (!span.ok()) return Bad(config, "span: " + span.status().message());
  CodeJudge::Options options;
  COHORT_ASSIGN_OR_RETURN(options.runner.language, FindLanguage(config.program, context.languages));
  COHORT_ASSIGN_OR_RETURN(options.credit, ParseCodeCredit(config.credit));
  COHORT_ASSIGN_OR_RETURN(options.match, ParseOutputMatch(config.match));
  options.tolerance = config.tolerance;
  options.continues_prompt = config.continues_prompt;
  options.runner.limits.cpu = Milliseconds(config.cpu_seconds);
  options.runner.limits.wall = Milliseconds(config.timeout_seconds);
  options.runner.limits.memory = static_cast<uint64_t>(config.memory_mb) << 20;
  options.scripts = BesideProgram({"../share/cohort/code", "../../reward_workers/code/python",
                                   "../../../reward_workers/code/python"})
                        .string();
  if (options.scripts.empty()) {
    return NotFound("the folder with checker.py is not beside this program");
  }
  COHORT_ASSIGN_OR_RETURN(const std::shared_ptr<Sandbox> sandbox, OpenSandbox(context.supervisor));
  if (config.sandbox == "full" && !sandbox->mode().Full()) {
    return FailedPrecondition(
        "scorers." + config.name +
        ".sandbox = \"full\", but this machine's sandbox is weaker: " + sandbox->mode().Name() +
        " (`cohort sandbox check` says why); say sandbox = \"any\" to run so");
  }
  const size_t places = config.processes > 0
                            ? static_cast<size_t>(config.processes)
                            : ChildrenByCost(MachineRoom(), config.cpus, config.memory_mb);
  return std::unique_ptr<Scorer>(
      std::make_unique<CodeScorer>(config, context, *span, sandbox, std::move(options), places));
}

}  // namespace cohort
