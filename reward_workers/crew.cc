#include "reward_workers/crew.h"

#include <utility>

namespace cohort {

struct Crew::Entry {
  CrewJob job;
  Work work;
};

class Crew::Pending : public PendingScore {
 public:
  explicit Pending(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}
  ~Pending() override { entry_->job.cancelled_ = true; }
  std::string phase() const override { return entry_->job.phase(); }

 private:
  std::shared_ptr<Entry> entry_;
};

Crew::Crew(Mailbox* mailbox, size_t threads) : mailbox_(mailbox) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

Crew::~Crew() {
  {
    std::scoped_lock lock(mutex_);
    stop_ = true;
    for (const auto& entry : under_way_) entry->job.cancelled_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::unique_ptr<PendingScore> Crew::Start(Work work) {
  auto entry = std::make_shared<Entry>();
  entry->work = std::move(work);
  entry->job.SetPhase("waiting for a place");
  {
    std::scoped_lock lock(mutex_);
    waiting_.push_back(entry);
  }
  wake_.notify_one();
  return std::make_unique<Pending>(std::move(entry));
}

void Crew::Run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
    if (stop_) return;
    const std::shared_ptr<Entry> entry = std::move(waiting_.front());
    waiting_.pop_front();
    under_way_.insert(entry);
    lock.unlock();
    if (!entry->job.cancelled_) {
      Then then = entry->work(entry->job);
      entry->job.SetPhase("");
      mailbox_->Post([entry, then = std::move(then)] {
        if (!entry->job.cancelled_) then();
      });
    }
    lock.lock();
    under_way_.erase(entry);
  }
}

}  // namespace cohort
