#include "learner/ledger.h"

#include <nlohmann/json.hpp>
#include <numeric>

namespace cohort {

std::string_view GroupEndName(GroupEnd end) {
  switch (end) {
    case GroupEnd::kTrained:
      return "trained";
    case GroupEnd::kStale:
      return "stale";
    case GroupEnd::kUninformative:
      return "uninformative";
    case GroupEnd::kMasked:
      return "masked";
    case GroupEnd::kExpired:
      return "expired";
    case GroupEnd::kCancelled:
      return "cancelled";
    case GroupEnd::kDead:
      return "dead";
    case GroupEnd::kObserved:
      return "observed";
  }
  return "unknown";
}

bool RouteLedger::Balances() const {
  const uint64_t ended_in_all = std::accumulate(ends.begin(), ends.end(), uint64_t{0});
  return issued == pending.size() + ended_in_all && (pending.empty() || *pending.rbegin() < issued);
}

uint64_t Ledger::Issue(size_t route) {
  RouteLedger& ledger = routes_[route];
  ledger.pending.insert(ledger.pending.end(), ledger.issued);
  return ledger.issued++;
}

bool Ledger::End(size_t route, uint64_t cursor, GroupEnd end) {
  RouteLedger& ledger = routes_[route];
  if (ledger.pending.erase(cursor) == 0) return false;
  ledger.ends[static_cast<size_t>(end)] += 1;
  return true;
}

bool Ledger::Balances() const {
  for (const RouteLedger& ledger : routes_) {
    if (!ledger.Balances()) return false;
  }
  return true;
}

std::string Ledger::ToJson() const {
  nlohmann::json routes = nlohmann::json::array();
  for (const RouteLedger& ledger : routes_) {
    nlohmann::json entry = {{"issued", ledger.issued}, {"pending", ledger.pending}};
    for (GroupEnd end : kGroupEnds) entry[std::string(GroupEndName(end))] = ledger.ended(end);
    routes.push_back(std::move(entry));
  }
  return routes.dump();
}

Result<Ledger> Ledger::FromJson(std::string_view json, size_t routes) {
  try {
    const auto entries = nlohmann::json::parse(json);
    if (entries.size() != routes) {
      return FailedPrecondition("the checkpoint's ledger has " + std::to_string(entries.size()) +
                                " routes and the configuration " + std::to_string(routes) +
                                "; resume with the configuration that the run was started with");
    }
    Ledger ledger(routes);
    for (size_t i = 0; i < routes; ++i) {
      RouteLedger& route = ledger.routes_[i];
      route.issued = entries[i].at("issued");
      route.pending = entries[i].at("pending").get<std::set<uint64_t>>();
      for (GroupEnd end : kGroupEnds) {
        const std::string name(GroupEndName(end));
        // Checkpoints from before there was this end lack it.
        route.ends[static_cast<size_t>(end)] = end == GroupEnd::kObserved
                                                   ? entries[i].value(name, uint64_t{0})
                                                   : entries[i].at(name).get<uint64_t>();
      }
    }
    if (!ledger.Balances()) return DataLoss("the checkpoint's ledger does not balance");
    return ledger;
  } catch (const nlohmann::json::exception& error) {
    return DataLoss(std::string("the checkpoint's ledger is damaged: ") + error.what());
  }
}

}  // namespace cohort
