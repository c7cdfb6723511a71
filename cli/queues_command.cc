// cohort queues: look into a run's queues, bring dead letters back, end tasks, stop deliveries.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/command.h"
#include "cli/text.h"
#include "libs/config/program_options.h"
#include "libs/messaging/broker_client.h"
#include "libs/messaging/keys.h"
#include "libs/messaging/names.h"
#include "libs/run/run_directory.h"

namespace cohort {
namespace {

using nlohmann::json;

struct Options {
  std::string run;
  std::string queue;
  std::string endpoint;
  double timeout = 5;
  bool as_json = false;
  std::string state = "ready";
  int64_t limit = 20;
  std::vector<std::string> ids;
  bool all = false;
  std::string which = "dead";
};

void PrintJson(const json& value) {
  std::printf("%s\n", value.dump(-1, ' ', false, json::error_handler_t::replace).c_str());
}

std::string Number(uint64_t value) { return std::to_string(value); }

// --- how the broker is found

Result<Config> ConfigOf(const Options& options, const CommandLine& line) {
  if (!options.endpoint.empty()) return line.Load({});  // the run may lie elsewhere
  COHORT_ASSIGN_OR_RETURN(const RunDirectory run, RunDirectory::Open(options.run));
  COHORT_ASSIGN_OR_RETURN(Config config, line.Load({run.config().string()}));
  config.run.directory = run.path().string();
  return config;
}

Result<std::unique_ptr<BrokerClient>> Connect(const Options& options, const CommandLine& line) {
  COHORT_ASSIGN_OR_RETURN(const Config config, ConfigOf(options, line));
  const std::string instance = "operator-" + std::to_string(getpid());
  COHORT_ASSIGN_OR_RETURN(const std::optional<CurveClient> keys,
                          LoadClientKeys(config.security.keys, "operator", instance, "broker"));
  return BrokerClient::Connect(
      {.endpoint = options.endpoint.empty() ? config.BrokerEndpoint() : options.endpoint,
       .role = Role::kOperator,
       .instance = instance,
       .keys = keys});
}

// --- what is shown

json AsJson(const QueueStats& queue) {
  return {{"queue", queue.name},
          {"ready", queue.ready},
          {"leased", queue.leased},
          {"accepted", queue.accepted},
          {"delayed", queue.delayed},
          {"dead", queue.dead},
          {"bytes", queue.bytes},
          {"oldest_age_seconds", queue.oldest_age_seconds},
          {"puts", queue.puts},
          {"deliveries", queue.deliveries},
          {"settles", queue.settles},
          {"redeliveries", queue.redeliveries},
          {"stale_answers", queue.stale_answers},
          {"refused", queue.refused},
          {"subscribers", queue.subscribers},
          {"paused", queue.paused},
          {"waits_for", queue.waits_for},
          {"waits_since_seconds", queue.waits_since_seconds},
          {"phase", queue.phase},
          {"phase_since_seconds", queue.phase_since_seconds},
          {"phase_of", queue.phase.empty() ? "" : queue.phase_of.ToString()}};
}

json AsJson(const std::string& queue, const TaskSummary& task) {
  json row = {{"queue", queue},
              {"id", task.id.ToString()},
              {"state", TaskStateName(task.state)},
              {"priority", task.priority},
              {"attempts", task.attempts},
              {"bytes", task.bytes},
              {"age_seconds", task.age_seconds},
              {"holder", task.holder},
              {"reasons", task.reasons}};
  if (task.obituary.has_value()) row["tells_of"] = EndReasonName(*task.obituary);
  return row;
}

void PrintTasksHead() {
  std::printf("%s %s %8s %9s %10s %4s  %s\n", Padded("id", 34).c_str(), Padded("state", 9).c_str(),
              "attempts", "age", "bytes", "prio", "holder");
}

void PrintTask(const TaskSummary& task) {
  std::string holder = task.holder.empty() ? "-" : task.holder;
  if (task.obituary.has_value()) {
    holder += "  tells that it is " + std::string(EndReasonName(*task.obituary));
  }
  std::printf("%s %s %8u %9s %10s %4u  %s\n", Padded(task.id.ToString(), 34).c_str(),
              Padded(std::string(TaskStateName(task.state)), 9).c_str(), task.attempts,
              Age(task.age_seconds).c_str(), Number(task.bytes).c_str(),
              static_cast<unsigned>(task.priority), holder.c_str());
  for (const std::string& reason : task.reasons) {
    std::printf("%s\n", Indented(Shortened(reason, 400), "    ").c_str());
  }
}

// --- the verbs

Status List(BrokerClient& broker, const Options& options) {
  COHORT_ASSIGN_OR_RETURN(const auto queues, broker.Stats(Seconds(options.timeout)));
  if (!options.as_json) {
    std::printf("%s %8s %8s %8s %8s %6s %12s %9s  %s\n", Padded("queue", 24).c_str(), "ready",
                "leased", "accepted", "delayed", "dead", "bytes", "oldest", "waits for");
  }
  for (const QueueStats& queue : queues) {
    if (options.as_json) {
      PrintJson(AsJson(queue));
      continue;
    }
    std::string waits = queue.waits_for;
    if (!waits.empty()) waits += " since " + Age(queue.waits_since_seconds);
    if (queue.paused && waits.empty()) waits = "nothing (paused)";
    if (!queue.phase.empty()) {
      waits += (waits.empty() ? "" : "; ") +
               PhaseText(queue.phase_of.ToString(), queue.phase, queue.phase_since_seconds);
    }
    std::printf("%s %8s %8s %8s %8s %6s %12s %9s  %s\n", Padded(queue.name, 24).c_str(),
                Number(queue.ready).c_str(), Number(queue.leased).c_str(),
                Number(queue.accepted).c_str(), Number(queue.delayed).c_str(),
                Number(queue.dead).c_str(), Number(queue.bytes).c_str(),
                queue.ready > 0 ? Age(queue.oldest_age_seconds).c_str() : "-", waits.c_str());
  }
  return {};
}

Result<TaskState> ParseState(const std::string& name) {
  for (const TaskState state : {TaskState::kReady, TaskState::kLeased, TaskState::kAccepted,
                                TaskState::kDelayed, TaskState::kDead}) {
    if (name == TaskStateName(state)) return state;
  }
  return InvalidArgument("no task is ever " + name);
}

Status Show(BrokerClient& broker, const Options& options, const std::string& queue,
            TaskState state) {
  COHORT_ASSIGN_OR_RETURN(
      const OperatorReport report,
      broker.Peek(queue, state, static_cast<uint32_t>(options.limit), Seconds(options.timeout)));
  if (!options.as_json) PrintTasksHead();
  for (const TaskSummary& task : report.tasks) {
    if (options.as_json) {
      PrintJson(AsJson(queue, task));
    } else {
      PrintTask(task);
    }
  }
  return {};
}

Status Peek(BrokerClient& broker, const Options& options) {
  COHORT_ASSIGN_OR_RETURN(const TaskState state, ParseState(options.state));
  return Show(broker, options, options.queue, state);
}

Status Dead(BrokerClient& broker, const Options& options) {
  if (!options.queue.empty()) return Show(broker, options, options.queue, TaskState::kDead);
  COHORT_ASSIGN_OR_RETURN(const auto queues, broker.Stats(Seconds(options.timeout)));
  bool any = false;
  for (const QueueStats& queue : queues) {
    if (queue.dead == 0) continue;
    if (!options.as_json) {
      std::printf("%s%s: %s dead\n", any ? "\n" : "", queue.name.c_str(),
                  Number(queue.dead).c_str());
    }
    any = true;
    COHORT_RETURN_IF_ERROR(Show(broker, options, queue.name, TaskState::kDead));
  }
  if (!any && !options.as_json) std::printf("no dead letters\n");
  return {};
}

// Fails when nothing at all could be done.
Status PrintDone(const Options& options, const std::string& verb, const OperatorReport& report) {
  if (options.as_json) {
    PrintJson({{"queue", options.queue},
               {"verb", verb},
               {"done", report.done},
               {"refused", report.refused},
               {"reason", report.reason}});
  } else {
    std::printf("%s: %s %s", options.queue.c_str(), verb.c_str(), Number(report.done).c_str());
    if (report.refused > 0) {
      std::printf(", left %s as they are (%s)", Number(report.refused).c_str(),
                  report.reason.c_str());
    }
    std::printf("\n");
  }
  if (report.done > 0 || report.refused == 0) return {};
  return FailedPrecondition("queue " + options.queue + ": " + report.reason);
}

Status Revive(BrokerClient& broker, const Options& options) {
  if (options.ids.empty() != options.all) {
    return InvalidArgument("name the dead letters to revive, or --all (and not both)");
  }
  std::vector<std::optional<TaskId>> wanted;
  for (const std::string& text : options.ids) {
    COHORT_ASSIGN_OR_RETURN(const TaskId id, TaskId::Parse(text));
    wanted.emplace_back(id);
  }
  if (options.all) wanted.emplace_back(std::nullopt);
  OperatorReport sum;
  for (const std::optional<TaskId>& id : wanted) {
    const Result<OperatorReport> report =
        broker.Revive(options.queue, id, Seconds(options.timeout));
    if (!report.ok() && wanted.size() == 1) return report.status();
    sum.done += report.ok() ? report->done : 0;
    sum.refused += report.ok() ? report->refused : 1;
    if (sum.reason.empty()) sum.reason = report.ok() ? report->reason : report.status().message();
  }
  return PrintDone(options, "revived", sum);
}

Status Purge(BrokerClient& broker, const Options& options) {
  const PurgeScope which = options.which == "ready" ? PurgeScope::kReady
                           : options.which == "all" ? PurgeScope::kAll
                                                    : PurgeScope::kDead;
  COHORT_ASSIGN_OR_RETURN(const OperatorReport report,
                          broker.Purge(options.queue, which, Seconds(options.timeout)));
  return PrintDone(options, "purged", report);
}

Status SetPaused(BrokerClient& broker, const Options& options, bool paused) {
  const auto timeout = Seconds(options.timeout);
  const Result<OperatorReport> report =
      paused ? broker.Pause(options.queue, timeout) : broker.Resume(options.queue, timeout);
  if (!report.ok()) return report.status();
  if (options.as_json) {
    PrintJson({{"queue", options.queue}, {"paused", paused}});
  } else {
    std::printf("%s: %s\n", options.queue.c_str(),
                paused ? "paused; `cohort queues resume` lets it deliver again" : "delivers");
  }
  return {};
}

// --- the command line

using Handler = Status (*)(BrokerClient& broker, const Options& options);

// A subcommand of `queues`, with what all of them share.
CLI::App* Add(CLI::App* queues, CommandLine& line, const std::shared_ptr<Options>& options,
              const std::string& name, const std::string& purpose, Handler handler) {
  CLI::App* command = queues->add_subcommand(name, purpose);
  command->add_option("run", options->run, "Run directory")->required()->type_name("RUN");
  command->add_option("--timeout", options->timeout, "Seconds to wait for the broker's answer")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 86400.0));
  command->add_option("--endpoint", options->endpoint,
                      "The broker's endpoint (default: as the run's config.toml has it)");
  command->add_flag("--json", options->as_json, "One JSON object a line, for machines");
  command->callback([options, &line, handler] {
    line.run = [options, &line, handler] {
      const auto broker = Connect(*options, line);
      const Status status = broker.ok() ? handler(**broker, *options) : broker.status();
      return status.ok() ? 0 : ReportFailure(kProgramName, status);
    };
  });
  return command;
}

void AddQueue(CLI::App* command, Options& options, bool required) {
  command->add_option("queue", options.queue, "Queue, as `cohort queues list` names it")
      ->required(required)
      ->type_name("QUEUE")
      ->check([](const std::string& name) { return CheckName(name, "a queue's name").message(); });
}

void AddLimit(CLI::App* command, Options& options) {
  command->add_option("--limit", options.limit, "How many tasks of a queue at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
}

}  // namespace

void AddQueuesCommand(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* queues =
      app.add_subcommand("queues", "Looks into a run's queues, revives and purges tasks, pauses");
  queues->require_subcommand(1);
  Add(queues, line, options, "list", "All queues: what lies in them and what they wait for", List);

  CLI::App* peek =
      Add(queues, line, options, "peek", "Tasks of a queue, without their bodies", Peek);
  AddQueue(peek, *options, true);
  peek->add_option("--state", options->state, "Only those that are")
      ->capture_default_str()
      ->check(CLI::IsMember({"ready", "leased", "accepted", "delayed", "dead"}));
  AddLimit(peek, *options);

  CLI::App* dead = Add(queues, line, options, "dead",
                       "Dead letters with the reasons of all their attempts", Dead);
  AddQueue(dead, *options, false);
  AddLimit(dead, *options);

  CLI::App* revive = Add(queues, line, options, "revive",
                         "Makes dead letters ready again, with fresh attempts", Revive);
  AddQueue(revive, *options, true);
  revive->add_option("ids", options->ids, "Ids of the dead letters")->type_name("ID");
  revive->add_flag("--all", options->all, "All dead letters of the queue");
  revive->footer(
      "Refused for a task whose end whoever waited for it has heard already, that is past its\n"
      "deadline or below its producer's floor, or that the queue has no room for.");

  CLI::App* purge =
      Add(queues, line, options, "purge", "Ends tasks; who waits for them is told", Purge);
  AddQueue(purge, *options, true);
  purge
      ->add_option("--state", options->which,
                   "Which: dead; ready (and delayed); or all (these and the leased ones)")
      ->capture_default_str()
      ->check(CLI::IsMember({"dead", "ready", "all"}));
  purge->footer(
      "Tasks that a learner holds for its checkpoint stay, and so does what tells of the ends of\n"
      "other tasks. Puts that wait for room come in afterwards.");

  CLI::App* pause =
      Add(queues, line, options, "pause", "Stops a queue's deliveries",
          [](BrokerClient& broker, const Options& all) { return SetPaused(broker, all, true); });
  AddQueue(pause, *options, true);
  pause->footer("Puts and answers go on. A queue on disk stays paused over the broker's restarts.");
  CLI::App* resume =
      Add(queues, line, options, "resume", "Lets a paused queue deliver again",
          [](BrokerClient& broker, const Options& all) { return SetPaused(broker, all, false); });
  AddQueue(resume, *options, true);
}

}  // namespace cohort
