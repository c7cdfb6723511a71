#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <set>

#include "tests/faults/roles.h"

namespace cohort::faults {
namespace {

constexpr Duration kLook = Seconds(0.02);
constexpr Duration kRetryAfter = Seconds(0.2);
constexpr uint64_t kFloorEvery =
    200;  // a producer's "checkpoint": what lies below is never put again

class Producer {
 public:
  explicit Producer(Peer& peer) : peer_(peer), options_(peer.options), last_(peer.clock.Now()) {}

  int Run() {
    Resume();
    while (!peer_.shutdown.requested()) {
      const Time now = peer_.clock.Now();
      allowance_ = std::min(allowance_ + options_.rate * ToSeconds(now - last_), options_.rate);
      last_ = now;
      const bool stopped = access(options_.Path("stop").c_str(), F_OK) == 0;
      PutMore(now, stopped);
      if (stopped && open_.empty() && again_.empty() && !options_.forgetful) break;
      for (auto event = peer_.client->Next(kLook); event.has_value();
           event = peer_.client->Next(Duration(0))) {
        if (peer_.Refused(*event)) return peer_.exit_code;
        OnEvent(*event);
      }
    }
    return 0;
  }

 private:
  void Resume() {
    for (const History::Words& line : peer_.history.Read()) {
      const uint64_t cursor = std::stoull(line.at(1));
      if (line[0] == "put") next_ = std::max(next_, cursor + 1);
      if (line[0] == "confirmed") confirmed_.insert(cursor);
      if (line[0] == "floor") floor_ = std::max(floor_, cursor);
    }
    for (uint64_t cursor = floor_; cursor < next_; ++cursor) again_.emplace(Time(), cursor);
    while (confirmed_.contains(prefix_)) ++prefix_;
  }

  // First what is due again, then new ids.
  void PutMore(Time now, bool stopped) {
    while (open_.size() < options_.window && !again_.empty() && again_.begin()->first <= now) {
      const uint64_t cursor = again_.begin()->second;
      again_.erase(again_.begin());
      Put(cursor);
    }
    while (!stopped && open_.size() < options_.window && allowance_ >= 1) {
      allowance_ -= 1;
      peer_.history.Note("put", next_);
      Put(next_++);
    }
  }

  void Put(uint64_t cursor) {
    if (!open_.insert(cursor).second) return;
    const TaskId id{kRun, options_.space, cursor, 0};
    peer_.client->Put(MakeTask(Stage::kPrompt, id, {}), cursor + 1);
  }

  void OnEvent(const BrokerEvent& event) {
    if (const auto* started = std::get_if<SessionStarted>(&event)) {
      if (started->fresh && options_.forgetful) PutUnfinishedAgain();
    } else if (const auto* answer = std::get_if<Answer>(&event)) {
      OnAnswer(*answer);
    }
  }

  void OnAnswer(const Answer& answer) {
    const uint64_t cursor = answer.tag - 1;
    if (!answer.status.ok()) {
      peer_.history.Note("refused", cursor, std::string(StatusCodeName(answer.status.code())));
      open_.erase(cursor);
      again_.emplace(peer_.clock.Now() + kRetryAfter, cursor);
      return;
    }
    if (confirmed_.insert(cursor).second) peer_.history.Note("confirmed", cursor);
    open_.erase(cursor);
    while (confirmed_.contains(prefix_)) ++prefix_;
    const uint64_t floor = options_.forgetful ? std::min(prefix_, Finished()) : prefix_;
    if (floor < floor_ + kFloorEvery) return;
    floor_ = floor;
    peer_.history.Note("floor", floor_);
    peer_.client->Floor(kPrompts, kRun, options_.space, floor_);
  }

  // The cursor below which the sink has all effects.
  uint64_t Finished() const {
    std::ifstream file(options_.Path("finished-" + std::to_string(options_.space)));
    uint64_t cursor = 0;
    return file >> cursor ? cursor : 0;
  }

  void PutUnfinishedAgain() {
    for (uint64_t cursor = std::max(floor_, Finished()); cursor < next_; ++cursor) {
      if (!open_.contains(cursor)) again_.emplace(peer_.clock.Now(), cursor);
    }
  }

  Peer& peer_;
  const Options& options_;
  uint64_t next_ = 0;             // the first id that was never put
  uint64_t floor_ = 0;            // declared
  uint64_t prefix_ = 0;           // all below are confirmed
  std::set<uint64_t> confirmed_;  // ever
  std::set<uint64_t> open_;       // put in this life, unanswered
  std::multimap<Time, uint64_t> again_;
  double allowance_ = 0;
  Time last_;
};

}  // namespace

int RunProducer(Peer& peer) { return Producer(peer).Run(); }

}  // namespace cohort::faults
