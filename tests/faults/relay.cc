#include <algorithm>
#include <map>

#include "libs/base/rng.h"
#include "tests/faults/roles.h"

namespace cohort::faults {
namespace {

constexpr Duration kLook = Seconds(0.05);
constexpr Duration kShortLimit = Seconds(1);
constexpr uint32_t kGrantTasks = 32;
constexpr uint64_t kGrantBytes = 4 << 20;

class Relay {
 public:
  Relay(Peer& peer, Stage stage)
      : peer_(peer),
        takes_(stage),
        puts_(stage == Stage::kPrompt ? Stage::kRollout : Stage::kScored),
        queue_(stage == Stage::kPrompt ? kPrompts : kRollouts),
        rng_(EntropyFromSystem()) {}

  int Run() {
    peer_.history.Read();
    peer_.client->Subscribe(queue_);
    peer_.client->Grant(queue_, kGrantTasks, kGrantBytes);
    while (!peer_.shutdown.requested()) {
      const Time now = peer_.clock.Now();
      const Duration wait = jobs_.empty() ? kLook : std::min(kLook, jobs_.begin()->first - now);
      for (auto event = peer_.client->Next(std::max(wait, Duration(0))); event.has_value();
           event = peer_.client->Next(Duration(0))) {
        if (peer_.Refused(*event)) return peer_.exit_code;
        if (auto* delivery = std::get_if<Delivery>(&*event)) OnDelivery(*delivery);
        if (auto* answer = std::get_if<Answer>(&*event)) OnAnswer(*answer);
        // A lost lease goes unnoticed: its settle must be refused by somebody else than us.
      }
      while (!jobs_.empty() && jobs_.begin()->first <= peer_.clock.Now()) {
        Finish(jobs_.begin()->second);
        jobs_.erase(jobs_.begin());
      }
    }
    return 0;
  }

 private:
  struct Job {
    TaskId id;
    LeaseToken token;
    std::vector<NewTask> children;  // that remain to be put
  };

  bool OneIn(uint64_t count) { return rng_.Below(count) == 0; }

  // Mostly at once, now and then longer than the lease.
  Duration WorkingTime() {
    const uint64_t kind = rng_.Below(200);
    const double longest = kind == 0 ? 5 : kind < 8 ? 0.5 : kind < 60 ? 0.03 : 0;
    return Seconds(longest * rng_.Uniform());
  }

  std::string Key(const TaskId& id, const LeaseToken& token) const {
    return ShortName(queue_) + " " + IdText(id) + " " + TokenText(token);
  }

  void OnDelivery(const Delivery& delivery) {
    const LeaseToken& token = delivery.token;
    Authors authors;
    if (!peer_.Check(takes_, delivery, &authors)) return peer_.client->Release(token);
    peer_.history.Note("took", Key(delivery.id, token), uint64_t{token.attempt},
                       uint64_t{delivery.redelivered});
    if (OneIn(32)) return peer_.client->Release(token);
    peer_.client->Begin(token);
    if (OneIn(16)) peer_.client->SetLimit(token, kShortLimit);
    Job job{delivery.id, token, MakeChildren(delivery, authors)};
    // A sample that always fails has no score, not even an early one.
    const bool barren = takes_ == Stage::kRollout && IsPoisoned(takes_, delivery.id);
    if (!barren && OneIn(3)) EmitSome(job);
    jobs_.emplace(peer_.clock.Now() + WorkingTime(), std::move(job));
  }

  // Those that exist already are left out, or, as by a forgetful process, put again.
  std::vector<NewTask> MakeChildren(const Delivery& delivery, Authors authors) {
    uint32_t count = 1;
    if (takes_ == Stage::kPrompt) {
      authors.worker_epoch = delivery.token.epoch;
      authors.worker_lease = delivery.token.lease;
      count = Children(delivery.id);
    } else {
      authors.scorer_epoch = delivery.token.epoch;
      authors.scorer_lease = delivery.token.lease;
    }
    const bool repeats = OneIn(2);
    std::vector<NewTask> children;
    for (uint32_t i = 0; i < count; ++i) {
      const TaskId id = takes_ == Stage::kPrompt ? delivery.id.Sample(i) : delivery.id;
      const auto& emitted = delivery.emitted;
      const bool exists = std::find(emitted.begin(), emitted.end(), id) != emitted.end();
      if (!exists || repeats) children.push_back(MakeTask(puts_, id, authors));
    }
    return children;
  }

  void EmitSome(Job& job) {
    const size_t count = rng_.Below(job.children.size() + 1);
    if (count == 0) return;
    const auto end = job.children.begin() + static_cast<ptrdiff_t>(count);
    peer_.client->Emit(job.token, {job.children.begin(), end}, 0);
    if (OneIn(2)) job.children.erase(job.children.begin(), end);
  }

  void Finish(Job& job) {
    if (IsPoisoned(takes_, job.id)) return peer_.client->Fail(job.token, "poisoned");
    if (OneIn(32)) return peer_.client->Fail(job.token, "by chance");
    const uint64_t tag = ++last_tag_;
    asked_.emplace(tag, Key(job.id, job.token));
    peer_.client->Settle(job.token, std::move(job.children), tag);
  }

  void OnAnswer(const Answer& answer) {
    const auto asked = asked_.find(answer.tag);
    if (asked == asked_.end()) return;
    if (answer.status.ok()) {
      peer_.history.Note("settled", asked->second);
    } else {
      peer_.history.Note("refused", asked->second,
                         std::string(StatusCodeName(answer.status.code())));
    }
    asked_.erase(asked);
  }

  Peer& peer_;
  const Stage takes_, puts_;
  const std::string queue_;
  Rng rng_;
  std::multimap<Time, Job> jobs_;
  std::map<uint64_t, std::string> asked_;  // settles, by tag
  uint64_t last_tag_ = 0;
};

}  // namespace

int RunRelay(Peer& peer, Stage stage) { return Relay(peer, stage).Run(); }

}  // namespace cohort::faults
