#include "reward_workers/plugins/child_pool.h"

#include <algorithm>
#include <utility>

namespace cohort {
namespace {

constexpr Duration kMemoryCheck = std::chrono::milliseconds(50);
constexpr size_t kMostProcesses = 256;  // of a child, with itself
// So soon after a rollout was handed over, an end may be that of the one before.
constexpr Duration kHandover = std::chrono::milliseconds(100);
// From a closed stdout to the end that explains it.
constexpr Duration kClosingTime = std::chrono::milliseconds(200);
constexpr Duration kFirstRestart = std::chrono::milliseconds(100);
constexpr Duration kLastRestart = std::chrono::seconds(10);
constexpr int kStartsBeforeGivingUp = 5;  // in a row; then what waits is masked
constexpr int kMaxUnasked = 4;            // answers that nobody asked for, between two rollouts
constexpr size_t kMaxNoise = 64 << 20;    // bytes of stderr for one rollout

Duration RestartDelay(int failures) {
  Duration delay = kFirstRestart;
  for (int i = 1; i < failures && delay < kLastRestart; ++i) delay *= 2;
  return std::min<Duration>(delay, kLastRestart);
}

}  // namespace

ChildPool::ChildPool(Options options, Tell tell)
    : options_(std::move(options)), tell_(std::move(tell)), seats_(options_.processes) {}

ChildPool::~ChildPool() = default;

void ChildPool::Submit(Job job, Time now) {
  const uint64_t id = job.id;
  jobs_[id].job = std::move(job);
  waiting_.push_back(id);
  HandOut(now);
}

void ChildPool::Cancel(uint64_t id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  tell_("cancelled");
  const auto in = [id](const std::deque<uint64_t>& queue) {
    return std::find(queue.begin(), queue.end(), id) != queue.end();
  };
  if (in(waiting_)) std::erase(waiting_, id);
  if (in(for_fresh_)) std::erase(for_fresh_, id);
  const bool at_work =
      std::any_of(seats_.begin(), seats_.end(), [id](const Seat& seat) { return seat.job == id; });
  if (!at_work) {
    jobs_.erase(found);
  } else {
    found->second.cancelled = true;
  }
}

void ChildPool::Start(Seat& seat, Time now) {
  Result<std::unique_ptr<Child>> child = Child::Start(options_.plan);
  if (!child.ok()) return StartFailed(seat, child.status().message(), now);
  seat.child = *std::move(child);
  seat.state = SeatState::kStarting;
  seat.due = now + options_.start_limit;
  seat.served = 0;
  seat.noise = 0;
  seat.closed = false;
}

void ChildPool::StartFailed(Seat& seat, const std::string& why, Time now) {
  ++start_failures_;
  if (!ready_) start_failure_ = why;
  StopChild(seat, now + RestartDelay(start_failures_));
  if (start_failures_ < kStartsBeforeGivingUp) return;
  std::deque<uint64_t> given_up = std::exchange(waiting_, {});
  given_up.insert(given_up.end(), for_fresh_.begin(), for_fresh_.end());
  for_fresh_.clear();
  for (const uint64_t id : given_up) {
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) continue;
    const auto done = std::move(found->second.job.done);
    jobs_.erase(found);
    done(Verdict::Masked(OutcomeReason::kGraderCrashed, "the scorer does not start: " + why));
  }
}

// What of its bounds a child is beyond; empty: it keeps to them.
std::string ChildPool::TooMuch(const Child& child) const {
  const Child::Usage usage = child.UsageNow();
  if (usage.processes > kMostProcesses) {
    return "more than " + std::to_string(kMostProcesses) + " processes";
  }
  if (options_.memory_bytes == 0 || usage.resident_bytes <= options_.memory_bytes) return "";
  return "above " + std::to_string(options_.memory_bytes >> 20) + " MiB";
}

void ChildPool::StopChild(Seat& seat, Time restart) {
  seat.child.reset();
  seat.state = SeatState::kDown;
  seat.due = restart;
  seat.job = 0;
}

void ChildPool::Serve(size_t index, Time now) {
  Seat& seat = seats_[index];
  if (!seat.child) return;
  seat.child->Flush();
  if (seat.child->errors() >= 0) {
    seat.noise += seat.child->ReadErrors();
    if (seat.noise > kMaxNoise) {
      const std::string why = "it wrote more than 64 MiB to stderr";
      if (seat.state == SeatState::kBusy) return Broke(seat, Breakage::kNonsense, why, now);
      if (seat.state == SeatState::kStarting) return StartFailed(seat, why, now);
      tell_("restart");
      return StopChild(seat, now);
    }
  }
  // What is ending gets nothing more to do: known before its last answers are taken.
  if (!seat.child->ReadOutput() && !seat.closed) {
    seat.closed = true;
    seat.child->CloseOutput();
    const bool at_work = seat.state != SeatState::kIdle;
    seat.due = std::min(at_work ? seat.due : now + kClosingTime, now + kClosingTime);
  }
  TakeFrames(seat, now);
}

void ChildPool::TakeFrames(Seat& seat, Time now) {
  while (seat.child) {
    Result<std::optional<std::string>> frame = seat.child->frames().Next();
    if (frame.ok() && !frame->has_value()) return;
    Result<ScorerMessage> message =
        frame.ok() ? ReadScorerMessage(**frame) : Result<ScorerMessage>(frame.status());
    if (message.ok()) {
      Take(seat, *std::move(message), now);
      continue;
    }
    const std::string& why = message.status().message();
    if (seat.state == SeatState::kStarting) return StartFailed(seat, why, now);
    if (seat.state == SeatState::kBusy) return Broke(seat, Breakage::kNonsense, why, now);
    tell_("unasked");
    return StopChild(seat, now);
  }
}

void ChildPool::Take(Seat& seat, ScorerMessage message, Time now) {
  if (auto* failed = std::get_if<FailedMessage>(&message)) {
    if (seat.state == SeatState::kBusy) return Broke(seat, Breakage::kCrash, failed->detail, now);
    return StartFailed(seat, failed->detail, now);
  }
  if (auto* ready = std::get_if<ReadyMessage>(&message)) {
    if (seat.state != SeatState::kStarting) return;
    if (ready_ && ready_->version != ready->version && options_.changed) {
      options_.changed(ready_->version, ready->version);
    }
    ready_ = std::move(*ready);
    start_failures_ = 0;
    start_failure_.clear();
    seat.state = SeatState::kIdle;
    return HandOut(now);
  }
  const auto* verdict = std::get_if<VerdictMessage>(&message);
  const auto* error = std::get_if<ErrorMessage>(&message);
  const uint64_t id = verdict != nullptr ? verdict->id : error->id;
  if (seat.state != SeatState::kBusy || id != seat.attempt) {
    // A second answer, or one to a question that nobody asked: dropped.
    tell_("unasked");
    if (seat.state == SeatState::kStarting) {
      StartFailed(seat, "it answered before it was ready", now);
    } else if (++seat.unasked > kMaxUnasked) {
      if (seat.state == SeatState::kBusy) {
        Broke(seat, Breakage::kNonsense, "it answers what nobody asked", now);
      } else {
        tell_("restart");
        StopChild(seat, now);
      }
    }
    return;
  }
  if (verdict != nullptr) return Judged(seat, verdict->verdict, now);
  Broke(seat, Breakage::kError, error->detail, now, /*keep_child=*/true);
}

void ChildPool::Judged(Seat& seat, Verdict verdict, Time now) {
  const uint64_t job = std::exchange(seat.job, 0);
  seat.state = SeatState::kIdle;
  seat.idle_ends = 0;
  ++seat.served;
  Work& work = jobs_.at(job);
  // Only what was graded without haste is a good canary.
  const bool quick = now - seat.given < options_.limit / 4;
  if (work.grading.step() != GradingCase::Step::kCanary && quick &&
      verdict.reason() == OutcomeReason::kGraded) {
    canaries_.Add(work.job.fields);
  }
  work.grading.Judged(std::move(verdict));
  Continue(job, now);
  HandOut(now);
}

void ChildPool::Broke(Seat& seat, Breakage how, const std::string& detail, Time now,
                      bool keep_child) {
  const uint64_t job = seat.job;
  tell_(std::string(BreakageName(how)));
  if (keep_child) {
    seat.state = SeatState::kIdle;
    seat.job = 0;
    ++seat.served;
  } else {
    tell_("restart");
    StopChild(seat, now);
  }
  GradingCase& grading = jobs_.at(job).grading;
  if (grading.step() == GradingCase::Step::kCanary) canaries_.DropLast();
  grading.Broke(how, detail);
  Continue(job, now);
  HandOut(now);
}

// After an attempt: the next one, or the verdict.
void ChildPool::Continue(uint64_t job, Time now) {
  const auto found = jobs_.find(job);
  Work& work = found->second;
  const GradingCase::Step step = work.cancelled ? GradingCase::Step::kDone : work.grading.step();
  if (step == GradingCase::Step::kDone) {
    const Work done = std::move(work);
    jobs_.erase(found);
    if (!done.cancelled) done.job.done(done.grading.verdict());
    return;
  }
  if (step == GradingCase::Step::kCanary) tell_("canary");
  // A child that said itself that it failed is as good as a fresh one.
  const bool same_child =
      step == GradingCase::Step::kAlone && work.grading.last_breakage() == Breakage::kError;
  (same_child ? waiting_ : for_fresh_).push_back(job);
}

void ChildPool::HandOut(Time now) {
  bool fresh_comes = std::any_of(seats_.begin(), seats_.end(), [](const Seat& seat) {
    return seat.state == SeatState::kDown || seat.state == SeatState::kStarting ||
           (seat.state == SeatState::kIdle && seat.served == 0);
  });
  const auto take = [](std::deque<uint64_t>* queue) {
    const uint64_t job = queue->front();
    queue->pop_front();
    return job;
  };
  for (Seat& seat : seats_) {
    if (seat.state != SeatState::kIdle || seat.closed) continue;
    if (seat.served == 0 && !for_fresh_.empty()) {
      Give(seat, take(&for_fresh_), now);
    } else if (!for_fresh_.empty() && !fresh_comes) {
      StopChild(seat, now);  // it makes room for the fresh one that is needed
      fresh_comes = true;
    } else if (!waiting_.empty()) {
      Give(seat, take(&waiting_), now);
    }
  }
}

void ChildPool::Give(Seat& seat, uint64_t job, Time now) {
  Work& work = jobs_.at(job);
  const bool canary = work.grading.step() == GradingCase::Step::kCanary;
  const std::string fields = canary ? canaries_.For(work.job.fields) : work.job.fields;
  seat.state = SeatState::kBusy;
  seat.job = job;
  seat.attempt = next_attempt_++;
  seat.given = now;
  seat.due = now + options_.limit;
  seat.unasked = 0;
  seat.noise = 0;
  seat.child->Write(Frame(ScoreMessage(seat.attempt, fields)));
}

void ChildPool::Tick(Time now) {
  const bool check_memory = now >= next_memory_check_;
  if (check_memory) next_memory_check_ = now + kMemoryCheck;
  for (size_t i = 0; i < seats_.size(); ++i) {
    Seat& seat = seats_[i];
    if (seat.state == SeatState::kDown) {
      if (now >= seat.due) Start(seat, now);
      continue;
    }
    if (const std::optional<std::string> end = seat.child->TakeEnd()) {
      seat.closed = true;
      Serve(i, now);  // what it wrote before
      if (!seat.child || seat.state == SeatState::kDown) continue;
      Ended(seat, *end, now);
      continue;
    }
    const std::string too_much = check_memory ? TooMuch(*seat.child) : "";
    if (!too_much.empty()) {
      if (seat.state == SeatState::kBusy) {
        Broke(seat, Breakage::kMemory, too_much, now);
      } else if (seat.state == SeatState::kStarting) {
        StartFailed(seat, "it takes too much: " + too_much, now);
      } else {
        tell_("restart");
        StopChild(seat, now);
      }
      continue;
    }
    if ((seat.state == SeatState::kIdle && !seat.closed) || now < seat.due) continue;
    if (seat.closed) {
      Ended(seat, "it closed its stdout", now);
    } else if (seat.state == SeatState::kStarting) {
      StartFailed(seat, "it was not ready in time", now);
    } else {
      Serve(i, now);  // what came just in time
      if (seat.state == SeatState::kBusy && now >= seat.due)
        Broke(seat, Breakage::kTimeout, "", now);
    }
  }
  HandOut(now);
}

// A child is gone; `how` and its last words say why.
void ChildPool::Ended(Seat& seat, const std::string& how, Time now) {
  const std::string words = seat.child->LastWords();
  const std::string why = how + (words.empty() ? "" : ": " + Quoted(words, 200));
  if (seat.state == SeatState::kStarting) return StartFailed(seat, why, now);
  if (seat.state == SeatState::kBusy) {
    Work& work = jobs_.at(seat.job);
    if (seat.served == 0 || work.excused || now - seat.given > kHandover) {
      return Broke(seat, Breakage::kCrash, why, now);
    }
    // It was ending already when it was given this one: its last rollout's doing, once.
    work.excused = true;
    (work.grading.step() == GradingCase::Step::kRun ? waiting_ : for_fresh_).push_front(seat.job);
    tell_("restart");
    StopChild(seat, now);
    return HandOut(now);
  }
  tell_("restart");
  // One that starts and ends without having done anything is not started in a loop.
  StopChild(seat, seat.served > 0 ? now : now + RestartDelay(++seat.idle_ends));
}

std::optional<Time> ChildPool::NextDue() const {
  std::optional<Time> next;
  for (const Seat& seat : seats_) {
    if ((seat.state != SeatState::kIdle || seat.closed) && (!next || seat.due < *next))
      next = seat.due;
  }
  return next;
}

}  // namespace cohort
