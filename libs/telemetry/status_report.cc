#include "libs/telemetry/status_report.h"

#include <nlohmann/json.hpp>

namespace cohort {
namespace {

using nlohmann::json;

json ToValue(const Waiting& waiting) {
  return {{"for", waiting.for_what}, {"since_seconds", waiting.since_seconds}, {"id", waiting.id}};
}

json ToValue(const QueueStatus& queue) {
  return {{"name", queue.name},
          {"ready", queue.ready},
          {"leased", queue.leased},
          {"accepted", queue.accepted},
          {"delayed", queue.delayed},
          {"dead", queue.dead},
          {"bytes", queue.bytes},
          {"subscribers", queue.subscribers},
          {"oldest_age_seconds", queue.oldest_age_seconds},
          {"waits_for", queue.waits_for},
          {"waits_since_seconds", queue.waits_since_seconds},
          {"phase", queue.phase},
          {"phase_since_seconds", queue.phase_since_seconds},
          {"phase_of", queue.phase_of}};
}

json ToValue(const RouteStatus& route) {
  return {{"name", route.name},
          {"share", route.share},
          {"pending", route.pending},
          {"ready", route.ready},
          {"ends", route.ends},
          {"age_seconds", route.age_seconds},
          {"age_publications", route.age_publications}};
}

RouteStatus ToRoute(const json& value) {
  RouteStatus route;
  route.name = value.value("name", "");
  route.share = value.value("share", uint64_t{0});
  route.pending = value.value("pending", uint64_t{0});
  route.ready = value.value("ready", uint64_t{0});
  route.ends = value.value("ends", route.ends);
  route.age_seconds = value.value("age_seconds", route.age_seconds);
  route.age_publications = value.value("age_publications", 0.0);
  return route;
}

Waiting ToWaiting(const json& value) {
  return {value.value("for", ""), value.value("since_seconds", 0.0), value.value("id", "")};
}

QueueStatus ToQueue(const json& value) {
  QueueStatus queue;
  queue.name = value.value("name", "");
  queue.ready = value.value("ready", uint64_t{0});
  queue.leased = value.value("leased", uint64_t{0});
  queue.accepted = value.value("accepted", uint64_t{0});
  queue.delayed = value.value("delayed", uint64_t{0});
  queue.dead = value.value("dead", uint64_t{0});
  queue.bytes = value.value("bytes", uint64_t{0});
  queue.subscribers = value.value("subscribers", uint64_t{0});
  queue.oldest_age_seconds = value.value("oldest_age_seconds", 0.0);
  queue.waits_for = value.value("waits_for", "");
  queue.waits_since_seconds = value.value("waits_since_seconds", 0.0);
  queue.phase = value.value("phase", "");
  queue.phase_since_seconds = value.value("phase_since_seconds", 0.0);
  queue.phase_of = value.value("phase_of", "");
  return queue;
}

}  // namespace

std::string StatusReport::ToJson() const {
  json value = {{"state", state}, {"waiting", json::array()}};
  for (const Waiting& one : waiting) value["waiting"].push_back(ToValue(one));
  for (const QueueStatus& queue : queues) value["queues"].push_back(ToValue(queue));
  for (const RouteStatus& route : routes) value["routes"].push_back(ToValue(route));
  if (!ledger.empty()) value["ledger"] = ledger;
  if (!figures.empty()) value["figures"] = figures;
  if (!facts.empty()) value["facts"] = facts;
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<StatusReport> StatusReport::FromJson(std::string_view text) {
  const json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return DataLoss("the status is no JSON object");
  // The library reports a part of another type by throwing; this is the boundary.
  try {
    StatusReport report;
    report.state = value.value("state", "");
    for (const json& one : value.value("waiting", json::array())) {
      report.waiting.push_back(ToWaiting(one));
    }
    for (const json& queue : value.value("queues", json::array())) {
      report.queues.push_back(ToQueue(queue));
    }
    for (const json& route : value.value("routes", json::array())) {
      report.routes.push_back(ToRoute(route));
    }
    report.ledger = value.value("ledger", report.ledger);
    report.figures = value.value("figures", report.figures);
    report.facts = value.value("facts", report.facts);
    return report;
  } catch (const json::exception& error) {
    return DataLoss(std::string("the status has a part of the wrong type: ") + error.what());
  }
}

}  // namespace cohort
