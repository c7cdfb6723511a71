#include "libs/telemetry/health.h"

#include <utility>

namespace cohort {

void Health::SetReady(bool ready, std::string why) {
  readiness_.With([&](Readiness& r) { r = {ready, std::move(why)}; });
}

void Health::SetStatus(std::function<std::string()> json) {
  status_.With([&](std::function<std::string()>& status) { status = std::move(json); });
}

bool Health::ready() const {
  return readiness_.With([](const Readiness& r) { return r.ready; });
}

std::string Health::why() const {
  return readiness_.With([](const Readiness& r) { return r.why; });
}

std::string Health::StatusJson() const {
  return status_.With([](const std::function<std::string()>& status) {
    return status ? status() : std::string("{}");
  });
}

}  // namespace cohort
