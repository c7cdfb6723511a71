// cohort status: who waits for what, since when, and for which id.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <utility>

#include "cli/command.h"
#include "cli/http.h"
#include "cli/text.h"
#include "libs/base/ids.h"
#include "libs/config/program_options.h"
#include "libs/run/run_directory.h"
#include "libs/telemetry/process_telemetry.h"
#include "libs/telemetry/status_report.h"

namespace cohort {
namespace {

struct Options {
  std::string run;
  double timeout = 2;
};

void PrintProcess(const ProcessEndpoint& endpoint, const std::string& state) {
  std::printf("%s  pid %-8lld %s\n", Padded(endpoint.instance, 18).c_str(),
              static_cast<long long>(endpoint.pid), state.c_str());
}

std::string Figure(double value) {
  return value == static_cast<double>(static_cast<long long>(value)) ? Fixed(value, 0)
                                                                     : Fixed(value, 3);
}

// "trained 93 % (186)", with the largest first.
std::string EndsText(const RouteStatus& route) {
  uint64_t ended = 0;
  std::vector<std::pair<uint64_t, std::string>> ends;
  for (const auto& [end, groups] : route.ends) {
    ended += groups;
    if (groups > 0) ends.emplace_back(groups, end);
  }
  if (ended == 0) return "no group has ended yet";
  std::sort(ends.begin(), ends.end(), std::greater<>());
  std::string text;
  for (const auto& [groups, end] : ends) {
    const double percent = 100 * static_cast<double>(groups) / static_cast<double>(ended);
    text += (text.empty() ? "" : ", ") + end + " " + Fixed(percent, 1) + " % (" +
            std::to_string(groups) + ")";
  }
  return text;
}

// The age of its last groups, in the order in which its parts pass.
std::string AgeText(const RouteStatus& route) {
  double seconds = 0;
  std::string parts;
  for (const char* part : {"queue", "generation", "reward", "assembly"}) {
    const auto found = route.age_seconds.find(part);
    if (found == route.age_seconds.end()) continue;
    seconds += found->second;
    parts += (parts.empty() ? "" : ", ") + std::string(part) + " " + Age(found->second);
  }
  return "age " + Fixed(route.age_publications, 1) + " publications, " + Age(seconds) + ": " +
         parts;
}

void PrintRoute(const RouteStatus& route) {
  std::printf("    route %s: %llu under way, %llu of them ready, at most %llu a step; %s\n",
              route.name.c_str(), static_cast<unsigned long long>(route.pending),
              static_cast<unsigned long long>(route.ready),
              static_cast<unsigned long long>(route.share), EndsText(route).c_str());
  if (!route.age_seconds.empty()) std::printf("      %s\n", AgeText(route).c_str());
}

void PrintReport(const ProcessEndpoint& endpoint, const StatusReport& report) {
  std::string state = report.state.empty() ? "answers" : report.state;
  for (const auto& [name, value] : report.figures) state += "  " + name + " " + Figure(value);
  PrintProcess(endpoint, state);
  for (const auto& [name, value] : report.facts) {
    std::printf("    %s: %s\n", name.c_str(), value.c_str());
  }
  for (const Waiting& waiting : report.waiting) {
    std::printf("    waits for %s since %s%s\n", waiting.for_what.c_str(),
                Age(waiting.since_seconds).c_str(),
                waiting.id.empty() ? "" : (", id " + waiting.id).c_str());
  }
  if (!report.queues.empty()) {
    std::printf("    %s %8s %8s %8s %8s %6s %9s  %s\n", Padded("queue", 24).c_str(), "ready",
                "leased", "accepted", "delayed", "dead", "oldest", "waits for");
  }
  for (const QueueStatus& queue : report.queues) {
    std::string waits = queue.waits_for;
    if (!waits.empty()) waits += " since " + Age(queue.waits_since_seconds);
    if (!queue.phase.empty()) {
      waits += (waits.empty() ? "" : "; ") +
               PhaseText(queue.phase_of, queue.phase, queue.phase_since_seconds);
    }
    std::printf(
        "    %s %8llu %8llu %8llu %8llu %6llu %9s  %s\n", Padded(queue.name, 24).c_str(),
        static_cast<unsigned long long>(queue.ready), static_cast<unsigned long long>(queue.leased),
        static_cast<unsigned long long>(queue.accepted),
        static_cast<unsigned long long>(queue.delayed), static_cast<unsigned long long>(queue.dead),
        queue.ready > 0 ? Age(queue.oldest_age_seconds).c_str() : "-", waits.c_str());
  }
  for (const RouteStatus& route : report.routes) PrintRoute(route);
  if (report.ledger.empty()) return;
  std::string ledger;
  for (const auto& [name, count] : report.ledger) {
    ledger += "  " + name + " " + std::to_string(count);
  }
  std::printf("    ledger:%s\n", ledger.c_str());
}

// Whether the process answered.
bool Ask(const ProcessEndpoint& endpoint, Duration timeout) {
  const Result<std::string> body = HttpGet(endpoint.telemetry + "/status", timeout);
  if (!body.ok()) {
    PrintProcess(endpoint, "DOES NOT ANSWER: " + body.status().message());
    return false;
  }
  const Result<StatusReport> report = StatusReport::FromJson(*body);
  if (!report.ok()) {
    PrintProcess(endpoint, "answers, but " + report.status().message());
    return false;
  }
  PrintReport(endpoint, *report);
  return true;
}

Result<bool> Print(const Options& options) {
  COHORT_ASSIGN_OR_RETURN(const RunDirectory run, RunDirectory::Open(options.run));
  std::vector<std::string> problems;
  const std::vector<ProcessEndpoint> endpoints = ReadProcessEndpoints(run.endpoints(), &problems);
  std::printf("run %s in %s\n", Hex(run.run_id()).c_str(), run.path().c_str());
  bool all = true;
  for (const ProcessEndpoint& endpoint : endpoints) {
    all = Ask(endpoint, Seconds(options.timeout)) && all;
  }
  for (const std::string& problem : problems) {
    std::printf("%s\n", problem.c_str());
    all = false;
  }
  if (endpoints.empty()) std::printf("no process of this run is running\n");
  return all;
}

}  // namespace

void AddStatusCommand(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "status", "Asks every process of a run: who waits for what, since when, for which id");
  command->add_option("run", options->run, "Run directory")->required()->type_name("RUN");
  command->add_option("--timeout", options->timeout, "Seconds to wait for each process")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->footer("Exit code 1 when a process does not answer.");
  command->callback([options, &line] {
    line.run = [options] {
      const Result<bool> all = Print(*options);
      if (!all.ok()) return ReportFailure(kProgramName, all.status());
      return *all ? 0 : 1;
    };
  });
}

}  // namespace cohort
