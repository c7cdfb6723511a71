#include "reward_workers/plugins/http_scorer.h"

#include <cstdlib>
#include <utility>

#include "reward_workers/plugins/http_pool.h"
#include "reward_workers/plugins/plugin_scorer.h"

namespace cohort {
namespace {

constexpr int kAttempts = 3;  // the first, one alone, a canary
constexpr Duration kLongestRetry = std::chrono::minutes(1);

class HttpBackend : public PluginBackend {
 public:
  HttpBackend(HttpPool::Options options, bool keeps, const Clock* clock, HttpPool::Tell tell)
      : limit_(kAttempts * options.limit + options.retries * (options.limit + kLongestRetry)),
        places_(options.in_flight * options.batch),
        keeps_(keeps),
        pool_(std::move(options), clock, std::move(tell)) {}

  void Submit(uint64_t id, std::string fields, std::function<void(Verdict)> done) override {
    pool_.Submit({id, std::move(fields), std::move(done)});
  }
  void Cancel(uint64_t id) override { pool_.Cancel(id); }
  Duration Limit() const override { return limit_; }
  size_t Places() const override { return places_; }
  bool Keeps() const override { return keeps_; }

 private:
  Duration limit_;
  size_t places_;
  bool keeps_;
  HttpPool pool_;
};

}  // namespace

Result<std::unique_ptr<Scorer>> MakeHttpScorer(const ScorerConfig& config,
                                               const ScorerContext& context) {
  const std::string path = "scorers." + config.name;
  if (context.mailbox == nullptr || !context.decode)
    return FailedPrecondition(path + ": kind http cannot run here");
  if (config.url.rfind("http://", 0) != 0 && config.url.rfind("https://", 0) != 0) {
    return InvalidArgument(path + ".url must begin with http:// or https://, not \"" + config.url +
                           "\"");
  }
  HttpPool::Options options;
  options.url = config.url;
  options.limit = Seconds(config.timeout_seconds);
  options.in_flight = static_cast<size_t>(config.in_flight);
  options.batch = static_cast<size_t>(config.batch);
  options.retries = static_cast<int>(config.retries);
  options.requests_per_second = config.requests_per_second;
  for (const std::string& option : config.options) {
    constexpr std::string_view kToken = "token_env=";
    if (option.rfind(kToken, 0) != 0) {
      return InvalidArgument(path + ".options: \"" + option +
                             "\" is unknown for kind http; it knows token_env=VARIABLE");
    }
    const char* token = std::getenv(option.substr(kToken.size()).c_str());
    if (token == nullptr)
      return FailedPrecondition(path + ".options: there is no variable " +
                                option.substr(kToken.size()));
    options.authorization = std::string("Bearer ") + token;
  }
  auto tell = [mailbox = context.mailbox, tell = context.tell,
               name = config.name](const std::string& what) {
    if (tell) mailbox->Post([tell, name, what] { tell(name, what); });
  };
  return MakePluginScorer(config.name, context,
                          std::make_unique<HttpBackend>(std::move(options), config.deterministic,
                                                        context.clock, std::move(tell)));
}

}  // namespace cohort
