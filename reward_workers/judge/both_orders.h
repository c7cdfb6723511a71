// Asks a judge of pairs twice, with the response as A and as B: judges prefer a place.
#pragma once

#include <memory>

#include "libs/scoring/verdict.h"
#include "reward_workers/plugins/plugin_scorer.h"

namespace cohort {

// What both together say of the response: better both times 1, worse both times 0, anything else
// one half. Masked where one of them is, else failed where one of them is.
Verdict VerdictOfBothOrders(const Verdict& as_a, const Verdict& as_b);

// Around one whose values are 1 where A is better (judge_codec.h). Where one order is masked, the
// other is not waited for.
std::unique_ptr<PluginBackend> MakeBothOrders(std::unique_ptr<PluginBackend> judge);

}  // namespace cohort
