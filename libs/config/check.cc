// Whether the values of a configuration fit together: what each key's own bounds cannot say.
#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

#include "libs/base/endpoint.h"
#include "libs/config/check_scorers.h"
#include "libs/config/endpoints.h"
#include "libs/config/load.h"

namespace cohort {
namespace {

using Problems = std::vector<std::string>;

// A word that can name a queue, a file or an entry of a list (so: no digits only).
bool IsWord(std::string_view name) {
  return !name.empty() && std::isalpha(static_cast<unsigned char>(name.front())) != 0 &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

bool HasStage(const Config& config, std::string_view kind) {
  return std::any_of(config.stages.begin(), config.stages.end(),
                     [&](const StageConfig& stage) { return stage.kind == kind; });
}

bool Generates(const Config& config) {
  return HasStage(config, "grpo") || HasStage(config, "eval");
}

void CheckNames(const std::string& list, const std::vector<std::string>& names,
                Problems& problems) {
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!IsWord(name)) {
      problems.push_back(list + ": the name \"" + name +
                         "\" must be a word of letters, digits, - and _ that begins with a letter");
    } else if (!seen.insert(name).second) {
      problems.push_back(list + ": the name \"" + name + "\" is given twice; rename one");
    }
  }
}

// --- routes and stages ---------------------------------------------------------------------------

// That steps learn from.
int64_t GroupsPerStep(const Config& config) {
  int64_t groups = 0;
  for (const RouteConfig& route : config.routes)
    groups += route.trained ? route.groups_per_step : 0;
  return groups;
}

void CheckRoutes(const Config& config, Problems& problems) {
  const bool trains = HasStage(config, "grpo");
  std::vector<std::string> names;
  for (const RouteConfig& route : config.routes) {
    names.push_back(route.name);
    const std::string path = "routes." + route.name;
    if (trains && route.train.empty()) {
      problems.push_back(path + ".train is missing: name its JSONL file of prompts");
    }
    CheckScorerList(config, path + ".scorers", route.scorers, /*for_training=*/trains, problems);
    if (route.min_group > route.group_size) {
      problems.push_back(path +
                         ".min_group is above its group_size, so that every group would be "
                         "masked; lower it");
    }
    if (const double delay = LongestDelay(config, route.scorers); route.deadline_seconds <= delay) {
      problems.push_back(path +
                         ".deadline_seconds is not above the longest delay of its scorers (" +
                         std::to_string(static_cast<int64_t>(delay)) +
                         " s), so that every group would expire; raise it");
    }
  }
  CheckNames("routes", names, problems);
  if (Generates(config) && config.routes.empty()) {
    problems.push_back("there is no route: add [[routes]] with name, train and scorers");
  }
  if (trains && !config.routes.empty() && GroupsPerStep(config) == 0) {
    problems.push_back(
        "every route has trained = false, so that no step would have a group; train one of them");
  }
}

void CheckGrpoStage(const Config& config, const StageConfig& stage, const std::string& path,
                    Problems& problems) {
  const int64_t groups = GroupsPerStep(config);  // 0 is another problem
  if (groups > 0 && stage.minibatches > groups) {
    problems.push_back(path + ".minibatches is above the groups of a step (" +
                       std::to_string(groups) + " over all trained routes); lower it");
  }
  if (stage.dual_clip != 0 && stage.dual_clip <= 1 + stage.clip_high) {
    problems.push_back(path + ".dual_clip must be 0 (off) or above 1 + clip_high");
  }
  if (stage.importance_cap != 0 && stage.importance_cap <= 1) {
    problems.push_back(path + ".importance_cap must be 0 (off) or above 1");
  }
}

void CheckStages(const Config& config, Problems& problems) {
  if (config.stages.empty()) {
    problems.push_back("there is no stage: add [[stages]] with kind = \"sft\" or \"grpo\"");
  }
  for (size_t i = 0; i < config.stages.size(); ++i) {
    const StageConfig& stage = config.stages[i];
    const std::string path = "stages." + std::to_string(i);
    if (stage.kind.empty()) problems.push_back(path + ".kind is missing: sft, grpo or eval");
    if (stage.kind != "eval" && stage.steps < 1) {
      problems.push_back(path + ".steps must be at least 1");
    }
    if (stage.kind != "eval" && stage.warmup_steps > stage.steps) {
      problems.push_back(path + ".warmup_steps is above its steps; lower it");
    }
    if (stage.kind == "sft" && stage.data.empty()) {
      problems.push_back(path + ".data is missing: name its JSONL file of demonstrations");
    }
    if (stage.kind == "eval" && config.evaluation.data.empty()) {
      problems.push_back(path + " evaluates, but evaluation.data is empty: name a JSONL file");
    }
    if (stage.kind == "grpo") CheckGrpoStage(config, stage, path, problems);
  }
}

void CheckSampling(const Config& config, Problems& problems) {
  if (HasStage(config, "grpo") && config.sampling.top_p != 1.0) {
    problems.push_back(
        "sampling.top_p must be 1 for training: the loss does not correct for truncated sampling");
  }
  const EvaluationConfig& evaluation = config.evaluation;
  if (evaluation.data.empty()) {
    if (evaluation.every_steps > 0) {
      problems.push_back("evaluation.every_steps is set, but evaluation.data is empty");
    }
    return;
  }
  if (!evaluation.scorers.empty()) {
    CheckScorerList(config, "evaluation.scorers", evaluation.scorers, /*for_training=*/false,
                    problems);
  }
}

// --- bounds of the broker, endpoints, fleet ------------------------------------------------------

void CheckHeldWork(const Config& config, Problems& problems) {
  if (!HasStage(config, "grpo")) return;
  double outstanding = 0;  // samples of all routes that may be under way at once
  double step = 0;         // samples of one step
  for (const RouteConfig& route : config.routes) {
    const double samples =
        static_cast<double>(route.groups_per_step) * static_cast<double>(route.group_size);
    outstanding += samples * static_cast<double>(route.max_staleness + 1);
    step += samples;
  }
  const double between = static_cast<double>(config.checkpoints.every_steps) * step;
  const double needed = 1.25 * (outstanding + between);
  if (static_cast<double>(config.broker.held_tasks) < needed) {
    problems.push_back("broker.held_tasks = " + std::to_string(config.broker.held_tasks) +
                       " is too small: outstanding samples and those of checkpoints.every_steps "
                       "steps need " +
                       std::to_string(static_cast<int64_t>(needed + 0.999)) +
                       "; raise it or make checkpoints more often");
  }
  if (static_cast<double>(config.broker.queue_tasks) < outstanding) {
    problems.push_back("broker.queue_tasks = " + std::to_string(config.broker.queue_tasks) +
                       " is below the " + std::to_string(static_cast<int64_t>(outstanding)) +
                       " samples that may be outstanding; raise it");
  }
}

void CheckEndpoint(const std::string& key, const std::string& endpoint, bool keys,
                   Problems& problems) {
  if (endpoint.starts_with("ipc://@")) {
    problems.push_back(key + " = \"" + endpoint +
                       "\" is a socket without a file, which every user of this machine could "
                       "reach: use ipc:///PATH");
    return;
  }
  if (endpoint.starts_with("ipc://")) {
    const size_t bytes = endpoint.size() - 6;
    if (bytes == 0 || bytes > kMaxSocketPath) {
      problems.push_back(key + ": the socket path of \"" + endpoint + "\" must have 1 to " +
                         std::to_string(kMaxSocketPath) + " bytes");
    }
    return;
  }
  const size_t colon = endpoint.rfind(':');
  if (!endpoint.starts_with("tcp://") || colon < 7 || colon + 1 >= endpoint.size() ||
      endpoint.find(';') != endpoint.npos) {
    problems.push_back(key + " = \"" + endpoint + "\" must be ipc://PATH or tcp://HOST:PORT");
    return;
  }
  const std::string port = endpoint.substr(colon + 1);
  const bool number = port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
  if (!number || std::stoi(port) < 1 || std::stoi(port) > 65535) {
    problems.push_back(key + " = \"" + endpoint + "\" must end in a port from 1 to 65535");
    return;
  }
  if (!keys && NeedsKeys(endpoint)) {
    problems.push_back(
        key + " = \"" + endpoint +
        "\" is no loopback address, which needs keys: set security.keys (`cohort keys "
        "new --fleet` makes them), or use ipc:// or tcp://127.0.0.1:PORT");
  }
}

bool LivesInMemory(const BrokerConfig& broker, const std::string& queue) {
  if (broker.durability == "memory") return true;
  for (const std::string& name : broker.memory_queues) {
    const bool all = name.ends_with('*');
    if (all ? queue.starts_with(name.substr(0, name.size() - 1)) : queue == name) return true;
  }
  return false;
}

void CheckDurability(const Config& config, Problems& problems) {
  for (const RouteConfig& route : config.routes) {
    const std::string queues[] = {"prompts." + route.name, "rollouts." + route.name,
                                  "scored." + route.name};
    for (size_t i = 0; i + 1 < std::size(queues); ++i) {
      const std::string& source = queues[i];
      const std::string& results = queues[i + 1];
      if (LivesInMemory(config.broker, source) || !LivesInMemory(config.broker, results)) continue;
      problems.push_back("broker.memory_queues: " + results + " would be less durable than " +
                         source + ", whose results it takes; name both or neither");
    }
  }
}

void CheckProcesses(const Config& config, Problems& problems) {
  const bool keys = !config.security.keys.empty();
  CheckEndpoint("broker.endpoint", config.BrokerEndpoint(), keys, problems);
  CheckEndpoint("weights.endpoint", config.WeightsEndpoint(), keys, problems);
  if (!keys && !config.security.allowed.empty()) {
    problems.push_back("security.allowed is set, but security.keys is empty: name the folder");
  }
  if (config.security.unfinished_bytes < config.broker.max_message_bytes + (8 << 20)) {
    problems.push_back(
        "security.unfinished_bytes must be above broker.max_message_bytes by 8 MiB at least, or "
        "large messages would be cut on their way");
  }
  if (config.BrokerEndpoint() == config.WeightsEndpoint()) {
    problems.push_back("broker.endpoint and weights.endpoint are the same; change one");
  }
  if (config.broker.queue_bytes < config.broker.max_message_bytes) {
    problems.push_back("broker.queue_bytes is below broker.max_message_bytes; raise it");
  }
  if (Generates(config) && config.fleet.actors < 1) {
    problems.push_back("fleet.actors must be at least 1: somebody has to draw rollouts");
  }
  if (Generates(config) && config.fleet.reward_workers < 1) {
    problems.push_back("fleet.reward_workers must be at least 1: somebody has to score rollouts");
  }
  const int64_t last_port =
      config.telemetry.port + 1 + config.fleet.actors + config.fleet.reward_workers;
  if (config.telemetry.port != 0 && last_port > 65535) {
    problems.push_back("telemetry.port leaves no room for every process below 65536; lower it");
  }
}

}  // namespace

std::vector<std::string> ConfigProblems(const Config& config) {
  Problems problems;
  if (config.run.directory.empty()) problems.push_back("run.directory is empty: name one");
  if (config.model.path.empty()) {
    problems.push_back("model.path is missing: name a Hugging Face directory");
  }
  std::vector<std::string> scorers;
  for (const ScorerConfig& scorer : config.scorers) scorers.push_back(scorer.name);
  CheckNames("scorers", scorers, problems);
  CheckScorers(config, problems);
  CheckRoutes(config, problems);
  CheckStages(config, problems);
  CheckSampling(config, problems);
  CheckHeldWork(config, problems);
  CheckDurability(config, problems);
  CheckProcesses(config, problems);
  return problems;
}

Status CheckConfig(const Config& config) {
  const std::vector<std::string> problems = ConfigProblems(config);
  if (problems.empty()) return {};
  std::string others;
  if (problems.size() > 1) {
    others = " (and " + std::to_string(problems.size() - 1) + " more: cohort validate lists them)";
  }
  return InvalidArgument(problems.front() + others);
}

}  // namespace cohort
