// cohort keys: makes key pairs, and says whose may connect.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "libs/config/program_options.h"
#include "libs/messaging/allow_list.h"
#include "libs/messaging/keys.h"

namespace cohort {
namespace {

struct Options {
  std::string folder = "keys";
  std::string list;  // empty: `allowed` in the folder
  std::vector<std::string> names;
  bool fleet = false;
  std::string role, key, name;

  std::filesystem::path List() const {
    return list.empty() ? std::filesystem::path(folder) / "allowed" : std::filesystem::path(list);
  }
};

constexpr char kServer[] = "broker";
const char* const kFleetRoles[] = {"learner", "actor", "reward_worker", "operator"};

Status Allow(const Options& options, const std::string& role_name, const std::string& public_key,
             const std::string& name) {
  const std::optional<Role> role = ParseRole(role_name);
  if (!role) {
    return InvalidArgument("no role \"" + role_name +
                           "\": learner, actor, reward_worker or operator");
  }
  COHORT_ASSIGN_OR_RETURN(std::vector<AllowedKey> keys, ReadAllowList(options.List()));
  // The same key or name anew takes the place of the old line.
  std::erase_if(keys, [&](const AllowedKey& key) {
    return key.public_key == public_key || key.name == name;
  });
  keys.push_back({role, public_key, name});
  return WriteAllowList(options.List(), keys);
}

Status New(const Options& options) {
  std::vector<std::string> names = options.names;
  if (options.fleet) {
    names.emplace_back(kServer);
    names.insert(names.end(), std::begin(kFleetRoles), std::end(kFleetRoles));
  }
  if (names.empty()) return InvalidArgument("name a key, or ask for those of a --fleet");
  for (const std::string& name : names) {
    COHORT_ASSIGN_OR_RETURN(const CurveKeyPair pair, MakeKeyPair());
    COHORT_RETURN_IF_ERROR(WriteKeyPair(options.folder, name, pair));
    if (options.fleet && ParseRole(name)) {
      COHORT_RETURN_IF_ERROR(Allow(options, name, pair.public_key, name));
    }
    std::printf("%s: %s/%s.key is secret, %s.pub is for others\n", name.c_str(),
                options.folder.c_str(), name.c_str(), name.c_str());
  }
  return {};
}

Status List(const Options& options) {
  std::error_code ignored;
  if (!std::filesystem::exists(options.List(), ignored)) {
    return NotFound("there is no allow-list " + options.List().string() +
                    ": `cohort keys allow` makes one");
  }
  COHORT_ASSIGN_OR_RETURN(const std::vector<AllowedKey> keys, ReadAllowList(options.List()));
  for (const AllowedKey& key : keys) {
    std::printf("%-14s %s  %s\n", std::string(key.role ? RoleName(*key.role) : "revoked").c_str(),
                key.public_key.c_str(), key.name.c_str());
  }
  return {};
}

// A key's name in the folder, a .pub file, or the key itself.
Status AllowNamed(const Options& options) {
  std::string public_key = options.key;
  std::filesystem::path file = options.key;
  if (!IsKey(options.key)) {
    if (IsKeyName(options.key) && file.extension() != ".pub") {
      file = std::filesystem::path(options.folder) / (options.key + ".pub");
    }
    COHORT_ASSIGN_OR_RETURN(public_key, LoadPublicKey(file));
  } else if (options.name.empty()) {
    return InvalidArgument("a key without a file needs --name");
  }
  const std::string name = options.name.empty() ? file.stem().string() : options.name;
  COHORT_RETURN_IF_ERROR(Allow(options, options.role, public_key, name));
  std::printf("%s may connect as %s\n", name.c_str(), options.role.c_str());
  return {};
}

Status Revoke(const Options& options) {
  COHORT_ASSIGN_OR_RETURN(std::vector<AllowedKey> keys, ReadAllowList(options.List()));
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const AllowedKey& key) {
    return key.name == options.name || key.public_key == options.name;
  });
  if (found == keys.end()) {
    return NotFound(options.List().string() + " has no key \"" + options.name +
                    "\": `cohort keys list` shows them");
  }
  found->role.reset();
  const std::string name = found->name;
  COHORT_RETURN_IF_ERROR(WriteAllowList(options.List(), keys));
  std::printf("%s is revoked; its connections end within a second\n", name.c_str());
  return {};
}

}  // namespace

void AddKeysCommand(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* keys = app.add_subcommand("keys", "Makes keys, and says whose processes may connect");
  keys->require_subcommand(1);
  const auto add = [&](const char* name, const char* purpose, Status (*run)(const Options&)) {
    CLI::App* command = keys->add_subcommand(name, purpose);
    command->add_option("--keys", options->folder, "Folder of keys, as security.keys")
        ->capture_default_str()
        ->type_name("FOLDER");
    command
        ->add_option("--allowed", options->list,
                     "Allow-list, as security.allowed [allowed in the folder]")
        ->type_name("FILE");
    command->callback([options, &line, run] {
      line.run = [options, run] {
        const Status status = run(*options);
        return status.ok() ? 0 : ReportFailure(kProgramName, status);
      };
    });
    return command;
  };
  CLI::App* fresh = add("new", "Makes key pairs; never overwrites one", New);
  fresh->add_option("names", options->names,
                    "Of roles (broker, learner, actor, reward_worker, operator) or instances "
                    "(actor-1)");
  fresh->add_flag("--fleet", options->fleet,
                  "One for the broker and one for each role, which are allowed at once");
  add("list", "Prints the allow-list: role, public key, name", List);
  CLI::App* allow = add("allow", "Lets a key connect in a role", AllowNamed);
  allow->add_option("role", options->role, "learner, actor, reward_worker or operator")->required();
  allow->add_option("key", options->key, "Name in the folder, a .pub file, or the public key")
      ->required();
  allow->add_option("--name", options->name, "Its name in the list [that of the file]");
  CLI::App* revoke = add("revoke", "Shuts a key out and drops its live connections", Revoke);
  revoke->add_option("name", options->name, "Its name in the list, or the public key")->required();
}

}  // namespace cohort
