#include "reward_workers/plugins/http_pool.h"

#include <curl/curl.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "libs/base/rng.h"
#include "reward_workers/plugins/canaries.h"
#include "reward_workers/plugins/frames.h"
#include "reward_workers/plugins/grading_case.h"
#include "reward_workers/plugins/messages.h"
#include "reward_workers/plugins/retry_delay.h"

namespace cohort {
namespace {

constexpr Duration kLongestPoll = std::chrono::milliseconds(500);
struct Request {
  CURL* easy = nullptr;
  std::vector<uint64_t> jobs;
  Time sent{};
  std::string body;
  std::string reply;
  bool too_long = false;
};

size_t TakeReply(char* bytes, size_t size, size_t count, void* request) {
  auto& taken = *static_cast<Request*>(request);
  if (taken.reply.size() + size * count > kMaxReplyBytes) {
    taken.too_long = true;
    return 0;
  }
  taken.reply.append(bytes, size * count);
  return size * count;
}

// The service was not reached, or sent us away unread.
bool IsAway(CURLcode code, long status, bool sent) {
  switch (code) {
    case CURLE_OK:
      return status == 429;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_SSL_CONNECT_ERROR:
      return true;
    case CURLE_OPERATION_TIMEDOUT:
      return !sent;
    default:
      return false;
  }
}

// It may be away, or this task may have broken it: both look like this.
bool MayBeAway(CURLcode code, long status) {
  switch (code) {
    case CURLE_OK:
      return status == 408 || status == 502 || status == 503 || status == 504;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return true;
    default:
      return false;
  }
}

}  // namespace

class HttpPool::Loop {
 public:
  Loop(Options options, const Clock* clock, Tell tell)
      : options_(std::move(options)),
        clock_(*clock),
        tell_(std::move(tell)),
        rate_(options_.requests_per_second),
        rng_(1) {
    static std::once_flag once;
    std::call_once(once, [] {
      curl_global_init(CURL_GLOBAL_DEFAULT);
      signal(SIGPIPE, SIG_IGN);  // a connection that is closed under us is an error, not the end
    });
    multi_ = curl_multi_init();
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.in_flight));
    headers_ = curl_slist_append(headers_, "Content-Type: application/json");
    headers_ = curl_slist_append(headers_, "Expect:");
    if (!options_.authorization.empty()) {
      headers_ = curl_slist_append(headers_, ("Authorization: " + options_.authorization).c_str());
    }
    thread_ = std::thread([this] { Run(); });
  }

  ~Loop() {
    stop_ = true;
    curl_multi_wakeup(multi_);
    thread_.join();
    for (auto& [easy, request] : requests_) Close(easy);
    for (CURL* easy : idle_) curl_easy_cleanup(easy);
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
  }

  void Post(std::function<void()> command) {
    {
      std::scoped_lock lock(mutex_);
      commands_.push_back(std::move(command));
    }
    curl_multi_wakeup(multi_);
  }

  void Submit(Job job) {
    const uint64_t id = job.id;
    works_[id].job = std::move(job);
    ready_.push_back(id);
  }

  void Cancel(uint64_t id) {
    if (works_.erase(id) > 0) tell_("cancelled");  // what asks for it finds nothing any more
  }

 private:
  struct Work {
    Job job;
    GradingCase grading;
    int retries = 0;
    bool alone = false;  // not in a batch
  };

  void Run() {
    while (!stop_) {
      std::vector<std::function<void()>> commands;
      {
        std::scoped_lock lock(mutex_);
        commands.swap(commands_);
      }
      for (const auto& command : commands) command();
      Wake(clock_.Now());
      const Duration wait = Dispatch(clock_.Now());
      int running = 0;
      curl_multi_perform(multi_, &running);
      if (TakeDone()) continue;
      const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
      curl_multi_poll(multi_, nullptr, 0, static_cast<int>(milliseconds), nullptr);
    }
  }

  // What has waited long enough.
  void Wake(Time now) {
    while (!delayed_.empty() && delayed_.begin()->first <= now) {
      ready_.push_back(delayed_.begin()->second);
      delayed_.erase(delayed_.begin());
    }
  }

  // Returns how long nothing can be sent unless something comes.
  Duration Dispatch(Time now) {
    while (!ready_.empty() && requests_.size() < options_.in_flight) {
      if (!works_.contains(ready_.front())) {  // cancelled
        ready_.pop_front();
        continue;
      }
      if (!rate_.Take(now)) return std::min<Duration>(rate_.Wait(), kLongestPoll);
      Send(TakeBatch());
    }
    if (delayed_.empty()) return kLongestPoll;
    return std::clamp<Duration>(delayed_.begin()->first - now, Duration::zero(), kLongestPoll);
  }

  // Several rollouts that nothing happened to yet, or one by itself.
  std::vector<uint64_t> TakeBatch() {
    std::vector<uint64_t> batch;
    while (!ready_.empty() && batch.size() < options_.batch) {
      const auto found = works_.find(ready_.front());
      const bool alone = found != works_.end() && found->second.alone;
      if (alone && !batch.empty()) break;
      ready_.pop_front();
      if (found == works_.end()) continue;
      batch.push_back(found->first);
      if (alone) break;
    }
    return batch;
  }

  std::string FieldsOf(const Work& work) {
    return work.grading.step() == GradingCase::Step::kCanary ? canaries_.For(work.job.fields)
                                                             : work.job.fields;
  }

  void Send(std::vector<uint64_t> jobs) {
    CURL* easy = nullptr;
    if (idle_.empty()) {
      easy = curl_easy_init();
    } else {
      easy = idle_.back();
      idle_.pop_back();
      curl_easy_reset(easy);
    }
    auto request = std::make_unique<Request>();
    request->easy = easy;
    request->sent = clock_.Now();
    if (options_.batch == 1) {
      request->body = FieldsOf(works_.at(jobs[0]));
    } else {
      request->body = "{\"tasks\":[";
      for (size_t i = 0; i < jobs.size(); ++i)
        request->body += (i == 0 ? "" : ",") + FieldsOf(works_.at(jobs[i]));
      request->body += "]}";
    }
    request->jobs = std::move(jobs);
    const auto limit = std::chrono::ceil<std::chrono::milliseconds>(options_.limit).count();
    curl_easy_setopt(easy, CURLOPT_URL, options_.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");  // none, whatever the environment says
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(std::max<int64_t>(1, limit / 4)));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request->body.size()));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(limit));
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &TakeReply);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, request.get());
    curl_multi_add_handle(multi_, easy);
    requests_[easy] = std::move(request);
  }

  void Close(CURL* easy) {
    curl_multi_remove_handle(multi_, easy);
    idle_.push_back(easy);
  }

  bool TakeDone() {
    bool any = false;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      any = true;
      CURL* easy = message->easy_handle;
      const CURLcode code = message->data.result;
      long status = 0;
      curl_off_t retry_after = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
      curl_off_t connected = 0;
      curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
      const std::unique_ptr<Request> request = std::move(requests_.at(easy));
      requests_.erase(easy);
      Close(easy);
      Done(*request, code, status, /*sent=*/connected > 0, retry_after);
    }
    return any;
  }

  void Done(const Request& request, CURLcode code, long status, bool sent, int64_t retry_after) {
    const std::string what =
        code == CURLE_OK ? "HTTP " + std::to_string(status) : curl_easy_strerror(code);
    if (request.too_long)
      return BrokeAll(request, Breakage::kNonsense, "it answered with more than 1 MiB");
    if (IsAway(code, status, sent)) return Retry(request, what, /*away=*/true, retry_after);
    if (MayBeAway(code, status)) return Retry(request, what, /*away=*/false, retry_after);
    if (code == CURLE_OPERATION_TIMEDOUT) return BrokeAll(request, Breakage::kTimeout, "");
    if (code == CURLE_OK && (status == 401 || status == 403)) {
      for (const uint64_t id : request.jobs) {
        Finish(id, Verdict::Masked(OutcomeReason::kGraderCrashed, options_.url + ": " + what));
      }
      return;
    }
    if (code != CURLE_OK || status < 200 || status >= 300)
      return BrokeAll(request, Breakage::kError, what);
    TakeVerdicts(request);
  }

  void TakeVerdicts(const Request& request) {
    if (options_.batch == 1)
      return TakeVerdict(request, request.jobs[0], ReadVerdict(request.reply));
    Result<std::vector<Result<Verdict>>> verdicts =
        ReadVerdicts(request.reply, request.jobs.size());
    if (!verdicts.ok()) return BrokeAll(request, Breakage::kNonsense, verdicts.status().message());
    for (size_t i = 0; i < request.jobs.size(); ++i) {
      TakeVerdict(request, request.jobs[i], std::move((*verdicts)[i]));
    }
  }

  void TakeVerdict(const Request& request, uint64_t id, Result<Verdict> verdict) {
    if (!verdict.ok()) return Broke(id, Breakage::kNonsense, verdict.status().message());
    const auto found = works_.find(id);
    if (found == works_.end()) return;
    Work& work = found->second;
    // Only what was graded without haste is a good canary.
    const bool quick = clock_.Now() - request.sent < options_.limit / 4;
    const bool canary = work.grading.step() == GradingCase::Step::kCanary;
    if (!canary && quick && verdict->reason() == OutcomeReason::kGraded)
      canaries_.Add(work.job.fields);
    work.grading.Judged(*std::move(verdict));
    GoOn(id);
  }

  // What breaks several at once is not yet an attempt of any of them: each is sent alone.
  void BrokeAll(const Request& request, Breakage how, const std::string& detail) {
    for (const uint64_t id : request.jobs) {
      const auto found = works_.find(id);
      if (found == works_.end()) continue;
      found->second.alone = true;
      if (request.jobs.size() == 1) {
        Broke(id, how, detail);
      } else {
        ready_.push_back(id);
      }
    }
  }

  void Broke(uint64_t id, Breakage how, const std::string& detail) {
    tell_(std::string(BreakageName(how)));
    const auto found = works_.find(id);
    if (found == works_.end()) return;
    Work& work = found->second;
    work.alone = true;
    if (work.grading.step() == GradingCase::Step::kCanary) canaries_.DropLast();
    work.grading.Broke(how, detail);
    GoOn(id);
  }

  // After an attempt: the next one, or the verdict.
  void GoOn(uint64_t id) {
    const GradingCase& grading = works_.at(id).grading;
    if (grading.step() == GradingCase::Step::kDone) return Finish(id, grading.verdict());
    if (grading.step() == GradingCase::Step::kCanary) tell_("canary");
    ready_.push_back(id);
  }

  void Retry(const Request& request, const std::string& what, bool away, int64_t retry_after) {
    tell_(what == "HTTP 429" ? "rate_limited" : "retry");
    const Time now = clock_.Now();
    for (const uint64_t id : request.jobs) {
      const auto found = works_.find(id);
      if (found == works_.end()) continue;
      Work& work = found->second;
      work.alone = work.alone || !away;
      if (work.retries >= options_.retries) {
        // Nobody was there: masked. Somebody may have been: the canary says whose fault it is.
        if (away) {
          Finish(id, Verdict::Masked(OutcomeReason::kGraderCrashed,
                                     options_.url + ": " + what + ", " +
                                         std::to_string(work.retries) + " times again"));
        } else {
          Broke(id, Breakage::kError, what);
        }
        continue;
      }
      const Duration asked = Seconds(static_cast<double>(std::min<int64_t>(retry_after, 300)));
      delayed_.emplace(now + std::max<Duration>(asked, RetryDelay(work.retries, rng_.Uniform())),
                       id);
      ++work.retries;
    }
  }

  void Finish(uint64_t id, Verdict verdict) {
    const auto found = works_.find(id);
    if (found == works_.end()) return;
    const auto done = std::move(found->second.job.done);
    works_.erase(found);
    done(std::move(verdict));
  }

  const Options options_;
  const Clock& clock_;
  const Tell tell_;
  CURLM* multi_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::mutex mutex_;
  std::vector<std::function<void()>> commands_;
  std::atomic<bool> stop_ = false;

  // Of the thread.
  RateLimit rate_;
  Rng rng_;
  std::map<uint64_t, Work> works_;
  std::deque<uint64_t> ready_;
  std::multimap<Time, uint64_t> delayed_;
  std::map<CURL*, std::unique_ptr<Request>> requests_;
  std::vector<CURL*> idle_;
  Canaries canaries_;
  std::thread thread_;  // last: uses the others
};

HttpPool::HttpPool(Options options, const Clock* clock, Tell tell)
    : loop_(std::make_unique<Loop>(std::move(options), clock, std::move(tell))) {}

HttpPool::~HttpPool() = default;

void HttpPool::Submit(Job job) {
  loop_->Post([loop = loop_.get(), job = std::move(job)] { loop->Submit(job); });
}

void HttpPool::Cancel(uint64_t id) {
  loop_->Post([loop = loop_.get(), id] { loop->Cancel(id); });
}

}  // namespace cohort
