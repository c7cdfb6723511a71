#include "reward_workers/plugins/service_line.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cohort {
namespace {

constexpr int kMostRefusals = 50;  // of one that waited in vain while others were answered

std::optional<Time> Earlier(std::optional<Time> a, std::optional<Time> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace

ServiceLine::ServiceLine(const Options& options)
    : options_(options), gate_(options.seed), rate_(options.requests_per_second) {}

void ServiceLine::Add(uint64_t id, bool alone, Time now) {
  Member& member = members_[id] = {alone, now, std::nullopt, next_place_++};
  Stand(id, member);
}

void ServiceLine::AddAt(Time due, uint64_t id, bool alone) {
  members_[id] = {alone, due, std::nullopt, next_place_++};
  later_.emplace(due, id);
}

void ServiceLine::Remove(uint64_t id) {
  const auto found = members_.find(id);
  if (found == members_.end()) return;
  const auto in_line = line_.find(found->second.place);
  if (in_line != line_.end()) line_.erase(in_line);
  members_.erase(found);
}

void ServiceLine::Stand(uint64_t id, const Member& member) {
  line_[member.place] = id;
  if (!gate_.IsOpen()) next_impatient_ = Earlier(next_impatient_, EndOfPatience(member));
}

Time ServiceLine::EndOfPatience(const Member& member) const {
  return std::max(member.since, *gate_.closed_since()) + options_.patience;
}

std::vector<uint64_t> ServiceLine::Advance(Time now) {
  while (!later_.empty() && later_.begin()->first <= now) {
    const auto [due, id] = *later_.begin();
    later_.erase(later_.begin());
    const auto found = members_.find(id);
    if (found == members_.end()) continue;
    found->second.since = due;
    found->second.place = next_place_++;
    Stand(id, found->second);
  }
  std::vector<uint64_t> ended = std::exchange(impatient_, {});
  if (gate_.IsOpen()) {
    next_impatient_.reset();
  } else if (next_impatient_ && now >= *next_impatient_) {
    next_impatient_.reset();
    for (const auto& [place, id] : line_) {
      const Time end = EndOfPatience(members_.at(id));
      if (end <= now) {
        ended.push_back(id);
      } else {
        next_impatient_ = Earlier(next_impatient_, end);
      }
    }
  }
  for (const uint64_t id : ended) Remove(id);
  return ended;
}

// The first; for probes the first, the one in the middle, those in the middle of the halves, ….
std::map<uint64_t, uint64_t>::iterator ServiceLine::NextInLine() {
  auto next = line_.begin();
  if (gate_.IsOpen()) {
    probes_ = 0;
    return next;
  }
  double share = 0, half = 0.5;
  for (uint32_t bits = probes_++; bits > 0; bits >>= 1, half /= 2) share += (bits & 1) * half;
  std::advance(next, static_cast<std::ptrdiff_t>(share * static_cast<double>(line_.size())));
  return next;
}

ServiceLine::Batch ServiceLine::Take(size_t most, Time now) {
  if (line_.empty() || !gate_.MayPass(now)) return {};
  if (!rate_.Take(now)) {
    rate_opens_ = now + rate_.Wait();
    return {};
  }
  Batch batch;
  auto next = NextInLine();
  batch.pass = gate_.Enter();
  while (next != line_.end() && batch.ids.size() < most) {
    const uint64_t id = next->second;
    const bool alone = members_.at(id).alone;
    if (alone && !batch.ids.empty()) break;
    next = line_.erase(next);
    batch.ids.push_back(id);
    if (alone) break;
  }
  return batch;
}

std::optional<Time> ServiceLine::NextDue(bool full) const {
  std::optional<Time> due;
  if (!later_.empty()) due = later_.begin()->first;
  if (!impatient_.empty()) due = Time{};
  if (line_.empty()) return due;
  if (!gate_.IsOpen()) due = Earlier(due, next_impatient_);
  if (full) return due;
  if (gate_.IsOpen()) return Earlier(due, rate_opens_);
  if (const std::optional<Time> opens = gate_.OpensAt()) {
    due = Earlier(due, std::max(*opens, rate_opens_));
  }
  return due;
}

void ServiceLine::Answered(const Batch& batch, Time now) {
  gate_.Answered(batch.pass);
  last_answered_ = now;
}

void ServiceLine::Refused(const Batch& batch, Time now, Duration asked) {
  gate_.Refused(batch.pass, now, std::min(asked, options_.patience / 4));
  for (const uint64_t id : batch.ids) {
    const auto found = members_.find(id);
    if (found == members_.end()) continue;
    Member& member = found->second;
    if (!member.refused_since) member.refused_since = now;
    ++member.refusals;
    const bool long_ago = now - *member.refused_since >= options_.patience;
    const bool in_vain = now - last_answered_ >= options_.patience;
    if (long_ago && (in_vain || member.refusals >= kMostRefusals)) {
      impatient_.push_back(id);
      continue;
    }
    member.place = next_place_++;
    Stand(id, member);
  }
  // Nobody who stands in line already is more impatient than this outage is old.
  if (const std::optional<Time> began = gate_.closed_since()) {
    next_impatient_ = Earlier(next_impatient_, *began + options_.patience);
  }
}

}  // namespace cohort
