#include "reward_workers/plugins/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <future>
#include <utility>

#include "libs/base/logging.h"
#include "reward_workers/plugins/strays.h"

namespace cohort {
namespace {

constexpr Duration kBusyTick = std::chrono::milliseconds(20);
constexpr Duration kIdleTick = std::chrono::milliseconds(500);
constexpr Duration kSweep = std::chrono::milliseconds(200);
constexpr int kLastSweeps = 400;  // of 5 ms: what is left then is not ours to kill

struct Polled {
  ChildPool* pool;
  size_t child;
};

}  // namespace

Supervisor::Supervisor(const Clock* clock)
    : clock_(*clock), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  AdoptOrphans();
  signal(SIGPIPE, SIG_IGN);  // a scorer that closed its stdin is its own trouble
  spared_ = ChildrenOfThisProcess();
  thread_ = std::thread([this] { Run(); });
}

Supervisor::~Supervisor() {
  stop_ = true;
  Post([] {});
  thread_.join();
  close(wake_);
}

Result<Supervisor::Added> Supervisor::AddPool(ChildPool::Options options, ChildPool::Tell tell) {
  const Duration start_limit = options.start_limit;
  const std::string scorer = options.scorer;
  ChildPool* pool = nullptr;
  std::call_once(strays_, [] {
    if (const size_t strays = KillStrays(); strays > 0) {
      LogWarning("killed what scorers of a worker that is gone had left running",
                 {{"processes", strays}});
    }
  });
  {
    auto made = std::make_unique<ChildPool>(std::move(options), std::move(tell));
    pool = made.get();
    std::promise<void> added;
    Post([this, &made, &added] {
      pools_.push_back(std::move(made));
      added.set_value();
    });
    added.get_future().wait();
  }
  const auto give_up = std::chrono::steady_clock::now() + start_limit;
  for (;;) {
    // Asked on its own thread, since it belongs there.
    std::promise<std::pair<std::optional<ReadyMessage>, std::string>> state;
    Post([pool, &state] {
      state.set_value({pool->ready() ? std::optional(pool->ready_message()) : std::nullopt,
                       pool->start_failure()});
    });
    const auto [ready, failure] = state.get_future().get();
    if (ready) return Added{pool, *ready};
    if (!failure.empty())
      return FailedPrecondition("scorer \"" + scorer + "\" does not start: " + failure);
    if (std::chrono::steady_clock::now() >= give_up) {
      return DeadlineExceeded("scorer \"" + scorer + "\" was not ready in time");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void Supervisor::Spare(const std::function<SparedChild()>& start) {
  std::promise<void> known;
  Post([this, &start, &known] {
    if (SparedChild child = start()) others_.push_back(std::move(child));
    known.set_value();
  });
  known.get_future().wait();
}

void Supervisor::Submit(ChildPool* pool, ChildPool::Job job) {
  Post([this, pool, job = std::move(job)] { pool->Submit(job, clock_.Now()); });
}

void Supervisor::Cancel(ChildPool* pool, uint64_t job) {
  Post([pool, job] { pool->Cancel(job); });
}

void Supervisor::Post(std::function<void()> command) {
  {
    std::scoped_lock lock(mutex_);
    commands_.push_back(std::move(command));
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof(one));  // full is awake enough
}

void Supervisor::RunCommands() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = read(wake_, &count, sizeof(count));
  std::vector<std::function<void()>> commands;
  {
    std::scoped_lock lock(mutex_);
    commands.swap(commands_);
  }
  for (const std::function<void()>& command : commands) command();
}

void Supervisor::Run() {
  while (!stop_) {
    Poll();
    RunCommands();
    const Time now = clock_.Now();
    for (const auto& pool : pools_) pool->Tick(now);
    if (now >= next_sweep_) {
      SweepOrphans(Known());
      next_sweep_ = now + kSweep;
    }
  }
  RunCommands();
  pools_.clear();
  for (int sweep = 0; sweep < kLastSweeps; ++sweep) {
    const std::vector<pid_t> known = Known();
    if (SweepOrphans(known) == 0 && SweepOrphans(known) == 0) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void Supervisor::Poll() {
  std::vector<pollfd> polled = {{wake_, POLLIN, 0}};
  std::vector<Polled> whose = {{nullptr, 0}};
  Duration wait = kIdleTick;
  const Time now = clock_.Now();
  for (const auto& pool : pools_) {
    if (pool->busy() || !pool->ready()) wait = std::min(wait, kBusyTick);
    if (const std::optional<Time> due = pool->NextDue())
      wait = std::clamp<Duration>(*due - now, Duration::zero(), wait);
    for (size_t i = 0; i < pool->size(); ++i) {
      const Child* child = pool->child(i);
      if (child == nullptr) continue;
      const auto watch = [&](int fd, short events) {
        if (fd < 0) return;
        polled.push_back({fd, events, 0});
        whose.push_back({pool.get(), i});
      };
      watch(child->output(), POLLIN);
      watch(child->errors(), POLLIN);
      if (child->writing()) watch(child->input(), POLLOUT);
    }
  }
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  if (poll(polled.data(), polled.size(), static_cast<int>(milliseconds)) <= 0) return;
  const Time then = clock_.Now();
  for (size_t i = 1; i < polled.size(); ++i) {
    if (polled[i].revents == 0) continue;
    // A child's pipes stand side by side: it is served once.
    if (i > 1 && whose[i].pool == whose[i - 1].pool && whose[i].child == whose[i - 1].child &&
        polled[i - 1].revents != 0) {
      continue;
    }
    whose[i].pool->Serve(whose[i].child, then);
  }
}

std::vector<pid_t> Supervisor::Known() const {
  std::vector<pid_t> known = spared_;
  for (const auto& other : others_) known.push_back(other());
  for (const auto& pool : pools_) {
    for (size_t i = 0; i < pool->size(); ++i) {
      if (const Child* child = pool->child(i)) known.push_back(child->pid());
    }
  }
  return known;
}

}  // namespace cohort
