#include "reward_workers/plugins/messages.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

namespace cohort {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxDetail = 500;  // bytes of a line for people

// One line, without control characters, cut to what people read.
std::string Line(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return "";
  std::string quoted = Quoted(found->get_ref<const std::string&>(), kMaxDetail);
  return quoted.substr(1, quoted.size() - 2);
}

Result<Json> ParseObject(std::string_view json) {
  Json object = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (object.is_discarded()) return InvalidArgument("what it wrote is no JSON: " + Quoted(json));
  if (!object.is_object())
    return InvalidArgument("what it wrote is no JSON object: " + Quoted(json));
  return object;
}

Result<Verdict> VerdictOf(const Json& object) {
  const std::string detail = Line(object, "detail");
  const auto unparseable = object.find("unparseable");
  if (unparseable != object.end() && unparseable->is_boolean() && unparseable->get<bool>()) {
    return Verdict::Failed(OutcomeReason::kUnparseable, detail);
  }
  const auto value = object.find("value");
  if (value == object.end()) return InvalidArgument("its verdict has no \"value\"");
  if (value->is_null()) return Verdict::NotApplicable(detail);
  if (value->is_boolean()) return Verdict::Graded(value->get<bool>() ? 1 : 0, detail);
  if (!value->is_number())
    return InvalidArgument(std::string("its value is no number but of the type ") +
                           value->type_name());
  const auto number = value->get<double>();
  if (!std::isfinite(number)) return InvalidArgument("its value is not finite");
  return Verdict::Graded(number, detail);
}

Result<uint64_t> IdOf(const Json& object) {
  const auto id = object.find("id");
  if (id == object.end() || !id->is_number_unsigned())
    return InvalidArgument("its message has no \"id\"");
  return id->get<uint64_t>();
}

Result<ScorerMessage> ReadyOf(const Json& object) {
  const auto protocol = object.find("protocol");
  if (protocol == object.end() || !protocol->is_number_integer() ||
      protocol->get<int64_t>() != kScorerProtocol) {
    return FailedPrecondition("it speaks another protocol than version " +
                              std::to_string(kScorerProtocol));
  }
  ReadyMessage ready;
  ready.version = Line(object, "version");
  if (const auto wants = object.find("wants"); wants != object.end() && wants->is_array()) {
    for (const Json& column : *wants) {
      ready.wants_completion_ids = ready.wants_completion_ids || column == "completion_ids";
      ready.wants_prompt_ids = ready.wants_prompt_ids || column == "prompt_ids";
    }
  }
  constexpr size_t kMostNeeds = 64;
  if (const auto needs = object.find("needs"); needs != object.end() && needs->is_array()) {
    for (const Json& column : *needs) {
      if (!column.is_string() || ready.needs.size() >= kMostNeeds) continue;
      ready.needs.push_back(column.get<std::string>());
    }
  }
  return ScorerMessage(std::move(ready));
}

}  // namespace

Result<ScorerMessage> ReadScorerMessage(std::string_view json) {
  COHORT_ASSIGN_OR_RETURN(const Json object, ParseObject(json));
  const auto type = object.find("type");
  if (type == object.end() || !type->is_string())
    return InvalidArgument("its message has no \"type\"");
  if (*type == "ready") return ReadyOf(object);
  if (*type == "failed") return ScorerMessage(FailedMessage{Line(object, "detail")});
  if (*type != "verdict" && *type != "error") {
    return InvalidArgument("its message is of an unknown type: " +
                           Quoted(type->get_ref<const std::string&>()));
  }
  COHORT_ASSIGN_OR_RETURN(const uint64_t id, IdOf(object));
  if (*type == "error") return ScorerMessage(ErrorMessage{id, Line(object, "detail")});
  COHORT_ASSIGN_OR_RETURN(Verdict verdict, VerdictOf(object));
  return ScorerMessage(VerdictMessage{id, std::move(verdict)});
}

Result<Verdict> ReadVerdict(std::string_view json) {
  COHORT_ASSIGN_OR_RETURN(const Json object, ParseObject(json));
  return VerdictOf(object);
}

Result<std::vector<Result<Verdict>>> ReadVerdicts(std::string_view json, size_t count) {
  COHORT_ASSIGN_OR_RETURN(const Json object, ParseObject(json));
  const auto list = object.find("verdicts");
  if (list == object.end() || !list->is_array() || list->size() != count) {
    return InvalidArgument("it did not answer with as many \"verdicts\" as tasks");
  }
  std::vector<Result<Verdict>> verdicts;
  for (const Json& verdict : *list) {
    verdicts.push_back(verdict.is_object()
                           ? VerdictOf(verdict)
                           : InvalidArgument("one of its verdicts is no JSON object"));
  }
  return verdicts;
}

std::string ScoreFields(const std::string& scorer, const ScoreRequest& request,
                        const std::string& prompt, bool completion_ids, bool prompt_ids) {
  const Rollout& rollout = request.rollout;
  Json fields = {{"scorer", scorer},
                 {"completion", request.completion},
                 {"answer", rollout.prompt.truth},
                 {"prompt", prompt},
                 {"route", rollout.prompt.route},
                 {"row", rollout.prompt.row},
                 {"sample", rollout.sample},
                 {"finish", FinishReasonName(rollout.finish)}};
  // A rollout has some always; rows of `cohort score` need not.
  if (!rollout.tokens.empty()) fields["tokens"] = rollout.tokens.size();
  if (completion_ids) fields["completion_ids"] = rollout.tokens;
  if (prompt_ids) fields["prompt_ids"] = rollout.prompt.tokens;
  std::string text = fields.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
  const std::string& columns = rollout.prompt.columns;  // to the letter: numbers keep their digits
  if (!columns.empty() && Json::accept(columns)) {
    text.pop_back();
    text += ",\"columns\":" + columns + "}";
  }
  return text;
}

std::string ScoreMessage(uint64_t id, std::string_view fields) {
  std::string message = "{\"type\":\"score\",\"id\":" + std::to_string(id) + ",";
  message += fields.substr(1);
  return message;
}

}  // namespace cohort
