// Verdicts that are given again when the same question comes again.
//
// For scorers whose verdict is a function of what they read; what stands for that goes into the
// key, and with it the scorer's name, whose configuration does not change while the process lives.
// Kept are only verdicts that the next attempt would give too: graded, unparseable, outside the
// grader's budget, not applicable. Never what a clock, the memory or another machine had a part in.
// The least recently asked for go first. Belongs to the worker's thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "libs/base/digest.h"
#include "libs/base/lru.h"
#include "libs/scoring/verdict.h"

namespace cohort {

// A question, built of its parts in a fixed order; where one ends and the next begins counts.
class VerdictKey {
 public:
  explicit VerdictKey(std::string_view scorer) { Add(scorer); }
  VerdictKey& Add(std::string_view part);
  Digest Finish() const { return digester_.Finish(); }

 private:
  Digester digester_;
};

class VerdictCache {
 public:
  using Tell = std::function<void(const std::string& scorer, bool hit)>;

  // Keeps at most so many verdicts, some 300 bytes each. `tell` hears of every question.
  explicit VerdictCache(size_t entries, Tell tell = nullptr)
      : kept_(entries), tell_(std::move(tell)) {}

  std::optional<Verdict> Find(const std::string& scorer, const Digest& key);
  // Does nothing for a verdict that is not to be kept.
  void Keep(const Digest& key, const Verdict& verdict);

  size_t size() const { return kept_.size(); }

 private:
  Lru<Digest, Verdict, DigestHash> kept_;
  Tell tell_;
};

}  // namespace cohort
