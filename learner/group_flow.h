// The way of the training groups through the learner: issued, assembled, handed to a step, ended,
// settled.
//
// Owns the ledger, the assembly and the admission, and speaks to the broker through its client;
// holds no torch, no files and no thread, so that tests drive it with a fake client and a clock
// moved by hand. The rules:
//   - a prompt is issued when admission allows; put again whenever the broker may have lost it (the
//   id makes that harmless);
//   - a scored sample is accepted at once and settled only when a checkpoint that knows its group's
//   end is durable;
//   - a sample whose group has ended (below the cursor, not pending) is settled with that
//   checkpoint and never trained;
//   - a group that cannot be trained ends as soon as that is certain, complete or not: one sample
//   that is too old makes all of it stale, too few that can still be scored mask it, and one that
//   is overdue expires whole. What is under way for it is cancelled with the next checkpoint, so
//   that no worker is held by what nobody can use. Not before: a cancel takes the samples along
//   that a learner which falls back behind the end would wait for.
// Belongs to the learner's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "learner/admission.h"
#include "learner/group_assembly.h"
#include "learner/ledger.h"
#include "learner/prompt_source.h"
#include "learner/versions.h"
#include "libs/base/clock.h"
#include "libs/config/config.h"
#include "libs/messaging/broker_client.h"

namespace cohort {

struct TrainingRoute {
  RouteConfig config;
  PromptSource prompts;
};

class GroupFlow {
 public:
  struct Options {
    uint64_t run = 0;
    uint64_t seed = 0;
    SamplingParams sampling;
    bool dynamic_sampling = false;
    const Clock* clock = nullptr;
    // Told of every end, once, before the group is forgotten.
    std::function<void(const Group&, GroupEnd)> on_end;
  };

  GroupFlow(BrokerClient* broker, std::vector<TrainingRoute> routes, Ledger ledger,
            Options options);

  // --- events of the broker that concern training spaces
  // --------------------------------------------------------------- On every session: the first one
  // of this process, and those with a broker that forgot.
  void PutPendingAgain(uint64_t version);
  void OnDelivery(Delivery delivery);
  // True when the tag was one of this flow's.
  bool OnAnswer(const Answer& answer);

  // --- the learner's loop
  // ----------------------------------------------------------------------------------------------
  // Issues what admission allows under the published `version`; with `steps_left` of the stage to
  // go, this one included.
  void Issue(uint64_t version, uint64_t steps_left);
  // Ends overdue groups and those that no step at `version` or later can train.
  void Sweep(const VersionLines& lines, uint64_t version);
  // The groups of a step, ordered by (space, cursor), when one is due at `version`. Stale ones end
  // on the way. Routes that are not trained give up their share at the same pace: it is no part of
  // the batch and ends with it, as observed.
  std::optional<std::vector<Group>> FormBatch(const VersionLines& lines, uint64_t version);
  // The groups that FormBatch gave, with their ends, in one go. No event is handled between the
  // two.
  void EndBatch(const std::vector<Group>& batch, const std::vector<GroupEnd>& ends);
  // Ends everything that is under way as cancelled: the stage is over.
  void EndAll();

  // A checkpoint with this ledger is durable: settles in the broker what had ended, and lets it
  // forget. Not before: a learner that fell back behind an end would wait for samples that nobody
  // has any more.
  void SettleDurable();
  // Leases held: to be compared with the broker's bound on accepted tasks.
  uint64_t HeldTasks() const;
  uint64_t UnconfirmedPuts() const { return put_tags_.size(); }
  // Those of them that the next checkpoint lets go.
  uint64_t WaitToSettle() const { return to_settle_.size(); }

  const Ledger& ledger() const { return ledger_; }
  size_t routes() const { return routes_.size(); }
  const RouteConfig& route(size_t route) const { return routes_[route].config; }
  uint64_t Ready(size_t route) const;
  // The routes that the next step waits for: none when it is due.
  std::vector<size_t> WaitsFor() const;
  // What FormBatch took from a route that is not trained, until EndBatch.
  uint64_t Observed(size_t route) const;
  // The oldest pending prompt that is not complete, and for how long it has been under way; for
  // /status.
  struct Oldest {
    PromptKey key;
    double seconds = 0;
    uint64_t missing = 0;  // samples without an outcome
  };
  std::optional<Oldest> OldestIncomplete(size_t route) const;
  uint64_t refused_samples() const { return refused_samples_; }

 private:
  static size_t RouteOf(uint64_t space) { return static_cast<size_t>(space - 1); }
  void Put(const PromptKey& key, uint64_t version);
  void End(Group group, GroupEnd end);
  // Before it is complete: nobody needs what is under way for it.
  void EndEarly(const PromptKey& key, GroupEnd end);
  void TakeComplete();
  void EndHopeless(const VersionLines& lines, uint64_t version);
  void EndOverdue();
  // What a group ends as instead of being trained, whatever is still to come; nothing when a step
  // may have it.
  std::optional<GroupEnd> Unusable(const Group& group) const;
  bool TooOld(const VersionLines& lines, const Group& group, uint64_t version) const;

  BrokerClient* const broker_;
  std::vector<TrainingRoute> routes_;
  Ledger ledger_;
  const Options options_;
  GroupAssembly assembly_;
  Admission admission_;
  std::map<PromptKey, Time> issued_at_;     // pending prompts
  std::map<uint64_t, PromptKey> put_tags_;  // puts not answered yet
  uint64_t next_tag_ = 1;
  std::vector<std::map<uint64_t, Group>> ready_;  // per route: complete groups that a step may have
  std::vector<Group> observed_;                   // with the batch that FormBatch gave
  std::vector<LeaseToken> to_settle_;             // of ended groups, until their end is durable
  std::vector<PromptKey> to_cancel_;              // ended while under way; likewise
  std::set<PromptKey> touched_;                   // groups that the last sweep did not see so
  uint64_t swept_version_ = 0;                    // by the last sweep
  uint64_t refused_samples_ = 0;
};

// The age of a group's oldest token at version `now`, along the lines of versions. The largest over
// all tokens: a rollout that outlived a restart may have its oldest token in the middle.
Result<uint64_t> GroupAge(const VersionLines& lines, const Group& group, uint64_t now);

}  // namespace cohort
