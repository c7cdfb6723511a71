#include "reward_workers/plugins/service_backend.h"

#include <cstdlib>
#include <string_view>
#include <utility>

#include "reward_workers/plugins/http_pool.h"

namespace cohort {
namespace {

class ServiceBackend : public PluginBackend {
 public:
  ServiceBackend(HttpPool::Options options, bool keeps, std::unique_ptr<const ServiceCodec> codec,
                 const Clock* clock, HttpPool::Tell tell)
      : limit_(LongestWait(options)),
        places_(options.in_flight * options.batch),
        keeps_(keeps),
        pool_(std::move(options), std::move(codec), clock, std::move(tell)) {}

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

Status ReadOptions(const ScorerConfig& config, const std::string& path,
                   HttpPool::Options& options) {
  constexpr std::string_view kToken = "token_env=";
  for (const std::string& option : config.options) {
    if (option.rfind(kToken, 0) != 0) {
      return InvalidArgument(path + ".options: \"" + option + "\" is unknown for kind " +
                             config.kind + "; it knows token_env=VARIABLE");
    }
    const std::string variable = option.substr(kToken.size());
    const char* token = std::getenv(variable.c_str());
    if (token == nullptr) {
      return FailedPrecondition(path + ".options: there is no variable " + variable);
    }
    options.authorization = std::string("Bearer ") + token;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<PluginBackend>> MakeServiceBackend(const ScorerConfig& config,
                                                          std::string url,
                                                          std::unique_ptr<const ServiceCodec> codec,
                                                          const ScorerContext& context) {
  const std::string path = "scorers." + config.name;
  if (context.mailbox == nullptr || !context.decode) {
    return FailedPrecondition(path + ": kind " + config.kind + " cannot run here");
  }
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    return InvalidArgument(path + ".url must begin with http:// or https://, not \"" + config.url +
                           "\"");
  }
  const bool keeps = config.kind != "judge" && config.deterministic;
  HttpPool::Options options;
  options.url = std::move(url);
  options.limit = Seconds(config.timeout_seconds);
  options.in_flight = static_cast<size_t>(config.in_flight);
  options.batch = static_cast<size_t>(config.batch);
  options.retries = static_cast<int>(config.retries);
  options.patience = Seconds(config.outage_seconds);
  options.requests_per_second = config.requests_per_second;
  COHORT_RETURN_IF_ERROR(ReadOptions(config, path, options));
  auto tell = [mailbox = context.mailbox, tell = context.tell,
               name = config.name](const std::string& what) {
    if (tell) mailbox->Post([tell, name, what] { tell(name, what); });
  };
  return std::unique_ptr<PluginBackend>(std::make_unique<ServiceBackend>(
      std::move(options), keeps, std::move(codec), context.clock, std::move(tell)));
}

}  // namespace cohort
