// fault-worker: one process of the fault harness, of any role.
//
//   fault-worker --role producer|worker|scorer|sink|stats --endpoint E --instance NAME --folder F
//                [--keys FOLDER] [--space N] [--rate R] [--window N] [--forgetful 1]
//   fault-worker --role fates --space N --until C   prints what prompts 0 … C − 1 must come to
#include <cstdio>
#include <map>
#include <string>

#include "libs/messaging/keys.h"
#include "tests/faults/roles.h"

namespace cohort::faults {

bool Peer::Check(Stage stage, const Delivery& delivery, Authors* authors) {
  const Result<Authors> checked = CheckBody(stage, delivery.id, delivery.body);
  if (checked.ok()) {
    *authors = *checked;
    return true;
  }
  history.Note("corrupt", ShortName(delivery.queue), IdText(delivery.id),
               checked.status().message());
  return false;
}

bool Peer::Refused(const BrokerEvent& event) {
  const auto* refused = std::get_if<SessionRefused>(&event);
  if (refused == nullptr) return false;
  std::fprintf(stderr, "%s: %s\n", options.instance.c_str(), refused->status.ToString().c_str());
  exit_code = 3;
  return true;
}

int PrintStats(Peer& peer) {
  const auto queues = peer.client->Stats(Seconds(10));
  if (!queues.ok()) {
    std::fprintf(stderr, "%s\n", queues.status().ToString().c_str());
    return 1;
  }
  std::string json;
  for (const QueueStats& queue : *queues) {
    json += (json.empty() ? "{\"" : ", \"") + queue.name + "\": {";
    json +=
        "\"live\": " + std::to_string(queue.ready + queue.leased + queue.accepted + queue.delayed);
    json += ", \"dead\": " + std::to_string(queue.dead);
    json += ", \"stale\": " + std::to_string(queue.stale_answers) + "}";
  }
  std::printf("%s\n", json.empty() ? "{}" : (json + "}").c_str());
  return 0;
}

namespace {

// A line for each prompt: samples, whether it always fails, the samples that always do.
int PrintFates(uint64_t space, uint64_t until) {
  for (uint64_t cursor = 0; cursor < until; ++cursor) {
    const TaskId prompt{kRun, space, cursor, 0};
    std::printf("%u %d", Children(prompt), IsPoisoned(Stage::kPrompt, prompt));
    for (uint32_t i = 0; i < Children(prompt); ++i) {
      if (IsPoisoned(Stage::kRollout, prompt.Sample(i))) std::printf(" %u", i + 1);
    }
    std::printf("\n");
  }
  return 0;
}

Role RoleOf(const std::string& role) {
  if (role == "worker") return Role::kActor;
  if (role == "scorer") return Role::kRewardWorker;
  return role == "stats" ? Role::kOperator : Role::kLearner;
}

int Run(const Options& options) {
  const SystemClock clock;
  const Role role = RoleOf(options.role);
  const auto keys =
      LoadClientKeys(options.keys, std::string(RoleName(role)), options.instance, "broker");
  if (!keys.ok()) {
    std::fprintf(stderr, "%s\n", keys.status().ToString().c_str());
    return 2;
  }
  auto client = BrokerClient::Connect({.endpoint = options.endpoint,
                                       .role = role,
                                       .instance = options.instance,
                                       .clock = &clock,
                                       .keys = *keys});
  if (!client.ok()) {
    std::fprintf(stderr, "%s\n", client.status().ToString().c_str());
    return 2;
  }
  Peer peer{options, Shutdown::Install(), clock, History(options.Path(options.instance)),
            *std::move(client)};
  if (options.role == "producer") return RunProducer(peer);
  if (options.role == "worker") return RunRelay(peer, Stage::kPrompt);
  if (options.role == "scorer") return RunRelay(peer, Stage::kRollout);
  if (options.role == "sink") return RunSink(peer);
  return PrintStats(peer);
}

}  // namespace

int Main(int argc, char** argv) {
  std::map<std::string, std::string> words;
  for (int i = 1; i + 1 < argc; i += 2) words[argv[i]] = argv[i + 1];
  Options options;
  options.role = words["--role"];
  options.endpoint = words["--endpoint"];
  options.instance = words["--instance"];
  options.folder = words["--folder"];
  options.keys = words["--keys"];
  if (words.contains("--space")) options.space = std::stoull(words["--space"]);
  if (words.contains("--rate")) options.rate = std::stod(words["--rate"]);
  if (words.contains("--window")) options.window = std::stoull(words["--window"]);
  options.forgetful = words["--forgetful"] == "1";
  if (options.role == "fates") return PrintFates(options.space, std::stoull(words["--until"]));
  return Run(options);
}

}  // namespace cohort::faults

int main(int argc, char** argv) { return cohort::faults::Main(argc, argv); }
