// How the verdicts of several scorers become one outcome: weights, gates, clamps, and values that
// hang on what another scorer said.
//
// A Composition is checked once and then shared; a Judgement is one sample's way through it. It
// says which scorers to ask next, so that gates are asked before what they guard, and what a closed
// gate guards is never asked at all. The outcome depends on the verdicts only, never on the order
// in which they came. Pure; a Composition is immutable, a Judgement belongs to one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/scoring/outcome.h"
#include "libs/scoring/verdict.h"

namespace cohort {

struct ComponentRule {
  std::string name;
  double weight = 1;  // reward = sum of weight × value; 0: reported only
  // Gates: names of scorers of the same composition whose value (after gates and clamp) must be
  // exactly 1; else this one's value is 0, whatever its clamp.
  std::vector<std::string> gates = {};
  // A scorer of the same composition that says what is right, for this one to know: asked before
  // it. This one has no value where that one has none. Empty: it does not matter to it.
  std::string right_by = {};
  bool passes = false;  // counts for Outcome::correct
  double minimum = 0;   // clamp of the scorer's value
  double maximum = 1;
};

class Composition {
 public:
  // Refuses: no rule; empty or repeated names; scorers to be asked before that are not in it;
  // circles of them; weights
  // and clamps that are not finite, or crossed; and a set of which none `passes`.
  static Result<Composition> Create(std::vector<ComponentRule> rules);

  const std::vector<ComponentRule>& rules() const { return rules_; }

 private:
  friend class Judgement;
  Composition() = default;

  std::vector<ComponentRule> rules_;
  std::vector<std::vector<size_t>> gates_;       // of each rule, as indices
  std::vector<std::optional<size_t>> right_by_;  // likewise
  std::vector<size_t> order_;                    // what must be asked before comes before
  std::vector<bool> needed_;  // weighted, passing, or a gate of one that is: masks the whole
};

class Judgement {
 public:
  explicit Judgement(std::shared_ptr<const Composition> composition);

  // The scorers to ask now, by index into rules(): their gates are open. Each is named once.
  std::vector<size_t> TakeReady();
  // Of a scorer to ask: whether the one that it names by right_by has the value 1.
  bool Right(size_t scorer) const;
  // False for an answer that nobody waits for (not asked, a second one): it is dropped.
  bool Set(size_t scorer, Verdict verdict);
  // Every scorer has answered or needs no asking.
  bool complete() const { return undecided_ == 0; }

  // Once complete. Scored with one component for each scorer, in order; its reason is the first
  // that is not `graded`, in order. Masked with the first needed scorer's reason when one is
  // masked; a masked scorer that nothing needs is left out, and so is one that is not applicable
  // to the sample. When that leaves nothing with a weight, or nothing that `passes`: masked as
  // task_unsupported. A failure of the model (a scored reason that is not graded) is worth 0, or
  // the worst that the clamp allows where 0 is better: no answer gains by breaking a scorer.
  Outcome Finish() const;

 private:
  enum class State { kWaiting, kReady, kAsked, kDecided };
  struct Seat {
    State state = State::kWaiting;
    std::optional<Verdict> verdict;  // nothing: not asked
    std::optional<double> value;     // after gates and clamp; nothing: masked, or not decided
  };
  // Its value is 1, and it was graded so: what failed may be worth 1 where that is the worst.
  bool IsOne(size_t scorer) const;
  void Advance();
  void Decide(size_t scorer, std::optional<double> value);
  Outcome FinishScored() const;
  std::string Evidence() const;  // of all verdicts

  std::shared_ptr<const Composition> composition_;
  std::vector<Seat> seats_;
  size_t undecided_;
};

}  // namespace cohort
