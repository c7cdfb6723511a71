#include "libs/messaging/client_outbox.h"

#include <algorithm>
#include <utility>

#include "libs/messaging/envelope.h"

namespace cohort {

void ClientOutbox::Add(Outgoing outgoing) {
  const bool put = std::holds_alternative<PutCommand>(outgoing.command.verb);
  (put ? puts_ : others_).push_back(std::move(outgoing));
}

std::vector<Outgoing> ClientOutbox::Restart(uint64_t processed, uint32_t window_tasks,
                                            uint64_t window_bytes) {
  window_tasks_ = window_tasks;
  window_bytes_ = window_bytes;
  batched_ = 0;
  std::vector<Outgoing> done = TakeProcessed(processed);
  to_send_.clear();
  put_off_.clear();
  for (auto& [number, sent] : sent_) {
    sent.on_the_wire = false;
    to_send_.push_back(number);
  }
  return done;
}

void ClientOutbox::Promote(std::deque<Outgoing>& lane) {
  Outgoing outgoing = std::move(lane.front());
  lane.pop_front();
  const uint64_t number = ++last_number_;
  outgoing.command.number = number;
  if (const auto* put = std::get_if<PutCommand>(&outgoing.command.verb)) {
    open_tasks_ += 1;
    open_bytes_ += put->task.body.size();
  }
  if (!IsAnswered(outgoing.command.verb)) unprocessed_.push_back(number);
  sent_.emplace(number, Sent{std::move(outgoing), false});
  to_send_.push_back(number);
}

std::vector<const Command*> ClientOutbox::NextBatch(size_t commands, size_t bytes) {
  std::vector<const Command*> batch;
  size_t used = 0;
  while (batch.size() < commands && (batch.empty() || used < bytes)) {
    if (batch.size() == to_send_.size()) {
      if (!others_.empty()) {
        Promote(others_);
      } else if (!puts_.empty() && WindowIsOpen()) {
        Promote(puts_);
      } else {
        break;
      }
    }
    const auto found = sent_.find(to_send_[batch.size()]);
    batch.push_back(&found->second.outgoing.command);
    used += ApproximateBytes(found->second.outgoing.command);
  }
  batched_ = batch.size();
  return batch;
}

void ClientOutbox::MarkSent() {
  for (; batched_ > 0; --batched_) {
    sent_.at(to_send_.front()).on_the_wire = true;
    to_send_.pop_front();
  }
}

void ClientOutbox::Close(const Outgoing& outgoing) {
  if (const auto* put = std::get_if<PutCommand>(&outgoing.command.verb)) {
    open_tasks_ -= 1;
    open_bytes_ -= put->task.body.size();
  }
}

bool ClientOutbox::PutOff(uint64_t number) {
  const auto found = sent_.find(number);
  if (found == sent_.end() || !found->second.on_the_wire) return false;
  found->second.on_the_wire = false;
  put_off_.push_back(number);
  return true;
}

void ClientOutbox::SendPutOff() {
  to_send_.insert(to_send_.end(), put_off_.begin(), put_off_.end());
  put_off_.clear();
}

std::optional<Outgoing> ClientOutbox::TakeAnswered(uint64_t number) {
  const auto found = sent_.find(number);
  if (found == sent_.end() || !found->second.on_the_wire) return std::nullopt;
  Outgoing outgoing = std::move(found->second.outgoing);
  sent_.erase(found);
  Close(outgoing);
  return outgoing;
}

std::vector<Outgoing> ClientOutbox::TakeProcessed(uint64_t processed) {
  std::vector<Outgoing> done;
  while (!unprocessed_.empty() && unprocessed_.front() <= processed) {
    const auto found = sent_.find(unprocessed_.front());
    if (!found->second.on_the_wire) break;  // it speaks of an earlier life of the broker
    unprocessed_.pop_front();
    done.push_back(std::move(found->second.outgoing));
    sent_.erase(found);
  }
  return done;
}

std::vector<Outgoing> ClientOutbox::TakeUnsentPuts(const CancelCommand& cancel) {
  std::vector<Outgoing> taken;
  std::deque<Outgoing> kept;
  for (Outgoing& outgoing : puts_) {
    const TaskId& id = std::get<PutCommand>(outgoing.command.verb).task.id;
    const bool within = id.run == cancel.run && id.space == cancel.space &&
                        id.cursor >= cancel.first && id.cursor <= cancel.last;
    if (within) {
      taken.push_back(std::move(outgoing));
    } else {
      kept.push_back(std::move(outgoing));
    }
  }
  puts_ = std::move(kept);
  return taken;
}

}  // namespace cohort
