#include "reward_workers/tool/workbench.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace cohort {

// A row under way: its prompt's text can be asked for meanwhile.
class Workbench::Task : public PendingScore {
 public:
  Task(Workbench* bench, const ScorerRow& row)
      : bench_(bench), tokens_(row.rollout.prompt.tokens.data()) {
    PromptText& prompt = bench_->prompts_[tokens_];
    prompt.text = row.prompt;
    ++prompt.rows;
  }
  ~Task() override {
    inner.reset();
    const auto prompt = bench_->prompts_.find(tokens_);
    if (--prompt->second.rows == 0) bench_->prompts_.erase(prompt);
  }

  std::unique_ptr<PendingScore> inner;

 private:
  Workbench* bench_;
  const int32_t* tokens_;
};

Workbench::Wake::Wake() : fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Workbench::Wake::~Wake() { close(fd); }

Workbench::Workbench(std::vector<LanguageConfig> languages)
    : languages_(std::move(languages)),
      mailbox_([wake = wake_.fd] {
        const uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = write(wake, &one, sizeof(one));
      }),
      supervisor_(&clock_) {}

Result<std::unique_ptr<Scorer>> Workbench::Make(const ScorerConfig& config) {
  ScorerContext context;
  context.clock = &clock_;
  context.timers = &timers_;
  context.supervisor = &supervisor_;
  context.mailbox = &mailbox_;
  context.decode = [this](std::span<const int32_t> tokens) {
    const auto found = prompts_.find(tokens.data());
    return found == prompts_.end() ? std::string() : std::string(found->second.text);
  };
  context.tell = [this](const std::string&, const std::string& what) { ++events_[what]; };
  context.languages = languages_;
  return MakeScorer(config, context);
}

std::unique_ptr<PendingScore> Workbench::Start(Scorer& scorer, const ScorerRow& row,
                                               VerdictCallback done, bool right) {
  auto task = std::make_unique<Task>(this, row);
  task->inner = scorer.Start({row.rollout, row.completion, right}, std::move(done));
  return task;
}

void Workbench::Step(Duration wait, int input) {
  const Time now = clock_.Now();
  if (const std::optional<Time> due = timers_.NextDue()) {
    wait = std::clamp<Duration>(*due - now, Duration::zero(), wait);
  }
  pollfd polled[] = {{wake_.fd, POLLIN, 0}, {input, POLLIN, 0}};
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  if (poll(polled, 2, static_cast<int>(milliseconds)) > 0 && polled[0].revents != 0) {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = read(wake_.fd, &count, sizeof(count));
  }
  mailbox_.RunAll();
  timers_.RunDue(clock_.Now());
}

}  // namespace cohort
