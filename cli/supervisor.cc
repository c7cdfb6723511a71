#include "cli/supervisor.h"

#include <signal.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "cli/text.h"
#include "libs/config/program_options.h"

namespace cohort {
namespace {

constexpr Duration kPause = Seconds(0.05);
constexpr size_t kLinesOfALog = 8;

bool IsBroker(const ChildPlan& plan) { return plan.instance == kBrokerInstance; }

}  // namespace

Supervisor::Supervisor(std::vector<ChildPlan> plan, Options options)
    : options_(std::move(options)) {
  for (ChildPlan& child : plan) {
    children_.push_back({std::move(child), 0, options_.clock->Now(), {}});
  }
}

Supervisor::~Supervisor() {
  for (const Child& child : children_) {
    if (child.pid != 0) kill(child.pid, SIGKILL);
  }
}

Supervisor::End Supervisor::Run() {
  std::optional<End> end;
  while (!end) {
    end = StartThoseDue();
    for (Child& child : children_) {
      if (!end) end = LookAfter(child);
    }
    options_.tick();
    if (!end && options_.stop(kPause)) {
      options_.note("stopping: every process finishes or hands back what it holds");
      end = End::kDrained;
    }
  }
  Drain();
  options_.tick();
  return *end;
}

std::optional<Supervisor::End> Supervisor::StartThoseDue() {
  for (Child& child : children_) {
    if (!child.start_at || options_.clock->Now() < *child.start_at) continue;
    const Result<pid_t> pid = StartChild(child.plan, options_.environment);
    if (!pid.ok()) {
      options_.alarm(pid.status().message());
      return End::kFailed;
    }
    child.pid = *pid;
    child.start_at.reset();
  }
  return std::nullopt;
}

std::optional<Supervisor::End> Supervisor::LookAfter(Child& child) {
  if (child.pid == 0) return std::nullopt;
  const std::optional<ChildExit> exit = TakeExit(child.pid);
  if (!exit) return std::nullopt;
  child.pid = 0;
  return OnExit(child, *exit);
}

std::optional<Supervisor::End> Supervisor::OnExit(Child& child, const ChildExit& exit) {
  const std::string& name = child.plan.instance;
  const bool clean = exit.signal == 0 && exit.code == 0;
  if (name == kLearnerInstance && clean && (!options_.finished || options_.finished())) {
    return End::kDone;
  }
  if (exit.signal == 0 && exit.code == kExitConfiguration) {
    const std::vector<std::string> lines = LastLines(child.plan.log, 1);
    options_.alarm(lines.empty() ? name + " says that its configuration is wrong" : lines.back());
    return End::kConfiguration;
  }
  const Time now = options_.clock->Now();
  child.start_at = child.restarts.OnDeath(now);
  if (child.start_at) {
    options_.note(name + " ended (" + exit.ToString() + "); starting it again in " +
                  Age(ToSeconds(*child.start_at - now)));
    return std::nullopt;
  }
  for (const std::string& line : LastLines(child.plan.log, kLinesOfALog)) {
    options_.alarm(name + " | " + line);
  }
  options_.alarm(name + " ended " + std::to_string(kDeathsThatEndARun) +
                 " times within a minute, the last time with " + exit.ToString() +
                 ": giving up; its log is " + child.plan.log.string());
  return End::kFailed;
}

void Supervisor::Drain() {
  DrainSome([](const Child& child) { return !IsBroker(child.plan); });
  DrainSome([](const Child&) { return true; });
}

void Supervisor::DrainSome(const std::function<bool(const Child&)>& which) {
  const Time deadline = options_.clock->Now() + options_.stop_timeout;
  for (const Child& child : children_) {
    if (child.pid != 0 && which(child)) kill(child.pid, SIGTERM);
  }
  bool killed = false;
  while (true) {
    bool any = false;
    for (Child& child : children_) {
      if (child.pid == 0 || !which(child)) continue;
      if (TakeExit(child.pid)) {
        child.pid = 0;
        continue;
      }
      any = true;
      if (!killed && options_.clock->Now() >= deadline) {
        options_.note(child.plan.instance + " did not stop in " +
                      Age(ToSeconds(options_.stop_timeout)) + ": killed");
        kill(child.pid, SIGKILL);
      }
    }
    if (!any) return;
    killed = killed || options_.clock->Now() >= deadline;
    options_.tick();
    std::this_thread::sleep_for(kPause / 5);
  }
}

}  // namespace cohort
