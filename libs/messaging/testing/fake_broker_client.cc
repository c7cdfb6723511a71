#include "libs/messaging/testing/fake_broker_client.h"

namespace cohort {

void FakeBrokerClient::Give(BrokerEvent event) {
  {
    std::scoped_lock lock(mutex_);
    events_.push_back(std::move(event));
  }
  given_.notify_all();
}

Delivery FakeBrokerClient::Deliver(std::string queue, TaskId id, std::string body) {
  Delivery delivery;
  delivery.queue = std::move(queue);
  delivery.id = id;
  delivery.body = std::move(body);
  {
    std::scoped_lock lock(mutex_);
    delivery.token = {/*epoch=*/1, ++next_lease_, /*attempt=*/1};
  }
  Give(delivery);
  return delivery;
}

std::vector<FakeBrokerClient::Call> FakeBrokerClient::TakeCalls() {
  std::scoped_lock lock(mutex_);
  return std::exchange(calls_, {});
}

void FakeBrokerClient::HoldAnswers(bool hold) {
  std::scoped_lock lock(mutex_);
  hold_answers_ = hold;
}

void FakeBrokerClient::SetStats(std::vector<QueueStats> stats) {
  std::scoped_lock lock(mutex_);
  stats_ = std::move(stats);
}

bool FakeBrokerClient::closed() const {
  std::scoped_lock lock(mutex_);
  return closed_;
}

void FakeBrokerClient::Record(Call call, uint64_t tag) {
  {
    std::scoped_lock lock(mutex_);
    calls_.push_back(std::move(call));
    if (tag != 0 && !hold_answers_) events_.push_back(Answer{tag, Status(), false});
  }
  called_.notify_all();
  given_.notify_all();
}

std::optional<BrokerEvent> FakeBrokerClient::Next(Duration timeout) {
  std::unique_lock lock(mutex_);
  given_.wait_for(lock, timeout, [&] { return !events_.empty() || closed_; });
  if (events_.empty()) return std::nullopt;
  BrokerEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void FakeBrokerClient::Put(NewTask task, uint64_t tag) {
  Record(PutCall{std::move(task), tag}, tag);
}
void FakeBrokerClient::Floor(const std::string& queue, uint64_t run, uint64_t space,
                             uint64_t cursor) {
  Record(FloorCall{queue, run, space, cursor});
}
void FakeBrokerClient::Cancel(uint64_t run, uint64_t space, uint64_t first, uint64_t last,
                              uint64_t tag) {
  Record(CancelCall{run, space, first, last, tag}, tag);
}
void FakeBrokerClient::Subscribe(const std::string& queue) { Record(SubscribeCall{queue}); }
void FakeBrokerClient::Grant(const std::string& queue, uint32_t tasks, uint64_t bytes) {
  Record(GrantCall{queue, tasks, bytes});
}
void FakeBrokerClient::Begin(const LeaseToken& token) { Record(BeginCall{token}); }
void FakeBrokerClient::SetLimit(const LeaseToken& token, Duration limit) {
  Record(LimitCall{token, limit});
}
void FakeBrokerClient::SetPhase(const LeaseToken& token, std::string phase) {
  Record(PhaseCall{token, std::move(phase)});
}
void FakeBrokerClient::Emit(const LeaseToken& token, std::vector<NewTask> children, uint64_t tag) {
  Record(EmitCall{token, std::move(children), tag}, tag);
}
void FakeBrokerClient::Settle(const LeaseToken& token, std::vector<NewTask> children,
                              uint64_t tag) {
  Record(SettleCall{token, std::move(children), tag}, tag);
}
void FakeBrokerClient::Accept(const LeaseToken& token) { Record(AcceptCall{token}); }
void FakeBrokerClient::Release(const LeaseToken& token) { Record(ReleaseCall{token}); }
void FakeBrokerClient::Fail(const LeaseToken& token, std::string reason) {
  Record(FailCall{token, std::move(reason)});
}

Result<std::vector<QueueStats>> FakeBrokerClient::Stats(Duration /*timeout*/) {
  std::scoped_lock lock(mutex_);
  return stats_;
}

std::string FakeBrokerClient::State() const { return "connected"; }

void FakeBrokerClient::Close(Duration /*timeout*/) {
  {
    std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  given_.notify_all();
}

}  // namespace cohort
