#include "reward_workers/scorer_sandbox.h"

#include "reward_workers/plugins/machine_room.h"
#include "reward_workers/plugins/supervisor.h"

namespace cohort {
namespace {

// Its launcher is no orphan of a scorer's, which the supervisor would end.
Result<std::shared_ptr<Sandbox>> Open(Supervisor* supervisor) {
  Result<std::shared_ptr<Sandbox>> opened = Unavailable("not opened");
  const auto open = [&opened]() -> Supervisor::SparedChild {
    Result<std::unique_ptr<Sandbox>> sandbox = Sandbox::Open({});
    if (!sandbox.ok()) {
      opened = sandbox.status();
      return nullptr;
    }
    const std::shared_ptr<Sandbox> shared = *std::move(sandbox);
    opened = shared;
    return [weak = std::weak_ptr<Sandbox>(shared)] {
      const std::shared_ptr<Sandbox> now = weak.lock();
      return now ? now->launcher() : 0;
    };
  };
  if (supervisor == nullptr) {
    open();
  } else {
    supervisor->Spare(open);
  }
  return opened;
}

}  // namespace

Result<std::shared_ptr<Sandbox>> OpenScorerSandbox(const ScorerConfig& config,
                                                   const ScorerContext& context) {
  COHORT_ASSIGN_OR_RETURN(std::shared_ptr<Sandbox> sandbox, Open(context.supervisor));
  if (config.sandbox == "full" && !sandbox->mode().Full()) {
    return FailedPrecondition(
        "scorers." + config.name +
        ".sandbox = \"full\", but this machine's sandbox is weaker: " + sandbox->mode().Name() +
        " (`cohort sandbox check` says why); say sandbox = \"any\" to run so");
  }
  return sandbox;
}

size_t SandboxPlaces(const ScorerConfig& config) {
  if (config.processes > 0) return static_cast<size_t>(config.processes);
  return ChildrenByCost(MachineRoom(), config.cpus, config.memory_mb);
}

}  // namespace cohort
