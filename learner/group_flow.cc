#include "learner/group_flow.h"

#include <algorithm>
#include <utility>

#include "learner/group_shape.h"
#include "libs/base/logging.h"
#include "libs/base/rng.h"
#include "libs/protocol/codec.h"

namespace cohort {
namespace {

std::vector<RouteShare> Shares(const std::vector<TrainingRoute>& routes) {
  std::vector<RouteShare> shares;
  for (const TrainingRoute& route : routes) {
    shares.push_back({static_cast<uint64_t>(route.config.groups_per_step),
                      static_cast<uint64_t>(route.config.max_staleness), route.config.trained,
                      route.config.over_sampling});
  }
  return shares;
}

bool AllRewardsEqual(const Group& group) {
  std::optional<double> first;
  for (const GroupSample& sample : group.samples) {
    const std::optional<double> reward =
        sample.scored ? sample.scored->outcome.reward() : std::nullopt;
    if (!reward) continue;
    if (!first) first = reward;
    if (*first != *reward) return false;
  }
  return true;
}

}  // namespace

Result<uint64_t> GroupAge(const VersionLines& lines, const Group& group, uint64_t now) {
  uint64_t oldest = 0;
  for (const GroupSample& sample : group.samples) {
    if (!sample.scored) continue;
    for (const VersionRun& run : sample.scored->rollout.versions) {
      COHORT_ASSIGN_OR_RETURN(const uint64_t age, lines.Age(run.version, now));
      oldest = std::max(oldest, age);
    }
  }
  return oldest;
}

GroupFlow::GroupFlow(BrokerClient* broker, std::vector<TrainingRoute> routes, Ledger ledger,
                     Options options)
    : broker_(broker),
      routes_(std::move(routes)),
      ledger_(std::move(ledger)),
      options_(std::move(options)),
      assembly_([this](uint64_t space) {
        const size_t route = RouteOf(space);
        return route < routes_.size() ? static_cast<uint32_t>(routes_[route].config.group_size) : 0;
      }),
      admission_(Shares(routes_)),
      ready_(routes_.size()) {
  const Time now = options_.clock->Now();
  for (size_t i = 0; i < routes_.size(); ++i) {
    for (uint64_t cursor : ledger_.route(i).pending) {
      issued_at_[{TrainingSpace(static_cast<uint32_t>(i)), cursor}] = now;
    }
  }
}

void GroupFlow::Put(const PromptKey& key, uint64_t version) {
  TrainingRoute& route = routes_[RouteOf(key.space)];
  const uint64_t row = route.prompts.RowAt(key.cursor);
  Prompt prompt;
  prompt.id = {options_.run, key.space, key.cursor, 0};
  prompt.route = route.config.name;
  prompt.purpose = Purpose::kTrain;
  prompt.tokens = route.prompts.row(row).tokens;
  prompt.group_size = static_cast<uint32_t>(route.config.group_size);
  prompt.sampling = options_.sampling;
  prompt.scorers = route.config.scorers;
  prompt.truth = route.prompts.row(row).answer;
  prompt.columns = route.prompts.row(row).columns;
  prompt.row = row;
  prompt.seed = RandomAt({options_.seed, key.space});
  prompt.min_version = version;
  prompt.issued_at = options_.clock->WallSeconds();

  NewTask task;
  task.queue = PromptQueue(route.config.name);
  task.id = prompt.id;
  task.body = Encode(prompt);
  task.results = RolloutQueue(route.config.name);
  task.obituaries = ScoredQueue(route.config.name);
  task.children = prompt.group_size;
  task.max_attempts = static_cast<uint32_t>(route.config.max_attempts);
  put_tags_[next_tag_] = key;
  broker_->Put(std::move(task), next_tag_++);
}

void GroupFlow::PutPendingAgain(uint64_t version) {
  put_tags_.clear();
  for (const auto& [key, issued] : issued_at_) {
    if (!assembly_.IsComplete(key) && !ready_[RouteOf(key.space)].contains(key.cursor))
      Put(key, version);
  }
}

void GroupFlow::OnDelivery(Delivery delivery) {
  const size_t route = RouteOf(delivery.id.space);
  if (delivery.id.run != options_.run || route >= routes_.size()) {
    broker_->Settle(delivery.token, {}, 0);  // of another run, or of a route that is no more
    return;
  }
  broker_->Accept(delivery.token);
  const PromptKey key{delivery.id.space, delivery.id.cursor};
  touched_.insert(key);
  // Of a group that has ended, or that a step holds already: only its lease matters.
  if (ledger_.route(route).HasEnded(key.cursor) || ready_[route].contains(key.cursor)) {
    to_settle_.push_back(delivery.token);
    return;
  }
  Status added;
  if (delivery.obituary) {
    added = assembly_.AddObituary(delivery.id, delivery.token, *delivery.obituary);
  } else {
    Result<Scored> scored = DecodeScored(delivery.body);
    if (scored.ok() && scored->rollout.id() != delivery.id) {
      scored = InvalidArgument("the body is that of " + scored->rollout.id().ToString());
    }
    if (scored.ok()) {
      added =
          assembly_
              .AddScored(delivery.id, delivery.token, std::make_shared<Scored>(*std::move(scored)))
              .status();
    } else {
      added = scored.status();
    }
  }
  if (added.ok()) {
    admission_.Judged(route, 1.0 / static_cast<double>(routes_[route].config.group_size));
    return;
  }
  refused_samples_ += 1;
  LogWarning("refused a sample", {{"id", delivery.id.ToString()}, {"why", added}});
  // Nobody else will ever tell its group: it counts as dead from here on.
  const bool told =
      !delivery.id.IsPrompt() &&
      assembly_.AddObituary(delivery.id, delivery.token, {EndReason::kDead, added.message(), {}})
          .ok();
  if (!told) to_settle_.push_back(delivery.token);
}

bool GroupFlow::OnAnswer(const Answer& answer) {
  const auto put = put_tags_.find(answer.tag);
  if (put == put_tags_.end()) return false;
  const PromptKey key = put->second;
  put_tags_.erase(put);
  if (!answer.status.ok() && issued_at_.contains(key)) {
    LogError("the broker refused a prompt", {{"cursor", key.cursor}, {"why", answer.status}});
    End(assembly_.Take(key), GroupEnd::kDead);
  }
  return true;
}

void GroupFlow::Issue(uint64_t version, uint64_t steps_left) {
  for (size_t i = 0; i < routes_.size(); ++i) {
    const uint64_t prompts = admission_.MayIssue(i, ledger_.route(i).pending.size(), steps_left);
    for (uint64_t n = 0; n < prompts; ++n) {
      const PromptKey key{TrainingSpace(static_cast<uint32_t>(i)), ledger_.Issue(i)};
      issued_at_[key] = options_.clock->Now();
      touched_.insert(key);  // samples may have come before
      Put(key, version);
    }
    admission_.Issued(i, prompts);
  }
}

std::optional<GroupEnd> GroupFlow::Unusable(const Group& group) const {
  const auto ended = [&](EndReason reason) {
    return std::any_of(group.samples.begin(), group.samples.end(),
                       [&](const GroupSample& sample) { return sample.end == reason; });
  };
  if (ended(EndReason::kExpired)) return GroupEnd::kExpired;
  if (ended(EndReason::kCancelled)) return GroupEnd::kCancelled;
  const uint64_t missing = group.missing();
  if (group.scored() + missing < static_cast<uint64_t>(route(RouteOf(group.key.space)).min_group)) {
    return ended(EndReason::kDead) || ended(EndReason::kPurged) ? GroupEnd::kDead
                                                                : GroupEnd::kMasked;
  }
  if (missing == 0 && options_.dynamic_sampling && AllRewardsEqual(group)) {
    return GroupEnd::kUninformative;
  }
  return std::nullopt;
}

// A group's age only grows. One whose version nobody can place has no age that could be trusted.
bool GroupFlow::TooOld(const VersionLines& lines, const Group& group, uint64_t version) const {
  const Result<uint64_t> age = GroupAge(lines, group, version);
  return !age.ok() || *age > static_cast<uint64_t>(route(RouteOf(group.key.space)).max_staleness);
}

void GroupFlow::Sweep(const VersionLines& lines, uint64_t version) {
  TakeComplete();
  EndHopeless(lines, version);
  EndOverdue();
}

void GroupFlow::TakeComplete() {
  for (size_t i = 0; i < routes_.size(); ++i) {
    const uint64_t space = TrainingSpace(static_cast<uint32_t>(i));
    const std::set<uint64_t> complete = assembly_.Complete(space);
    for (uint64_t cursor : complete) {
      if (!ledger_.route(i).pending.contains(cursor))
        continue;  // came before its prompt was issued
      Group group = assembly_.Take({space, cursor});
      admission_.Completed(i);
      ShapeGroup(route(i), group);
      if (const std::optional<GroupEnd> end = Unusable(group)) {
        admission_.EndedUnused(i, /*stale=*/false);
        End(std::move(group), *end);
      } else {
        ready_[i].emplace(cursor, std::move(group));
      }
    }
  }
}

void GroupFlow::EndHopeless(const VersionLines& lines, uint64_t version) {
  // Ages change with the version; whatever else decides comes with a sample.
  const bool all = version != std::exchange(swept_version_, version);
  const std::set<PromptKey> touched = std::exchange(touched_, {});
  for (const PromptKey& key :
       all ? assembly_.Incomplete() : std::vector(touched.begin(), touched.end())) {
    const Group* group = assembly_.Find(key);
    if (group == nullptr || group->missing() == 0 || !issued_at_.contains(key)) continue;
    std::optional<GroupEnd> end = Unusable(*group);
    if (!end && TooOld(lines, *group, version)) end = GroupEnd::kStale;
    if (end) EndEarly(key, *end);
  }
}

void GroupFlow::EndOverdue() {
  const Time now = options_.clock->Now();
  std::vector<PromptKey> overdue;
  for (const auto& [key, issued] : issued_at_) {
    const size_t route_index = RouteOf(key.space);
    if (!ready_[route_index].contains(key.cursor) &&
        now - issued > Seconds(route(route_index).deadline_seconds)) {
      overdue.push_back(key);
    }
  }
  for (const PromptKey& key : overdue) EndEarly(key, GroupEnd::kExpired);
}

void GroupFlow::EndEarly(const PromptKey& key, GroupEnd end) {
  to_cancel_.push_back(key);
  admission_.Completed(RouteOf(key.space));
  admission_.EndedUnused(RouteOf(key.space), end == GroupEnd::kStale || end == GroupEnd::kExpired);
  End(assembly_.Take(key), end);
}

std::optional<std::vector<Group>> GroupFlow::FormBatch(const VersionLines& lines,
                                                       uint64_t version) {
  for (size_t i = 0; i < routes_.size(); ++i) {
    for (auto it = ready_[i].begin(); it != ready_[i].end();) {
      if (!TooOld(lines, it->second, version)) {
        ++it;
        continue;
      }
      Group stale = std::move(it->second);
      it = ready_[i].erase(it);
      admission_.EndedUnused(i, /*stale=*/true);
      End(std::move(stale), GroupEnd::kStale);
    }
  }
  if (!WaitsFor().empty()) return std::nullopt;
  std::vector<Group> batch;
  for (size_t i = 0; i < routes_.size(); ++i) {
    std::vector<Group>& to = route(i).trained ? batch : observed_;
    for (int64_t n = 0; n < route(i).groups_per_step && !ready_[i].empty(); ++n) {
      to.push_back(std::move(ready_[i].extract(ready_[i].begin()).mapped()));
    }
  }
  return batch;
}

void GroupFlow::EndBatch(const std::vector<Group>& batch, const std::vector<GroupEnd>& ends) {
  for (size_t i = 0; i < batch.size(); ++i) End(batch[i], ends[i]);
  for (Group& group : std::exchange(observed_, {})) End(std::move(group), GroupEnd::kObserved);
  std::vector<RouteCounts> counts;
  for (size_t i = 0; i < routes_.size(); ++i) {
    const uint64_t ready = ready_[i].size();
    counts.push_back({ledger_.route(i).pending.size() - ready, ready});
  }
  admission_.StepDone(counts);
}

void GroupFlow::End(Group group, GroupEnd end) {
  const PromptKey key = group.key;
  issued_at_.erase(key);
  if (!ledger_.End(RouteOf(key.space), key.cursor, end)) return;
  for (const auto& [id, lease] : group.leases) to_settle_.push_back(lease);
  if (options_.on_end) options_.on_end(group, end);
}

void GroupFlow::EndAll() {
  for (size_t i = 0; i < routes_.size(); ++i) {
    const uint64_t space = TrainingSpace(static_cast<uint32_t>(i));
    for (auto& [cursor, group] : std::exchange(ready_[i], {})) {
      End(std::move(group), GroupEnd::kCancelled);
    }
    const std::set<uint64_t> pending = ledger_.route(i).pending;
    for (uint64_t cursor : pending) {
      to_cancel_.push_back({space, cursor});
      End(assembly_.Take({space, cursor}), GroupEnd::kCancelled);
    }
  }
}

void GroupFlow::SettleDurable() {
  for (const LeaseToken& lease : std::exchange(to_settle_, {})) broker_->Settle(lease, {}, 0);
  for (const PromptKey& key : std::exchange(to_cancel_, {})) {
    broker_->Cancel(options_.run, key.space, key.cursor, key.cursor, 0);
  }
  for (size_t i = 0; i < routes_.size(); ++i) {
    const uint64_t space = TrainingSpace(static_cast<uint32_t>(i));
    const uint64_t floor = ledger_.route(i).Floor();
    for (const std::string& queue :
         {PromptQueue(route(i).name), RolloutQueue(route(i).name), ScoredQueue(route(i).name)}) {
      broker_->Floor(queue, options_.run, space, floor);
    }
  }
}

uint64_t GroupFlow::HeldTasks() const {
  uint64_t held = to_settle_.size();
  for (const auto& groups : ready_) {
    for (const auto& [cursor, group] : groups) held += group.leases.size();
  }
  return held + assembly_.HeldLeases();
}

uint64_t GroupFlow::Ready(size_t route) const { return ready_[route].size(); }

std::vector<size_t> GroupFlow::WaitsFor() const {
  std::vector<size_t> routes;
  for (size_t i = 0; i < routes_.size(); ++i) {
    if (!admission_.HasItsShare(i, ready_[i].size())) routes.push_back(i);
  }
  return routes;
}

uint64_t GroupFlow::Observed(size_t route) const {
  return static_cast<uint64_t>(
      std::count_if(observed_.begin(), observed_.end(),
                    [&](const Group& group) { return RouteOf(group.key.space) == route; }));
}

std::optional<GroupFlow::Oldest> GroupFlow::OldestIncomplete(size_t route_index) const {
  const uint64_t space = TrainingSpace(static_cast<uint32_t>(route_index));
  for (auto it = issued_at_.lower_bound({space, 0});
       it != issued_at_.end() && it->first.space == space; ++it) {
    if (ready_[route_index].contains(it->first.cursor)) continue;
    const Group* group = assembly_.Find(it->first);
    return Oldest{
        it->first, ToSeconds(options_.clock->Now() - it->second),
        group == nullptr ? static_cast<uint64_t>(route(route_index).group_size) : group->missing()};
  }
  return std::nullopt;
}

}  // namespace cohort
