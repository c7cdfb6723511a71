#include "reward_workers/judge/both_orders.h"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "reward_workers/judge/judge_codec.h"

namespace cohort {
namespace {

uint64_t IdOf(uint64_t id, bool response_first) { return 2 * id + (response_first ? 0 : 1); }

std::string InOrder(const std::string& fields, bool response_first) {
  using Json = nlohmann::json;
  Json row = Json::parse(fields, nullptr, /*allow_exceptions=*/false);
  row[kResponseFirst] = response_first;
  return row.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

// The two verdicts of one rollout, which may come on any thread.
class Pair {
 public:
  explicit Pair(std::function<void(Verdict)> done) : done_(std::move(done)) {}

  // True where the other order need not be waited for any more, and was.
  bool Take(bool response_first, Verdict verdict) {
    std::optional<Verdict> both;
    bool alone = false;
    {
      std::scoped_lock lock(mutex_);
      if (finished_) return false;
      (response_first ? as_a_ : as_b_) = std::move(verdict);
      if (as_a_ && as_b_) {
        both = VerdictOfBothOrders(*as_a_, *as_b_);
      } else if (const Verdict& one = as_a_ ? *as_a_ : *as_b_; !one.scored()) {
        both = one;
        alone = true;
      } else {
        return false;
      }
      finished_ = true;
    }
    done_(*std::move(both));
    return alone;
  }

 private:
  const std::function<void(Verdict)> done_;
  std::mutex mutex_;
  std::optional<Verdict> as_a_, as_b_;
  bool finished_ = false;
};

class BothOrders : public PluginBackend {
 public:
  explicit BothOrders(std::unique_ptr<PluginBackend> judge) : judge_(std::move(judge)) {}

  void Submit(uint64_t id, std::string fields, std::function<void(Verdict)> done) override {
    auto pair = std::make_shared<Pair>(std::move(done));
    for (const bool response_first : {true, false}) {
      judge_->Submit(IdOf(id, response_first), InOrder(fields, response_first),
                     [judge = judge_.get(), pair, id, response_first](Verdict verdict) {
                       if (pair->Take(response_first, std::move(verdict))) {
                         judge->Cancel(IdOf(id, !response_first));
                       }
                     });
    }
  }

  void Cancel(uint64_t id) override {
    judge_->Cancel(IdOf(id, true));
    judge_->Cancel(IdOf(id, false));
  }

  Duration Limit() const override { return judge_->Limit(); }
  size_t Places() const override { return std::max<size_t>(1, judge_->Places() / 2); }

 private:
  std::unique_ptr<PluginBackend> judge_;
};

}  // namespace

Verdict VerdictOfBothOrders(const Verdict& as_a, const Verdict& as_b) {
  const std::string detail = "as A " + as_a.detail() + "; as B " + as_b.detail();
  for (const Verdict* one : {&as_a, &as_b}) {
    if (!one->scored()) return *one;
  }
  for (const Verdict* one : {&as_a, &as_b}) {
    if (one->reason() != OutcomeReason::kGraded) return *one;
  }
  const double first = *as_a.value();
  const double second = 1 - *as_b.value();
  if (first == 1 && second == 1) return Verdict::Graded(1, detail);
  if (first == 0 && second == 0) return Verdict::Graded(0, detail);
  return Verdict::Graded(0.5, detail);
}

std::unique_ptr<PluginBackend> MakeBothOrders(std::unique_ptr<PluginBackend> judge) {
  return std::make_unique<BothOrders>(std::move(judge));
}

}  // namespace cohort
