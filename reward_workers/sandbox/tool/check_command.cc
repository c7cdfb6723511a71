// cohort sandbox check: what this machine lends to sandboxes, and what is weaker for lack of it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "reward_workers/sandbox/tool/command.h"

namespace cohort {
namespace {

using nlohmann::json;

json ToJson(const std::vector<Mechanism>& mechanisms, const std::string& trouble) {
  json rows = json::array();
  for (const Mechanism& mechanism : mechanisms) {
    json row = {{"name", MechanismName(mechanism.kind)},
                {"present", mechanism.present},
                {"detail", mechanism.detail}};
    if (!mechanism.present) {
      row["without"] = WithoutMechanism(mechanism.kind);
      row["attacks"] = AttacksHeldBy(mechanism.kind);
    }
    rows.push_back(std::move(row));
  }
  return {{"works", trouble.empty()},
          {"trouble", trouble},
          {"mode", trouble.empty() ? ModeOf(mechanisms).Name() : "none"},
          {"full", trouble.empty() && ModeOf(mechanisms).Full()},
          {"mechanisms", std::move(rows)}};
}

void Print(const std::vector<Mechanism>& mechanisms, const std::string& trouble) {
  for (const Mechanism& mechanism : mechanisms) {
    const std::string name(MechanismName(mechanism.kind));
    std::printf("%-4s %-26s %s\n", mechanism.present ? "yes" : "no", name.c_str(),
                mechanism.detail.c_str());
    if (mechanism.present) continue;
    std::string attacks;
    for (const int attack : AttacksHeldBy(mechanism.kind)) {
      attacks += (attacks.empty() ? " (attack " : ", ") + std::to_string(attack);
    }
    std::printf("     %-26s without it: %s%s\n", "",
                std::string(WithoutMechanism(mechanism.kind)).c_str(),
                attacks.empty() ? "" : (attacks + ")").c_str());
  }
  std::printf("\nmode: %s\n",
              trouble.empty() ? ModeOf(mechanisms).Name().c_str() : ("none: " + trouble).c_str());
}

// The table may promise what a box then does not do.
std::string TryOne(Sandbox& sandbox) {
  SandboxSpec spec;
  spec.argv = {"/bin/true"};
  const SandboxResult result = sandbox.Run(spec);
  return result.end == SandboxEnd::kExited && result.code == 0 ? ""
                                                               : "/bin/true " + Describe(result);
}

int Check(const SandboxLine& line, bool as_json) {
  const Result<std::unique_ptr<Sandbox>> sandbox = Sandbox::Open(line.options);
  std::vector<Mechanism> mechanisms;
  std::string trouble;
  if (sandbox.ok()) {
    mechanisms = (*sandbox)->mechanisms();
    trouble = TryOne(**sandbox);
  } else {
    trouble = sandbox.status().message();
  }
  if (as_json) {
    std::printf("%s\n", ToJson(mechanisms, trouble).dump(2).c_str());
  } else {
    Print(mechanisms, trouble);
  }
  return trouble.empty() && ModeOf(mechanisms).Full() ? 0 : 1;
}

}  // namespace

void AddCheckCommand(CLI::App& app, SandboxLine& line) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand(
      "check", "Says what boxes can hold on this machine; exit code 0 if that is all");
  AddSandboxOptions(*command, line);
  command->add_flag("--json", *as_json, "As JSON");
  command->callback(
      [as_json, &line] { line.run = [as_json, &line] { return Check(line, *as_json); }; });
}

}  // namespace cohort
