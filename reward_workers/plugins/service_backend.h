// What scorers behind a service have in common: kinds http and judge.
#pragma once

#include <memory>

#include "libs/base/status.h"
#include "libs/config/config.h"
#include "reward_workers/plugins/plugin_scorer.h"
#include "reward_workers/plugins/service_codec.h"
#include "reward_workers/scorer.h"

namespace cohort {

// Asks the service at `url` as the configuration says how many at once, how fast and with which
// token. A service that is away is no failure: its rollouts wait, and are masked in the end. What a
// judge says is never kept. Fails for an address or an option that is none, and where the context
// has no mailbox.
Result<std::unique_ptr<PluginBackend>> MakeServiceBackend(const ScorerConfig& config,
                                                          std::string url,
                                                          std::unique_ptr<const ServiceCodec> codec,
                                                          const ScorerContext& context);

}  // namespace cohort
