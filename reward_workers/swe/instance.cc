#include "reward_workers/swe/instance.h"

#include <nlohmann/json.hpp>

namespace cohort {
namespace {

using Json = nlohmann::json;

Result<std::string> Text(const Json& object, const char* key, bool needed) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) {
    if (!needed) return std::string();
    return InvalidArgument("the row has no \"" + std::string(key) + "\"");
  }
  if (!found->is_string()) return InvalidArgument("\"" + std::string(key) + "\" must be a text");
  return found->get<std::string>();
}

Result<std::vector<std::string>> Texts(const Json& object, const char* key) {
  const auto bad = [&] {
    return InvalidArgument("\"" + std::string(key) + "\" must be a list of the names of tests");
  };
  const auto found = object.find(key);
  if (found == object.end()) return bad();
  Json list = *found;
  if (list.is_string()) {
    list = Json::parse(list.get<std::string>(), nullptr, /*allow_exceptions=*/false);
  }
  if (!list.is_array()) return bad();
  std::vector<std::string> texts;
  for (const Json& element : list) {
    if (!element.is_string()) return bad();
    texts.push_back(element.get<std::string>());
  }
  return texts;
}

}  // namespace

Result<SweInstance> ReadSweInstance(std::string_view columns) {
  const Json object = Json::parse(columns, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return InvalidArgument("the row has no columns beside its prompt");
  SweInstance instance;
  COHORT_ASSIGN_OR_RETURN(instance.id, Text(object, "instance_id", /*needed=*/true));
  COHORT_ASSIGN_OR_RETURN(instance.environment, Text(object, "environment", /*needed=*/false));
  if (instance.environment.empty()) {
    COHORT_ASSIGN_OR_RETURN(std::string name, Text(object, "repo", /*needed=*/true));
    for (size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash)) {
      name.replace(slash, 1, "__");
    }
    instance.environment = std::move(name);
  }
  COHORT_ASSIGN_OR_RETURN(instance.base_commit, Text(object, "base_commit", /*needed=*/false));
  if (instance.base_commit.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return InvalidArgument("\"base_commit\" must be a commit's digest in hexadecimal digits");
  }
  COHORT_ASSIGN_OR_RETURN(instance.patch, Text(object, "patch", /*needed=*/false));
  COHORT_ASSIGN_OR_RETURN(instance.test_patch, Text(object, "test_patch", /*needed=*/false));
  COHORT_ASSIGN_OR_RETURN(instance.fail_to_pass, Texts(object, "FAIL_TO_PASS"));
  COHORT_ASSIGN_OR_RETURN(instance.pass_to_pass, Texts(object, "PASS_TO_PASS"));
  if (instance.fail_to_pass.empty()) return InvalidArgument("\"FAIL_TO_PASS\" names no test");
  return instance;
}

}  // namespace cohort
