#include "libs/messaging/broker_client.h"

#include <cstdio>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "libs/base/endpoint.h"
#include "libs/messaging/client_loop.h"
#include "libs/messaging/client_shared.h"
#include "libs/messaging/keys.h"

namespace cohort {
namespace {

constexpr Duration kShortClose = Seconds(0.5);
constexpr char kNoOperator[] = "this client speaks for no operator";

TaskSpec ToSpec(NewTask task) {
  TaskSpec spec;
  spec.queue = std::move(task.queue);
  spec.id = task.id;
  spec.body = Body::Own(std::move(task.body));
  spec.priority = task.priority;
  spec.results = std::move(task.results);
  spec.obituaries = std::move(task.obituaries);
  spec.children = task.children;
  spec.deadline_seconds = task.deadline_seconds;
  spec.max_attempts = task.max_attempts;
  return spec;
}

std::vector<TaskSpec> ToSpecs(std::vector<NewTask> tasks) {
  std::vector<TaskSpec> specs;
  specs.reserve(tasks.size());
  for (NewTask& task : tasks) specs.push_back(ToSpec(std::move(task)));
  return specs;
}

class ThreadedBrokerClient : public BrokerClient {
 public:
  explicit ThreadedBrokerClient(Options options)
      : options_(std::move(options)),
        clock_(options_.clock != nullptr ? *options_.clock : own_clock_),
        shared_(clock_.Now()),
        thread_([this] { ClientLoop(options_, clock_, shared_).Run(); }) {}

  ~ThreadedBrokerClient() override { Close(kShortClose); }

  std::optional<BrokerEvent> Next(Duration timeout) override { return shared_.Next(timeout); }
  void Wake() override { shared_.Wake(); }

  void Put(NewTask task, uint64_t tag) override { Ask(PutCommand{ToSpec(std::move(task))}, tag); }
  void Floor(const std::string& queue, uint64_t run, uint64_t space, uint64_t cursor) override {
    Ask(FloorCommand{queue, run, space, cursor});
  }
  void Cancel(uint64_t run, uint64_t space, uint64_t first, uint64_t last, uint64_t tag) override {
    Ask(CancelCommand{run, space, first, last}, tag);
  }

  void Subscribe(const std::string& queue) override { Ask(SubscribeCommand{queue}); }
  void Grant(const std::string& queue, uint32_t tasks, uint64_t bytes) override {
    shared_.Ask(GrantRequest{queue, tasks, bytes});
  }

  void Begin(const LeaseToken& token) override { Ask(BeginCommand{token}); }
  void SetLimit(const LeaseToken& token, Duration limit) override {
    shared_.Ask(LimitRequest{token, clock_.Now() + limit});
  }
  void SetPhase(const LeaseToken& token, std::string phase) override {
    shared_.Ask(PhaseRequest{token, phase.substr(0, kMaxPhaseBytes)});
  }
  void Emit(const LeaseToken& token, std::vector<NewTask> children, uint64_t tag) override {
    Ask(EmitCommand{token, ToSpecs(std::move(children))}, tag);
  }
  void Settle(const LeaseToken& token, std::vector<NewTask> children, uint64_t tag) override {
    Ask(SettleCommand{token, "", {}, ToSpecs(std::move(children))}, tag);
  }
  void Accept(const LeaseToken& token) override { Ask(AcceptCommand{token}); }
  void Release(const LeaseToken& token) override { Ask(ReleaseCommand{token}); }
  void Fail(const LeaseToken& token, std::string reason) override {
    Ask(FailCommand{token, std::move(reason)});
  }

  Result<std::vector<QueueStats>> Stats(Duration timeout) override {
    auto promise = std::make_shared<std::promise<std::vector<QueueStats>>>();
    auto answer = promise->get_future();
    shared_.Ask(StatsRequest{std::move(promise)});
    return Await(answer, timeout);
  }

  Result<OperatorReport> Peek(const std::string& queue, TaskState state, uint32_t limit,
                              Duration timeout) override {
    return Operate(PeekCommand{queue, state, limit}, timeout);
  }
  Result<OperatorReport> Revive(const std::string& queue, std::optional<TaskId> id,
                                Duration timeout) override {
    return Operate(ReviveCommand{queue, id}, timeout);
  }
  Result<OperatorReport> Purge(const std::string& queue, PurgeScope which,
                               Duration timeout) override {
    return Operate(PurgeCommand{queue, which}, timeout);
  }
  Result<OperatorReport> Pause(const std::string& queue, Duration timeout) override {
    return Operate(PauseCommand{queue}, timeout);
  }
  Result<OperatorReport> Resume(const std::string& queue, Duration timeout) override {
    return Operate(ResumeCommand{queue}, timeout);
  }

  std::string State() const override {
    const auto waiting = shared_.waiting();
    if (!waiting.has_value()) {
      const auto held = shared_.held_back();
      if (!held.has_value()) return "connected";
      return "put held back by queue " + held->queue + " (" + held->why + ") since " +
             SinceText(held->since);
    }
    return "waiting for the broker at " + options_.endpoint + " since " +
           SinceText(waiting->since) + " (" + waiting->why + ")";
  }

  bool Connected() const override { return !shared_.waiting().has_value(); }

  void Close(Duration timeout) override {
    std::scoped_lock lock(closing_);
    if (!thread_.joinable()) return;
    shared_.Ask(CloseRequest{clock_.Now() + timeout});
    thread_.join();
  }

 private:
  void Ask(Verb verb, uint64_t tag = 0) { shared_.Ask(VerbRequest{std::move(verb), tag}); }

  Result<OperatorReport> Operate(Verb verb, Duration timeout) {
    auto promise = std::make_shared<OperatorPromise>();
    auto answer = promise->get_future();
    shared_.Ask(OperateRequest{std::move(verb), std::move(promise)});
    COHORT_ASSIGN_OR_RETURN(Result<OperatorReport> report, Await(answer, timeout));
    return report;
  }

  template <typename T>
  Result<T> Await(std::future<T>& answer, Duration timeout) const {
    if (answer.wait_for(timeout) != std::future_status::ready) {
      return DeadlineExceeded("no answer in time; " + State());
    }
    try {
      return answer.get();
    } catch (const std::future_error&) {
      return Unavailable("the connection to the broker is closed");
    }
  }

  std::string SinceText(Time since) const {
    char text[32];
    std::snprintf(text, sizeof(text), "%.1f s", ToSeconds(clock_.Now() - since));
    return text;
  }

  const Options options_;
  const SystemClock own_clock_;
  const Clock& clock_;
  ClientShared shared_;
  std::mutex closing_;
  std::thread thread_;  // last: uses all of the above
};

}  // namespace

// Clients that speak for no operator need not know these verbs.

Result<OperatorReport> BrokerClient::Peek(const std::string&, TaskState, uint32_t, Duration) {
  return FailedPrecondition(kNoOperator);
}
Result<OperatorReport> BrokerClient::Revive(const std::string&, std::optional<TaskId>, Duration) {
  return FailedPrecondition(kNoOperator);
}
Result<OperatorReport> BrokerClient::Purge(const std::string&, PurgeScope, Duration) {
  return FailedPrecondition(kNoOperator);
}
Result<OperatorReport> BrokerClient::Pause(const std::string&, Duration) {
  return FailedPrecondition(kNoOperator);
}
Result<OperatorReport> BrokerClient::Resume(const std::string&, Duration) {
  return FailedPrecondition(kNoOperator);
}

Result<std::unique_ptr<BrokerClient>> BrokerClient::Connect(const Options& options) {
  if (options.endpoint.empty()) return InvalidArgument("the broker's endpoint is empty");
  if (options.instance.empty() || options.instance.size() > kMaxNameBytes) {
    return InvalidArgument("a client of the broker needs an instance name of 1 to " +
                           std::to_string(kMaxNameBytes) + " bytes");
  }
  if (!options.keys.has_value() && NeedsKeys(options.endpoint)) {
    return PermissionDenied("the broker at " + options.endpoint +
                            " is on another machine, which needs keys: set security.keys");
  }
  return std::unique_ptr<BrokerClient>(std::make_unique<ThreadedBrokerClient>(options));
}

}  // namespace cohort
