#include "reward_workers/plugins/http_pool.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "libs/base/rng.h"
#include "reward_workers/plugins/canaries.h"
#include "reward_workers/plugins/grading_case.h"
#include "reward_workers/plugins/http_transport.h"
#include "reward_workers/plugins/retry_delay.h"
#include "reward_workers/plugins/service_line.h"

namespace cohort {
namespace {

constexpr Duration kLongestPoll = std::chrono::milliseconds(500);
// The first, one alone, and three canaries with one alone behind each; two more canaries may break.
constexpr int kAttempts = 10;

HttpTransport::Options TransportOptions(const HttpPool::Options& options) {
  return {options.url, options.authorization, options.limit, options.in_flight};
}

ServiceLine::Options LineOptions(const HttpPool::Options& options) {
  ServiceLine::Options line;
  line.patience = options.patience;
  line.requests_per_second = options.requests_per_second;
  return line;
}

std::string SecondsText(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g s", ToSeconds(duration));
  return text;
}

}  // namespace

class HttpPool::Loop {
 public:
  Loop(Options options, std::unique_ptr<const ServiceCodec> codec, const Clock* clock, Tell tell)
      : options_(std::move(options)),
        codec_(std::move(codec)),
        clock_(*clock),
        tell_(std::move(tell)),
        rng_(1),
        line_(LineOptions(options_)),
        transport_(TransportOptions(options_), clock),
        thread_([this] { Run(); }) {}

  ~Loop() {
    stop_ = true;
    transport_.Wake();
    thread_.join();
  }

  void Post(std::function<void()> command) {
    {
      std::scoped_lock lock(mutex_);
      commands_.push_back(std::move(command));
    }
    transport_.Wake();
  }

  void Submit(Job job) {
    const uint64_t id = job.id;
    works_[id].job = std::move(job);
    line_.Add(id, /*alone=*/false, clock_.Now());
  }

  void Cancel(uint64_t id) {
    const auto found = works_.find(id);
    if (found == works_.end()) return;
    const uint64_t request = found->second.request;
    works_.erase(found);
    line_.Remove(id);
    tell_("cancelled");
    const auto sent = sent_.find(request);
    if (sent == sent_.end()) return;
    for (const uint64_t other : sent->second.ids) {
      if (works_.contains(other)) return;
    }
    transport_.Drop(request);
    line_.GivenUp(sent->second);
    sent_.erase(sent);
  }

 private:
  struct Work {
    Job job;
    GradingCase grading;
    int retries = 0;
    bool alone = false;     // not in a batch
    bool doubtful = false;  // it broke in a way that may be the service's
    uint64_t request = 0;   // the last one about it
  };

  void Run() {
    while (!stop_) {
      std::vector<std::function<void()>> commands;
      {
        std::scoped_lock lock(mutex_);
        commands.swap(commands_);
      }
      for (const auto& command : commands) command();
      for (const uint64_t id : line_.Advance(clock_.Now())) GiveUp(id);
      SendAll();
      for (const HttpReply& reply : transport_.Wait(LongestIdle())) Take(reply);
    }
  }

  bool Full() const { return transport_.under_way() >= options_.in_flight; }

  // How long nothing can be done unless something comes.
  Duration LongestIdle() const {
    const std::optional<Time> due = line_.NextDue(Full());
    if (!due) return kLongestPoll;
    return std::clamp<Duration>(*due - clock_.Now(), Duration::zero(), kLongestPoll);
  }

  void SendAll() {
    while (!Full()) {
      ServiceLine::Batch batch = line_.Take(options_.batch, clock_.Now());
      if (batch.ids.empty()) return;
      const uint64_t request = next_request_++;
      std::vector<std::string> fields;
      for (const uint64_t id : batch.ids) {
        Work& work = works_.at(id);
        work.request = request;
        fields.push_back(FieldsOf(work));
      }
      transport_.Post(request, codec_->Body(fields));
      sent_[request] = std::move(batch);
    }
  }

  std::string FieldsOf(const Work& work) {
    return work.grading.step() == GradingCase::Step::kCanary ? canaries_.For(work.job.fields)
                                                             : work.job.fields;
  }

  bool IsCanary(const ServiceLine::Batch& batch) const {
    if (batch.ids.size() != 1) return false;
    const auto found = works_.find(batch.ids.front());
    return found != works_.end() && found->second.grading.step() == GradingCase::Step::kCanary;
  }

  // First what it says about the service, then what it says about the rollouts.
  void Take(const HttpReply& reply) {
    const ServiceLine::Batch batch = std::move(sent_.at(reply.id));
    sent_.erase(reply.id);
    const Time now = clock_.Now();
    // A canary is nobody's attack: where the service breaks on it, it is away for all.
    const bool trouble = reply.fate == HttpFate::kBrokeOff || reply.status >= 500;
    if (trouble && IsCanary(batch)) {
      busy_ = false;
      refusal_ = reply.what;
      tell_("retry");
      return line_.Refused(batch, now, reply.retry_after);
    }
    switch (reply.fate) {
      case HttpFate::kAway:
      case HttpFate::kBusy:
        busy_ = reply.fate == HttpFate::kBusy;
        refusal_ = reply.what;
        tell_(busy_ ? "rate_limited" : "retry");
        return line_.Refused(batch, now, reply.retry_after);
      case HttpFate::kBrokeOff:
        line_.BrokeOff(batch, now);
        return Repeat(batch, reply);
      case HttpFate::kTimeout:
        line_.Answered(batch, now);  // somebody took it: the others need not wait
        return BrokeAll(batch, Breakage::kTimeout, "", /*doubtful=*/true);
      case HttpFate::kTooLong:
        line_.Answered(batch, now);
        return BrokeAll(batch, Breakage::kNonsense, reply.what);
      case HttpFate::kError:
        if (reply.status >= 500) {
          line_.BrokeOff(batch, now);
        } else {
          line_.Answered(batch, now);
        }
        return BrokeAll(batch, Breakage::kError, reply.what, reply.status >= 500);
      case HttpFate::kAnswered:
        line_.Answered(batch, now);
        return TakeVerdicts(batch, reply);
    }
  }

  void TakeVerdicts(const ServiceLine::Batch& batch, const HttpReply& reply) {
    Result<std::vector<Result<Verdict>>> verdicts = codec_->Read(reply.body, batch.ids.size());
    if (!verdicts.ok()) return BrokeAll(batch, Breakage::kNonsense, verdicts.status().message());
    for (size_t i = 0; i < batch.ids.size(); ++i) {
      Result<Verdict>& verdict = (*verdicts)[i];
      if (verdict.ok()) {
        Judged(batch.ids[i], *std::move(verdict), reply.took);
      } else {
        Broke(batch.ids[i], Breakage::kNonsense, verdict.status().message());
      }
    }
  }

  void Judged(uint64_t id, Verdict verdict, Duration took) {
    const auto found = works_.find(id);
    if (found == works_.end()) return;
    Work& work = found->second;
    // Only what was graded without haste is a good canary.
    const bool canary = work.grading.step() == GradingCase::Step::kCanary;
    if (!canary && took < options_.limit / 4 && verdict.reason() == OutcomeReason::kGraded)
      canaries_.Add(work.job.fields);
    work.grading.Judged(std::move(verdict));
    GoOn(id);
  }

  // What breaks several at once is not yet an attempt of any of them: each is sent alone.
  void BrokeAll(const ServiceLine::Batch& batch, Breakage how, const std::string& detail,
                bool doubtful = false) {
    for (const uint64_t id : batch.ids) {
      const auto found = works_.find(id);
      if (found == works_.end()) continue;
      found->second.alone = true;
      if (batch.ids.size() == 1) {
        Broke(id, how, detail, doubtful);
      } else {
        line_.Add(id, /*alone=*/true, clock_.Now());
      }
    }
  }

  void Broke(uint64_t id, Breakage how, const std::string& detail, bool doubtful = false) {
    tell_(std::string(BreakageName(how)));
    const auto found = works_.find(id);
    if (found == works_.end()) return;
    Work& work = found->second;
    work.alone = true;
    if (work.grading.step() == GradingCase::Step::kCanary) canaries_.DropLast();
    work.grading.Broke(how, detail, doubtful);
    work.doubtful = work.doubtful || doubtful;
    GoOn(id);
  }

  // After an attempt: the next one, or the verdict.
  void GoOn(uint64_t id) {
    const Work& work = works_.at(id);
    if (work.grading.step() == GradingCase::Step::kDone) return Finish(id, work.grading.verdict());
    if (work.grading.step() == GradingCase::Step::kCanary) tell_("canary");
    // What comes and goes is given a moment.
    const Duration delay = work.doubtful ? RetryDelay(0, rng_.Uniform()) : Duration::zero();
    line_.AddAt(clock_.Now() + delay, id, work.alone);
  }

  // It may have been away: once more. Else the canary says whose fault it is.
  void Repeat(const ServiceLine::Batch& batch, const HttpReply& reply) {
    tell_("retry");
    for (const uint64_t id : batch.ids) {
      const auto found = works_.find(id);
      if (found == works_.end()) continue;
      Work& work = found->second;
      work.alone = true;
      if (work.retries >= options_.retries) {
        Broke(id, Breakage::kError, reply.what, /*doubtful=*/true);
        continue;
      }
      const Duration delay = RetryDelay(work.retries++, rng_.Uniform());
      line_.AddAt(clock_.Now() + std::max(reply.retry_after, delay), id, /*alone=*/true);
    }
  }

  void GiveUp(uint64_t id) {
    Finish(id, Verdict::Masked(
                   busy_ ? OutcomeReason::kSaturated : OutcomeReason::kGraderCrashed,
                   options_.url + ": " + refusal_ + ", for " + SecondsText(options_.patience)));
  }

  void Finish(uint64_t id, Verdict verdict) {
    const auto found = works_.find(id);
    if (found == works_.end()) return;
    const auto done = std::move(found->second.job.done);
    works_.erase(found);
    line_.Remove(id);
    done(std::move(verdict));
  }

  const Options options_;
  const std::unique_ptr<const ServiceCodec> codec_;
  const Clock& clock_;
  const Tell tell_;
  std::mutex mutex_;
  std::vector<std::function<void()>> commands_;
  std::atomic<bool> stop_ = false;

  // Of the thread.
  Rng rng_;
  ServiceLine line_;
  HttpTransport transport_;
  std::map<uint64_t, Work> works_;
  std::map<uint64_t, ServiceLine::Batch> sent_;  // by request
  uint64_t next_request_ = 1;
  std::string refusal_;  // the last one
  bool busy_ = false;    // … said that there is no room
  Canaries canaries_;
  std::thread thread_;  // last: uses the others
};

HttpPool::HttpPool(Options options, std::unique_ptr<const ServiceCodec> codec, const Clock* clock,
                   Tell tell)
    : loop_(std::make_unique<Loop>(std::move(options), std::move(codec), clock, std::move(tell))) {}

HttpPool::~HttpPool() = default;

void HttpPool::Submit(Job job) {
  loop_->Post([loop = loop_.get(), job = std::move(job)] { loop->Submit(job); });
}

void HttpPool::Cancel(uint64_t id) {
  loop_->Post([loop = loop_.get(), id] { loop->Cancel(id); });
}

Duration LongestWait(const HttpPool::Options& options) {
  return kAttempts * options.limit + options.retries * (options.limit + kLongestRetryAfter) +
         options.patience;
}

}  // namespace cohort
