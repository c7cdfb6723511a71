#include "reward_workers/plugins/http_scorer.h"

#include <utility>

#include "reward_workers/plugins/messages.h"
#include "reward_workers/plugins/plugin_scorer.h"
#include "reward_workers/plugins/service_backend.h"

namespace cohort {
namespace {

// A task by itself and its verdict, or {"tasks": […]} and {"verdicts": […]}.
class ScoreCodec : public ServiceCodec {
 public:
  explicit ScoreCodec(bool batched) : batched_(batched) {}

  std::string Body(const std::vector<std::string>& fields) const override {
    if (!batched_) return fields.front();
    std::string body = "{\"tasks\":[";
    for (size_t i = 0; i < fields.size(); ++i) body += (i == 0 ? "" : ",") + fields[i];
    return body + "]}";
  }

  Result<std::vector<Result<Verdict>>> Read(std::string_view reply, size_t count) const override {
    if (batched_) return ReadVerdicts(reply, count);
    return std::vector<Result<Verdict>>{ReadVerdict(reply)};
  }

 private:
  bool batched_;
};

}  // namespace

Result<std::unique_ptr<Scorer>> MakeHttpScorer(const ScorerConfig& config,
                                               const ScorerContext& context) {
  COHORT_ASSIGN_OR_RETURN(
      std::unique_ptr<PluginBackend> backend,
      MakeServiceBackend(config, config.url, std::make_unique<ScoreCodec>(config.batch > 1),
                         context));
  return MakePluginScorer(config.name, context, std::move(backend));
}

}  // namespace cohort
