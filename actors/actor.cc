#include "actors/actor.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "libs/base/logging.h"
#include "libs/protocol/codec.h"

namespace cohort {
namespace {

constexpr int kEventsPerRound = 64;
constexpr Duration kViewEvery = Seconds(0.1);

std::vector<uint32_t> SamplesOf(const std::vector<TaskId>& ids) {
  std::vector<uint32_t> samples;
  for (const TaskId& id : ids) {
    if (id.index > 0) samples.push_back(id.index - 1);
  }
  return samples;
}

}  // namespace

Actor::Actor(const Parts& parts) : parts_(parts), idle_since_(parts.clock->Now()) {
  for (const RouteConfig& route : parts_.config->routes) {
    parts_.broker->Subscribe(PromptQueue(route.name));
  }
  UpdateView();
}

Status Actor::RunOnce(Duration patience) {
  if (parts_.engine->CanStep()) {
    COHORT_ASSIGN_OR_RETURN(const bool events, TakeEvents(Duration(0)));
    TakeWeights(Duration(0));
    (void)events;
  } else if (parts_.engine->prompts() > 0 || parts_.engine->newest_version() == 0) {
    // Only weights can get this going.
    const bool arrived = TakeWeights(Duration(0));
    COHORT_ASSIGN_OR_RETURN(const bool events, TakeEvents(Duration(0)));
    if (!arrived && !events) TakeWeights(patience);
  } else {
    TakeWeights(Duration(0));
    COHORT_ASSIGN_OR_RETURN(const bool events, TakeEvents(patience));
    if (events) TakeWeights(Duration(0));
  }
  FailWhatWaitsInVain();
  if (parts_.engine->CanStep()) {
    COHORT_RETURN_IF_ERROR(Step());
    idle_since_ = parts_.clock->Now();
  }
  AskForPrompts();
  UpdateView();
  return {};
}

Result<bool> Actor::TakeEvents(Duration timeout) {
  bool any = false;
  for (int i = 0; i < kEventsPerRound; ++i) {
    std::optional<BrokerEvent> event = parts_.broker->Next(any ? Duration(0) : timeout);
    if (!event) break;
    any = true;
    COHORT_RETURN_IF_ERROR(Handle(*std::move(event)));
  }
  return any;
}

Status Actor::Handle(BrokerEvent event) {
  if (const auto* refused = std::get_if<SessionRefused>(&event)) return refused->status;
  if (auto* delivery = std::get_if<Delivery>(&event)) {
    Handle(std::move(*delivery));
  } else if (const auto* answer = std::get_if<Answer>(&event)) {
    Handle(*answer);
  } else if (const auto* lost = std::get_if<LeaseLost>(&event)) {
    Handle(*lost);
  } else if (const auto* session = std::get_if<SessionStarted>(&event)) {
    Handle(*session);
  }
  return {};
}

void Actor::Handle(Delivery delivery) {
  if (draining_) return parts_.broker->Release(delivery.token);
  if (hands_.contains(delivery.id)) {  // its earlier lease is gone
    Forget(delivery.id);
    parts_.metrics->prompts_lost.Add();
  }
  Result<Prompt> prompt = DecodePrompt(delivery.body);
  if (!prompt.ok()) return Fail(delivery.id, delivery.token, prompt.status().message());
  if (prompt->id != delivery.id || PromptQueue(prompt->route) != delivery.queue) {
    return Fail(delivery.id, delivery.token,
                "prompt " + prompt->id.ToString() + " of route " + prompt->route + " was put as " +
                    delivery.id.ToString() + " into " + delivery.queue);
  }
  if (const Status fits = parts_.engine->Check(*prompt); !fits.ok()) {
    return Fail(delivery.id, delivery.token, fits.message());
  }
  const std::string route = prompt->route;
  if (!parts_.engine->Admit(*std::move(prompt), SamplesOf(delivery.emitted))) {
    parts_.metrics->prompts_settled.Add();
    return parts_.broker->Settle(delivery.token, {}, ++last_tag_);
  }
  hands_[delivery.id] = {delivery.token, route, parts_.clock->Now()};
}

void Actor::Handle(const Answer& answer) {
  const auto found = sent_.find(answer.tag);
  if (found == sent_.end()) return;
  const Sent sent = found->second;
  sent_.erase(found);
  if (answer.status.ok()) return;
  LogWarning("the broker did not take samples",
             {{"prompt", sent.prompt.ToString()}, {"why", answer.status}});
  const auto hand = hands_.find(sent.prompt);
  const bool ours = hand != hands_.end() && hand->second.token == sent.token;
  if (answer.status.code() == StatusCode::kResourceExhausted) {
    return Fail(sent.prompt, sent.token, answer.status.message());
  }
  if (!ours) return;
  // Unknown or taken away: nobody wants the rest.
  Forget(sent.prompt);
  parts_.metrics->prompts_lost.Add();
}

void Actor::Handle(const LeaseLost& lost) {
  const auto hand = hands_.find(lost.id);
  if (hand == hands_.end() || hand->second.token != lost.token) return;
  LogInfo("prompt taken away", {{"prompt", lost.id.ToString()}, {"why", lost.reason}});
  Forget(lost.id);
  parts_.metrics->prompts_lost.Add();
}

void Actor::Handle(const SessionStarted& session) {
  if (!session.weights_endpoint.empty()) parts_.weights->Connect(session.weights_endpoint);
  if (!session.fresh || hands_.empty()) return;
  LogWarning("the broker lost its memory: prompts in hand are dropped",
             {{"prompts", hands_.size()}});
  parts_.metrics->prompts_lost.Add(static_cast<double>(hands_.size()));
  hands_.clear();
  sent_.clear();
  parts_.engine->DropAll();
}

bool Actor::TakeWeights(Duration timeout) {
  std::optional<LoadedWeights> loaded = parts_.weights->Take(timeout);
  if (!loaded) return false;
  const Time start = parts_.clock->Now();
  auto weights = MakeComputeWeights(*parts_.model, *loaded->weights);
  if (!weights.ok()) {
    parts_.metrics->weight_failures.Add();
    LogError("weights cannot be used", {{"version", loaded->version}, {"why", weights.status()}});
    parts_.weights->Fail(loaded->version, weights.status().message());
    return true;
  }
  const Policy policy{loaded->version, *std::move(weights)};
  if (loaded->newest) parts_.engine->SetNewest(policy);
  if (loaded->for_evaluation) parts_.engine->SetEvaluation(policy);
  parts_.weights->Acknowledge(loaded->version, loaded->digest);
  const Duration took = loaded->transfer + (parts_.clock->Now() - start);
  parts_.metrics->weight_updates.Add();
  parts_.metrics->weight_bytes.Add(static_cast<double>(loaded->weights->manifest.total_bytes));
  parts_.metrics->weight_update_seconds.Observe(ToSeconds(took));
  LogInfo("weights", {{"version", loaded->version},
                      {"newest", loaded->newest},
                      {"evaluation", loaded->for_evaluation},
                      {"seconds", ToSeconds(took)}});
  return true;
}

Status Actor::Step() {
  const Time start = parts_.clock->Now();
  COHORT_ASSIGN_OR_RETURN(StepReport report, parts_.engine->Step());
  parts_.metrics->busy_seconds.Add(ToSeconds(parts_.clock->Now() - start));
  parts_.metrics->steps.Add();
  parts_.metrics->tokens.Add(static_cast<double>(report.tokens));
  parts_.metrics->prefill_tokens.Add(static_cast<double>(report.prefilled));
  for (const TaskId& id : report.started) parts_.broker->Begin(hands_.at(id).token);
  for (size_t i = 0; i < report.finished.size(); ++i) {
    const TaskId prompt = report.finished[i].prompt.id;
    const bool last =
        std::find(report.completed.begin(), report.completed.end(), prompt) !=
            report.completed.end() &&
        std::none_of(report.finished.begin() + static_cast<int64_t>(i) + 1, report.finished.end(),
                     [&](const Rollout& later) { return later.prompt.id == prompt; });
    Send(std::move(report.finished[i]), last);
  }
  return {};
}

void Actor::Send(Rollout rollout, bool last) {
  parts_.metrics->CountRollout(rollout);
  const TaskId prompt = rollout.prompt.id;
  const auto hand = hands_.find(prompt);
  const LeaseToken token = hand->second.token;
  NewTask child;
  child.queue = RolloutQueue(rollout.prompt.route);
  child.id = rollout.id();
  child.results = child.obituaries = ScoredQueue(rollout.prompt.route);
  child.children = 1;
  if (const RouteConfig* route = parts_.config->FindRoute(rollout.prompt.route)) {
    child.max_attempts = static_cast<uint32_t>(route->max_attempts);
  }
  child.body = Encode(rollout);
  sent_[++last_tag_] = {prompt, token};
  std::vector<NewTask> children;
  children.push_back(std::move(child));
  if (!last) return parts_.broker->Emit(token, std::move(children), last_tag_);
  parts_.broker->Settle(token, std::move(children), last_tag_);
  parts_.metrics->prompts_settled.Add();
  hands_.erase(hand);
}

void Actor::Fail(const TaskId& id, const LeaseToken& token, const std::string& reason) {
  LogWarning("prompt failed", {{"prompt", id.ToString()}, {"why", reason}});
  parts_.broker->Fail(token, reason);
  parts_.metrics->prompts_failed.Add();
  const auto hand = hands_.find(id);
  if (hand != hands_.end() && hand->second.token == token) Forget(id);
}

void Actor::Forget(const TaskId& id) {
  hands_.erase(id);
  parts_.engine->Drop(id);
}

void Actor::FailWhatWaitsInVain() {
  for (const WaitingPrompt& waiting : parts_.engine->Waiting()) {
    if (!waiting.lost) continue;
    Fail(waiting.id, hands_.at(waiting.id).token,
         "weights of exactly version " + std::to_string(waiting.version) +
             " are wanted and not published any more, the last for evaluation are version " +
             std::to_string(parts_.engine->evaluation_version()));
  }
}

void Actor::AskForPrompts() {
  const RolloutEngine& engine = *parts_.engine;
  // Rows that nothing in hand will fill; below zero when more is in hand than fits.
  const int64_t room = parts_.config->actor.max_rows - engine.rows() - engine.pending_samples();
  const auto routes = static_cast<int64_t>(parts_.config->routes.size());
  for (const RouteConfig& route : parts_.config->routes) {
    const int64_t size = std::max<int64_t>(route.group_size, 1);
    const int64_t fit = room > 0 ? (room + size - 1) / size : room / size;
    int64_t tasks = std::max<int64_t>(fit + parts_.config->actor.prefetch, 0);
    tasks = (tasks + routes - 1) / routes;  // taking one makes room for the next
    if (draining_ || engine.newest_version() == 0) tasks = 0;
    const std::string queue = PromptQueue(route.name);
    const auto granted = granted_.find(queue);
    if (granted != granted_.end() && granted->second == tasks) continue;
    granted_[queue] = static_cast<uint32_t>(tasks);
    const auto bytes = static_cast<uint64_t>(parts_.config->broker.max_message_bytes);
    parts_.broker->Grant(queue, static_cast<uint32_t>(tasks), tasks > 0 ? bytes : 0);
  }
}

void Actor::Drain() {
  draining_ = true;
  AskForPrompts();
  for (const auto& [id, hand] : hands_) parts_.broker->Release(hand.token);
  parts_.metrics->prompts_released.Add(static_cast<double>(hands_.size()));
  LogInfo("drained: prompts in hand go back", {{"prompts", hands_.size()}});
  hands_.clear();
  parts_.engine->DropAll();
  UpdateView();
}

void Actor::UpdateView() {
  const Time now = parts_.clock->Now();
  const RolloutEngine& engine = *parts_.engine;
  const bool idle = !engine.CanStep();
  const bool due = view_.With([&](const View& view) {
    return now - view.at >= kViewEvery || view.idle != idle || draining_ || view.at == Time{};
  });
  if (!due) return;
  View view;
  view.version = engine.newest_version();
  view.evaluation_version = engine.evaluation_version();
  view.rows = engine.rows();
  view.prompts = engine.prompts();
  view.pending = engine.pending_samples();
  view.idle = idle;
  view.idle_since = idle_since_;
  view.draining = draining_;
  view.at = now;
  for (const WaitingPrompt& prompt : engine.Waiting()) {
    const auto hand = hands_.find(prompt.id);
    const Duration since = hand == hands_.end() ? Duration(0) : now - hand->second.received;
    view.waiting.push_back({std::string("weights of version ") + (prompt.exact ? "exactly " : "") +
                                std::to_string(prompt.version) + (prompt.exact ? "" : " or newer"),
                            ToSeconds(since), prompt.id.ToString()});
  }
  ActorMetrics& metrics = *parts_.metrics;
  metrics.version.Set(static_cast<double>(view.version));
  metrics.evaluation_version.Set(static_cast<double>(view.evaluation_version));
  metrics.rows.Set(static_cast<double>(view.rows));
  metrics.pending_samples.Set(static_cast<double>(view.pending));
  metrics.waiting_prompts.Set(static_cast<double>(view.waiting.size()));
  view_.With([&](View& shown) { shown = std::move(view); });
  if (draining_) return;
  const std::string broker = parts_.broker->State();
  if (broker != "connected") {
    parts_.health->SetReady(false, broker);
  } else if (engine.newest_version() == 0) {
    parts_.health->SetReady(false, "no weights yet: " + parts_.weights->State());
  } else {
    parts_.health->SetReady(true);
  }
}

StatusReport Actor::Report() const {
  const View view = view_.With([](const View& v) { return v; });
  const Time now = parts_.clock->Now();
  StatusReport report;
  const std::string broker = parts_.broker->State();
  const std::string weights = parts_.weights->State();
  if (view.draining) {
    report.state = "draining";
  } else if (view.rows > 0) {
    report.state = "decoding " + std::to_string(view.rows) + " samples of " +
                   std::to_string(view.prompts) + " prompts";
  } else {
    report.state = "idle";
  }
  report.waiting = view.waiting;
  if (broker != "connected") report.waiting.push_back({broker, 0, ""});
  if (view.version == 0) report.waiting.push_back({"weights: " + weights, 0, ""});
  if (view.idle && view.prompts == 0 && view.version != 0 && broker == "connected") {
    report.waiting.push_back({"prompts", ToSeconds(now - view.idle_since), ""});
  }
  report.figures = {{"version", static_cast<double>(view.version)},
                    {"evaluation_version", static_cast<double>(view.evaluation_version)},
                    {"rows", static_cast<double>(view.rows)},
                    {"prompts", static_cast<double>(view.prompts)},
                    {"pending_samples", static_cast<double>(view.pending)}};
  report.facts = {{"model", parts_.config->model.path}, {"broker", broker}, {"weights", weights}};
  return report;
}

}  // namespace cohort
