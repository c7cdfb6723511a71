#include "reward_workers/reward_worker.h"

#include <algorithm>
#include <utility>

#include "libs/base/logging.h"
#include "libs/protocol/codec.h"

namespace cohort {
namespace {

// Events handled before timers get their turn again.
constexpr int kEventsPerStep = 64;
// Looks at what scorers do. The broker hears of it with renewals, which are rarer.
constexpr Duration kPhasesEvery = Seconds(1);

}  // namespace

// A rollout in hand. Scorers hold references into it: it does not move.
struct RewardWorker::Task {
  TaskId id;
  LeaseToken token;
  Rollout rollout;
  std::string completion;
  Time taken{};
  double taken_wall = 0;  // seconds since 1970
  std::shared_ptr<const ScorePlan> plan;
  std::optional<Judgement> judgement;                  // there is one where there is a plan
  std::vector<Time> asked;                             // when, each of the plan's scorers
  std::string phase;                                   // as the broker was told
  std::vector<std::unique_ptr<PendingScore>> pending;  // last: refers to the others
};

RewardWorker::RewardWorker(Options options, Parts parts)
    : options_(std::move(options)), parts_(std::move(parts)) {
  for (const std::string& route : options_.routes) {
    in_flight_[route] = 0;
    const auto places = options_.places.find(route);
    appetites_.emplace(route, Appetite(places == options_.places.end() ? 0 : places->second,
                                       options_.tasks_in_flight));
  }
  now_.in_flight = in_flight_;
  now_.idle_since = parts_.clock->Now();
  Publish();
}

RewardWorker::~RewardWorker() = default;

void RewardWorker::Start() {
  for (const std::string& route : options_.routes) {
    parts_.broker->Subscribe(RolloutQueue(route));
    GrantCredit(route);
  }
}

Status RewardWorker::Step(Duration max_wait) {
  if (const std::optional<Time> due = parts_.timers->NextDue()) {
    max_wait = std::clamp(*due - parts_.clock->Now(), Duration::zero(), max_wait);
  }
  std::optional<BrokerEvent> event = parts_.broker->Next(max_wait);
  const Time begin = parts_.clock->Now();
  for (int handled = 0; event && handled < kEventsPerStep; ++handled) {
    Handle(std::move(*event));
    event = handled + 1 < kEventsPerStep ? parts_.broker->Next(Duration::zero()) : std::nullopt;
  }
  parts_.timers->RunDue(parts_.clock->Now());
  if (parts_.mailbox != nullptr) parts_.mailbox->RunAll();
  TakeAnswers();
  for (const std::string& route : options_.routes) GrantCredit(route);
  TellPhases();
  Publish();
  parts_.metrics->Busy(begin, parts_.clock->Now());
  return refused_;
}

void RewardWorker::Drain() {
  if (draining_) return;
  draining_ = true;
  for (const std::string& route : options_.routes) GrantCredit(route);
  parts_.metrics->Left("released", tasks_.size());
  while (!tasks_.empty()) {
    const LeaseToken token = tasks_.begin()->first;
    Forget(token);
    parts_.broker->Release(token);
  }
  Publish();
}

void RewardWorker::Handle(BrokerEvent event) {
  std::visit([this](auto&& what) { Handle(std::forward<decltype(what)>(what)); }, std::move(event));
}

void RewardWorker::Handle(Delivery delivery) {
  if (draining_) {
    parts_.metrics->Left("released");
    parts_.broker->Release(delivery.token);
    return;
  }
  parts_.broker->Begin(delivery.token);
  Result<Rollout> rollout = Read(delivery);
  if (!rollout.ok()) {
    LogWarning("delivery refused", {{"queue", delivery.queue},
                                    {"task", delivery.id.ToString()},
                                    {"reason", rollout.status()}});
    parts_.broker->Fail(delivery.token, rollout.status().message());
    return;
  }
  Take(std::move(delivery), *std::move(rollout));
}

Result<Rollout> RewardWorker::Read(const Delivery& delivery) {
  Result<Rollout> rollout = DecodeRollout(delivery.body);
  if (!rollout.ok()) {
    parts_.metrics->Refused("undecodable");
    return rollout.status();
  }
  const std::string& route = rollout->prompt.route;
  if (rollout->id() != delivery.id || delivery.queue != RolloutQueue(route) ||
      !in_flight_.contains(route)) {
    parts_.metrics->Refused("wrong_task");
    return InvalidArgument("rollout message: it is sample " + rollout->id().ToString() +
                           " of route " + route + ", delivered as " + delivery.id.ToString() +
                           " on " + delivery.queue);
  }
  return rollout;
}

void RewardWorker::Take(Delivery delivery, Rollout rollout) {
  const LeaseToken token = delivery.token;
  auto task = std::make_unique<Task>();
  task->id = delivery.id;
  task->token = token;
  task->completion = parts_.decode(rollout.tokens);
  task->rollout = std::move(rollout);
  task->taken = parts_.clock->Now();
  task->taken_wall = parts_.clock->WallSeconds();
  const std::string& route = task->rollout.prompt.route;
  LogDebug("taken", {{"task", task->id.ToString()}, {"route", route}});
  parts_.metrics->Taken(route, task->taken_wall - task->rollout.finished_at);
  ++in_flight_[route];
  Task& in_hand = *(tasks_[token] = std::move(task));

  Result<std::shared_ptr<const ScorePlan>> plan =
      parts_.plans->Find(in_hand.rollout.prompt.scorers);
  if (!plan.ok()) {
    SettleTask(in_hand, Outcome::Masked(OutcomeReason::kTaskUnsupported, plan.status().message()));
    return;
  }
  in_hand.plan = *std::move(plan);
  in_hand.judgement.emplace(in_hand.plan->composition);
  in_hand.asked.resize(in_hand.plan->scorers.size());
  AskScorers(in_hand);
  TakeAnswers();
  if (!tasks_.contains(token)) return;  // settled already
  parts_.broker->SetLimit(token, in_hand.plan->limit);
  GrantCredit(in_hand.rollout.prompt.route);
}

void RewardWorker::AskScorers(Task& task) {
  for (const size_t scorer : task.judgement->TakeReady()) {
    const ScoreRequest request{task.rollout, task.completion, task.judgement->Right(scorer)};
    task.asked[scorer] = parts_.clock->Now();
    std::unique_ptr<PendingScore> pending = task.plan->scorers[scorer]->Start(
        request, [this, token = task.token, scorer](Verdict verdict) {
          answered_.push_back({token, scorer, std::move(verdict)});
        });
    if (pending != nullptr) task.pending.push_back(std::move(pending));
  }
}

// Callbacks only leave their verdicts here: nothing is destroyed while a scorer is on the stack.
void RewardWorker::TakeAnswers() {
  while (!answered_.empty()) {
    std::vector<Answered> answers;
    answers.swap(answered_);
    for (Answered& answer : answers) {
      const auto found = tasks_.find(answer.token);
      if (found == tasks_.end()) {
        parts_.metrics->Dropped();
        continue;
      }
      Task& task = *found->second;
      const std::string_view outcome = answer.verdict.applicable()
                                           ? OutcomeReasonName(answer.verdict.reason())
                                           : "not_applicable";
      if (!task.judgement->Set(answer.scorer, std::move(answer.verdict))) {
        parts_.metrics->Dropped();
        continue;
      }
      parts_.metrics->Graded(task.plan->composition->rules()[answer.scorer].name, outcome,
                             ToSeconds(parts_.clock->Now() - task.asked[answer.scorer]));
      AskScorers(task);
      if (task.judgement->complete()) SettleTask(task, task.judgement->Finish());
    }
  }
}

void RewardWorker::SettleTask(Task& task, Outcome outcome) {
  const LeaseToken token = task.token;
  const std::string route = task.rollout.prompt.route;
  const OutcomeReason reason = outcome.reason();
  const Time now = parts_.clock->Now();
  task.pending.clear();  // refers to the rollout, which moves now

  Scored scored;
  scored.rollout = std::move(task.rollout);
  scored.rollout.prompt.columns.clear();  // scorers alone read them, and they may be long
  scored.outcome = std::move(outcome);
  scored.completion = std::move(task.completion);
  scored.received_at = task.taken_wall;
  scored.scored_at = parts_.clock->WallSeconds();
  scored.worker = options_.instance;
  NewTask child;
  child.queue = ScoredQueue(route);
  child.id = task.id;
  child.body = Encode(scored);
  std::vector<NewTask> children;
  children.push_back(std::move(child));
  const uint64_t tag = next_tag_++;
  unconfirmed_[tag] = token;
  parts_.broker->Settle(token, std::move(children), tag);

  LogDebug("scored", {{"task", task.id.ToString()}, {"outcome", OutcomeReasonName(reason)}});
  parts_.metrics->Finished(route, reason, ToSeconds(now - task.taken));
  now_.finished[std::string(OutcomeReasonName(reason))] += 1;
  now_.idle_since = now;
  appetites_.at(route).Finished(now);
  task.rollout.prompt.route = route;  // Forget counts by it
  Forget(token);
}

void RewardWorker::Forget(const LeaseToken& token) {
  const auto found = tasks_.find(token);
  if (found == tasks_.end()) return;
  --in_flight_[found->second->rollout.prompt.route];
  tasks_.erase(found);
}

void RewardWorker::Handle(const Answer& answer) {
  const auto found = unconfirmed_.find(answer.tag);
  if (found == unconfirmed_.end()) return;
  const LeaseToken token = found->second;
  unconfirmed_.erase(found);
  if (answer.status.ok()) return;
  LogWarning("score refused by the broker", {{"reason", answer.status}});
  if (answer.status.code() == StatusCode::kResourceExhausted) {
    parts_.metrics->Left("too_large");
    parts_.broker->Fail(token, "its score is refused: " + answer.status.message());
  } else {
    parts_.metrics->Left("late");
  }
}

void RewardWorker::Handle(const LeaseLost& lost) {
  if (!tasks_.contains(lost.token)) return;
  LogInfo("lease lost", {{"task", lost.id.ToString()}, {"reason", lost.reason}});
  parts_.metrics->Left("lease_lost");
  Forget(lost.token);
}

void RewardWorker::Handle(const SessionStarted& session) {
  if (!session.fresh) return;
  parts_.metrics->Left("broker_restarted", tasks_.size());
  tasks_.clear();
  unconfirmed_.clear();
  for (auto& [route, tasks] : in_flight_) tasks = 0;
}

void RewardWorker::Handle(const SessionRefused& refused) { refused_ = refused.status; }

void RewardWorker::GrantCredit(const std::string& route) {
  const uint32_t wanted = draining_ ? 0 : appetites_.at(route).Wanted(parts_.clock->Now());
  const uint32_t tasks =
      wanted - static_cast<uint32_t>(std::min<size_t>(in_flight_[route], wanted));
  const auto [granted, first] = granted_.try_emplace(route, tasks);
  if (!first && granted->second == tasks) return;
  granted->second = tasks;
  parts_.broker->Grant(RolloutQueue(route), tasks, tasks == 0 ? 0 : options_.credit_bytes);
}

std::string RewardWorker::PhaseOf(const Task& task) {
  std::string phases;
  for (const auto& pending : task.pending) {
    const std::string phase = pending->phase();
    if (!phase.empty()) phases += (phases.empty() ? "" : ", ") + phase;
  }
  return phases;
}

void RewardWorker::TellPhases() {
  const Time now = parts_.clock->Now();
  if (now < next_phases_) return;
  next_phases_ = now + kPhasesEvery;
  for (const auto& [token, task] : tasks_) {
    std::string phase = PhaseOf(*task);
    if (phase == task->phase) continue;
    task->phase = phase;
    parts_.broker->SetPhase(token, std::move(phase));
  }
}

void RewardWorker::Publish() {
  now_.draining = draining_;
  now_.in_flight = in_flight_;
  now_.unconfirmed = unconfirmed_.size();
  now_.oldest_id.clear();
  if (!tasks_.empty()) {
    const Task& oldest = *tasks_.begin()->second;
    now_.oldest_id = oldest.id.ToString();
    now_.oldest_route = oldest.rollout.prompt.route;
    now_.oldest_since = oldest.taken;
    now_.oldest_phase = PhaseOf(oldest);
  }
  for (const auto& [route, tasks] : in_flight_) parts_.metrics->SetInFlight(route, tasks);
  shown_.With([this](Snapshot& shown) { shown = now_; });
}

StatusReport RewardWorker::Report() const {
  const Snapshot shown = shown_.With([](const Snapshot& snapshot) { return snapshot; });
  const auto since = [now = parts_.clock->Now()](Time time) { return ToSeconds(now - time); };
  StatusReport report;
  size_t tasks = 0;
  std::string queues;
  for (const auto& [route, in_flight] : shown.in_flight) {
    tasks += in_flight;
    queues += (queues.empty() ? "" : ", ") + RolloutQueue(route);
    report.figures["in_flight." + route] = static_cast<double>(in_flight);
  }
  for (const auto& [reason, count] : shown.finished) report.figures["outcome." + reason] = count;
  report.figures["unconfirmed"] = static_cast<double>(shown.unconfirmed);
  const std::string broker = parts_.broker->State();
  report.facts["broker"] = broker;
  if (broker != "connected") report.waiting.push_back({broker, 0, ""});
  if (tasks > 0) {
    report.state = "scoring " + std::to_string(tasks) + " rollouts";
    report.waiting.push_back(
        {"scores of route " + shown.oldest_route +
             (shown.oldest_phase.empty() ? "" : " (" + shown.oldest_phase + ")"),
         since(shown.oldest_since), shown.oldest_id});
  } else if (!shown.draining) {
    report.state = "waiting for rollouts";
    report.waiting.push_back({"rollouts in " + queues, since(shown.idle_since), ""});
  }
  if (shown.draining) {
    report.state = "draining, " + std::to_string(shown.unconfirmed) + " scores unconfirmed";
  }
  return report;
}

}  // namespace cohort
