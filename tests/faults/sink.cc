#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "tests/faults/roles.h"

namespace cohort::faults {
namespace {

constexpr Duration kLook = Seconds(0.02);
constexpr Duration kCheckpointEvery = Seconds(0.25);
constexpr uint32_t kGrantTasks = 256;
constexpr uint64_t kGrantBytes = 8 << 20;

// As the learner does it: an effect is in a durable checkpoint before its task is settled, and the
// checkpoint remembers what is not yet known to be settled. Whatever has been settled is forgotten:
// that it never comes again is the broker's promise.
class Sink {
 public:
  explicit Sink(Peer& peer) : peer_(peer), options_(peer.options) {}

  int Run() {
    Resume();
    peer_.client->Subscribe(kScored);
    peer_.client->Grant(kScored, kGrantTasks, kGrantBytes);
    Time next = peer_.clock.Now() + kCheckpointEvery;
    while (!peer_.shutdown.requested()) {
      for (auto event = peer_.client->Next(kLook); event.has_value();
           event = peer_.client->Next(Duration(0))) {
        if (peer_.Refused(*event)) return peer_.exit_code;
        if (auto* delivery = std::get_if<Delivery>(&*event)) OnDelivery(*delivery);
        if (auto* answer = std::get_if<Answer>(&*event)) OnAnswer(*answer);
      }
      if (peer_.clock.Now() < next) continue;
      Checkpoint();
      next = peer_.clock.Now() + kCheckpointEvery;
    }
    Checkpoint();
    return 0;
  }

 private:
  // An effect that waits for the next checkpoint.
  struct Pending {
    std::string line;
    LeaseToken token;
    std::vector<TaskId> emitted;
    bool obituary = false;
  };

  // Effects count from their checkpoint on: what follows the last one was never there.
  void Resume() {
    std::vector<History::Words> since;
    for (History::Words& line : peer_.history.Read()) {
      if (line[0] == "resume") since.clear();
      if (line[0] != "checkpoint") {
        since.push_back(std::move(line));
        continue;
      }
      for (const History::Words& effect : since) Restore(effect);
      since.clear();
    }
    peer_.history.Note("resume");
  }

  void Restore(const History::Words& line) {
    if (line[0] != "effect" && line[0] != "dead" && line[0] != "known") return;
    const TaskId id{kRun, std::stoull(line.at(1)), std::stoull(line.at(2)),
                    static_cast<uint32_t>(std::stoul(line.at(3)))};
    if (line[0] == "known") {
      if (!options_.forgetful) unsettled_.erase(id);
      return;
    }
    unsettled_.insert(id);
    std::vector<TaskId> emitted;
    for (size_t i = 5; line[0] == "dead" && i < line.size(); ++i) {
      emitted.push_back({kRun, id.space, id.cursor, static_cast<uint32_t>(std::stoul(line[i]))});
    }
    Count(id, line[0] == "dead", emitted);
  }

  void OnDelivery(const Delivery& delivery) {
    peer_.history.Note("took", "s", IdText(delivery.id), TokenText(delivery.token),
                       uint64_t{delivery.token.attempt}, uint64_t{delivery.redelivered});
    if (unsettled_.contains(delivery.id)) return Settle(delivery.id, delivery.token);
    Pending pending;
    if (delivery.obituary.has_value()) {
      pending.obituary = true;
      pending.emitted = delivery.obituary->emitted;
      std::string indices;
      for (const TaskId& id : pending.emitted) indices += std::to_string(id.index) + " ";
      pending.line = History::Line("dead", IdText(delivery.id),
                                   std::string(EndReasonName(delivery.obituary->reason)), indices);
    } else {
      Authors authors;
      if (!peer_.Check(Stage::kScored, delivery, &authors)) {
        return peer_.client->Release(delivery.token);
      }
      pending.line =
          History::Line("effect", IdText(delivery.id), authors.worker_epoch, authors.worker_lease,
                        authors.scorer_epoch, authors.scorer_lease);
    }
    pending.token = delivery.token;
    pending_[delivery.id] = std::move(pending);
    peer_.client->Accept(delivery.token);
  }

  void Settle(const TaskId& id, const LeaseToken& token) {
    const uint64_t tag = ++last_tag_;
    asked_.emplace(tag, std::make_pair(id, token));
    peer_.client->Settle(token, {}, tag);
  }

  void OnAnswer(const Answer& answer) {
    const auto asked = asked_.find(answer.tag);
    if (asked == asked_.end()) return;
    const auto [id, token] = asked->second;
    asked_.erase(asked);
    if (answer.status.ok()) peer_.history.Note("settled", "s", IdText(id), TokenText(token));
    // Not found: it is settled already, or the broker has lost it; it will not come again.
    const bool over = answer.status.ok() || answer.status.code() == StatusCode::kNotFound;
    if (over && !options_.forgetful && unsettled_.erase(id) > 0) {
      known_ += History::Line("known", IdText(id));
    }
  }

  void Checkpoint() {
    if (pending_.empty() && known_.empty()) return;
    std::string lines = std::exchange(known_, {});
    for (const auto& [id, pending] : pending_) lines += pending.line;
    lines += History::Line("checkpoint", ++checkpoints_);
    peer_.history.Write(lines);
    peer_.history.Sync();
    for (const auto& [id, pending] : pending_) {
      unsettled_.insert(id);
      Settle(id, pending.token);
      Count(id, pending.obituary, pending.emitted);
    }
    pending_.clear();
    DeclareFloors();
  }

  // --- which prompts are over

  void Count(const TaskId& id, bool obituary, const std::vector<TaskId>& emitted) {
    Space& space = spaces_[id.space];
    if (id.cursor < space.finished) return;
    Prompt& prompt = space.open[id.cursor];
    if (id.IsPrompt()) {
      prompt.expected = emitted.size();
      prompt.dead = obituary;
    } else {
      prompt.ended.insert(id.index);
    }
    while (!space.open.empty() && space.open.begin()->first == space.finished) {
      const Prompt& first = space.open.begin()->second;
      const TaskId name{kRun, id.space, space.finished, 0};
      // One that must die may still be waiting for its obituary when it has put all its samples.
      if (IsPoisoned(Stage::kPrompt, name) && !first.dead) break;
      if (first.ended.size() < (first.dead ? first.expected : Children(name))) break;
      space.open.erase(space.open.begin());
      space.finished += 1;
    }
  }

  // Of the prompts that are over nothing will be put again.
  void DeclareFloors() {
    for (auto& [number, space] : spaces_) {
      if (space.finished == space.declared) continue;
      space.declared = space.finished;
      const std::string path = options_.Path("finished-" + std::to_string(number));
      std::ofstream(path + ".new") << space.finished << "\n";
      std::rename((path + ".new").c_str(), path.c_str());
      peer_.client->Floor(kRollouts, kRun, number, space.finished);
      peer_.client->Floor(kScored, kRun, number, space.finished);
    }
  }

  struct Prompt {
    std::set<uint32_t> ended;
    size_t expected = 0;  // when dead: what it had put before
    bool dead = false;
  };
  struct Space {
    uint64_t finished = 0, declared = 0;
    std::map<uint64_t, Prompt> open;
  };

  Peer& peer_;
  const Options& options_;
  std::map<TaskId, Pending> pending_;
  std::unordered_set<TaskId> unsettled_;  // in a checkpoint, not known to be settled
  std::unordered_map<uint64_t, std::pair<TaskId, LeaseToken>> asked_;  // settles, by tag
  std::string known_;  // lines for the next checkpoint
  std::map<uint64_t, Space> spaces_;
  uint64_t last_tag_ = 0;
  uint64_t checkpoints_ = 0;
};

}  // namespace

int RunSink(Peer& peer) { return Sink(peer).Run(); }

}  // namespace cohort::faults
