#include "tests/broker/simulated_journal.h"

#include <algorithm>

#include "broker/change_codec.h"

namespace cohort {

std::string SimulatedJournal::Keep(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    if (change.sequence != tail_ + 1) {
      return "change " + std::to_string(change.sequence) + " follows " + std::to_string(tail_);
    }
    tail_ = change.sequence;
    if (fault_ == JournalFault::kLosesSettles &&
        std::holds_alternative<SettleChange>(change.what)) {
      continue;
    }
    records_.push_back(EncodeChange(change));
  }
  return "";
}

void SimulatedJournal::Sync() {
  synced_ = tail_;
  if (needed_ == 0 || synced_ < when_synced_) return;
  while (!records_.empty() && records_.front().sequence < needed_) records_.pop_front();
  needed_ = 0;
}

void SimulatedJournal::DropBefore(uint64_t needed) {
  if (fault_ == JournalFault::kDropsEarly) {
    while (!records_.empty() && records_.front().sequence < needed) records_.pop_front();
    return;
  }
  if (needed_ != 0) return;
  needed_ = needed;
  when_synced_ = tail_;
}

void SimulatedJournal::Cut(uint64_t last) {
  while (!records_.empty() && records_.back().sequence > last) records_.pop_back();
  tail_ = synced_ = std::max(last, synced_);
  needed_ = 0;
}

Result<std::vector<Change>> SimulatedJournal::Read() const {
  std::vector<Change> changes;
  changes.reserve(records_.size());
  for (const JournalRecord& record : records_) {
    std::string bodies;
    for (const Body& body : record.bodies) bodies += body.view();
    COHORT_ASSIGN_OR_RETURN(Change change,
                            DecodeChange(record.sequence, record.type, record.head, bodies));
    changes.push_back(std::move(change));
  }
  return changes;
}

std::set<std::pair<std::string, std::string>> FlowsIn(const std::vector<Change>& changes) {
  std::set<std::pair<std::string, std::string>> flows;
  const auto add = [&flows](const TaskImage& task) {
    if (!task.spec.results.empty()) flows.emplace(task.spec.queue, task.spec.results);
  };
  for (const Change& change : changes) {
    std::visit(
        [&add](const auto& what) {
          if constexpr (requires { what.task.spec; }) add(what.task);
          if constexpr (requires { what.task->spec; }) {
            if (what.task.has_value()) add(*what.task);
          }
          if constexpr (requires { what.children; }) {
            for (const TaskImage& child : what.children) add(child);
          }
        },
        change.what);
  }
  return flows;
}

}  // namespace cohort
