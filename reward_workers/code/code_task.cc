#include "reward_workers/code/code_task.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace cohort {
namespace {

using Json = nlohmann::json;

std::string In(const std::string& key, size_t index) {
  return "\"" + key + "\"[" + std::to_string(index) + "]";
}

Status Bad(const std::string& where, const std::string& what) {
  return InvalidArgument(where + " " + what);
}

// Data sets write some columns as JSON, some as the text of it.
Result<Json> Unwrapped(const Json& object, const std::string& key) {
  const Json& value = object.at(key);
  if (!value.is_string()) return value;
  Json inner =
      Json::parse(value.get_ref<const std::string&>(), nullptr, /*allow_exceptions=*/false);
  if (inner.is_discarded()) return Bad("\"" + key + "\"", "is a text that is no JSON");
  return inner;
}

// stdin and stdout are texts, or lists of lines.
Result<std::string> StreamText(const Json& value, const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return Bad(where, "must be a text or a list of lines");
  std::string text;
  for (const Json& line : value) {
    if (!line.is_string()) return Bad(where, "must be a text or a list of lines");
    text += line.get<std::string>() + "\n";
  }
  return text;
}

Result<double> WeightOf(const Json& test, const std::string& where) {
  const auto found = test.find("weight");
  if (found == test.end()) return 1.0;
  if (!found->is_number() || found->get<double>() <= 0) {
    return Bad(where, "has a \"weight\" that is no number above 0");
  }
  return found->get<double>();
}

Result<CodeTask> ReadOwn(const Json& object) {
  CodeTask task;
  COHORT_ASSIGN_OR_RETURN(const Json tests, Unwrapped(object, "tests"));
  if (!tests.is_array() || tests.empty()) return Bad("\"tests\"", "must be a list, and not empty");
  for (size_t i = 0; i < tests.size(); ++i) {
    const std::string where = In("tests", i);
    const Json& test = tests[i];
    if (!test.is_object() || !test.contains("stdin") || !test.contains("stdout")) {
      return Bad(where, "must be {\"stdin\": text, \"stdout\": text}");
    }
    ProgramTest made;
    COHORT_ASSIGN_OR_RETURN(made.input, StreamText(test["stdin"], where));
    COHORT_ASSIGN_OR_RETURN(made.output, StreamText(test["stdout"], where));
    COHORT_ASSIGN_OR_RETURN(made.weight, WeightOf(test, where));
    if (const auto subtask = test.find("subtask"); subtask != test.end()) {
      if (!subtask->is_string()) return Bad(where, "has a \"subtask\" that is no text");
      made.subtask = subtask->get<std::string>();
    }
    task.tests.push_back(std::move(made));
  }
  return task;
}

// A call's arguments: JSON values one a line, as LiveCodeBench writes them.
Result<std::string> ArgumentLines(const std::string& text, const std::string& where) {
  Json list = Json::array();
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    Json value = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (value.is_discarded()) return Bad(where, "has a line that is no JSON value");
    list.push_back(std::move(value));
  }
  return list.dump();
}

Result<CodeTask> ReadApps(const Json& object) {
  COHORT_ASSIGN_OR_RETURN(const Json io, Unwrapped(object, "input_output"));
  if (!io.is_object() || !io.contains("inputs") || !io.contains("outputs") ||
      !io["inputs"].is_array() || !io["outputs"].is_array() ||
      io["inputs"].size() != io["outputs"].size() || io["inputs"].empty()) {
    return Bad("\"input_output\"", "must have as many \"inputs\" as \"outputs\", and some");
  }
  CodeTask task;
  const auto name = io.find("fn_name");
  if (name != io.end() && name->is_string()) {
    task.kind = CodeTask::Kind::kCalls;
    task.function = name->get<std::string>();
  }
  for (size_t i = 0; i < io["inputs"].size(); ++i) {
    const Json& input = io["inputs"][i];
    const Json& output = io["outputs"][i];
    if (task.kind == CodeTask::Kind::kProgram) {
      ProgramTest test;
      COHORT_ASSIGN_OR_RETURN(test.input, StreamText(input, In("inputs", i)));
      COHORT_ASSIGN_OR_RETURN(test.output, StreamText(output, In("outputs", i)));
      task.tests.push_back(std::move(test));
    } else if (input.is_string()) {  // JSON values, one a line
      COHORT_ASSIGN_OR_RETURN(std::string arguments,
                              ArgumentLines(input.get<std::string>(), In("inputs", i)));
      task.calls.push_back(
          {std::move(arguments), {output.is_string() ? output.get<std::string>() : output.dump()}});
    } else if (input.is_array()) {
      // Some rows put the result into a list of one, some do not; the data set's own grader takes
      // both.
      CallTest call{input.dump(), {output.dump()}};
      if (output.is_array() && output.size() == 1) call.accepted.push_back(output[0].dump());
      task.calls.push_back(std::move(call));
    } else {
      return Bad(In("inputs", i), "must be a list of arguments or their lines");
    }
  }
  return task;
}

Status AddLiveCodeBench(const Json& cases, const std::string& key, bool& calls, bool first,
                        CodeTask& task) {
  if (!cases.is_array()) return Bad("\"" + key + "\"", "must be a list of tests");
  for (size_t i = 0; i < cases.size(); ++i) {
    const Json& test = cases[i];
    const std::string where = In(key, i);
    if (!test.is_object() || !test.contains("input") || !test["input"].is_string() ||
        !test.contains("output") || !test["output"].is_string()) {
      return Bad(where, "must be {\"input\": text, \"output\": text}");
    }
    const auto type = test.find("testtype");
    const bool functional = type != test.end() && *type == "functional";
    if ((i > 0 || !first) && functional != calls) return Bad(where, "has another \"testtype\"");
    calls = functional;
    if (!functional) {
      ProgramTest made;
      made.input = test["input"].get<std::string>();
      made.output = test["output"].get<std::string>();
      task.tests.push_back(std::move(made));
      continue;
    }
    COHORT_ASSIGN_OR_RETURN(std::string arguments,
                            ArgumentLines(test["input"].get<std::string>(), where));
    if (!Json::accept(test["output"].get_ref<const std::string&>())) {
      return Bad(where, "has an \"output\" that is no JSON value");
    }
    task.calls.push_back({std::move(arguments), {test["output"].get<std::string>()}});
  }
  return {};
}

Result<CodeTask> ReadLiveCodeBench(const Json& object) {
  CodeTask task;
  bool calls = false;
  for (const char* key : {"public_test_cases", "private_test_cases"}) {
    if (!object.contains(key)) continue;
    COHORT_ASSIGN_OR_RETURN(const Json cases, Unwrapped(object, key));
    COHORT_RETURN_IF_ERROR(
        AddLiveCodeBench(cases, key, calls, task.tests.empty() && task.calls.empty(), task));
  }
  if (task.tests.empty() && task.calls.empty()) return Bad("its test cases", "are empty");
  if (!calls) return task;
  task.kind = CodeTask::Kind::kCalls;
  task.is_method = true;
  if (!object.contains("metadata")) return Bad("\"metadata\"", "with a func_name is missing");
  COHORT_ASSIGN_OR_RETURN(const Json metadata, Unwrapped(object, "metadata"));
  const auto name = metadata.is_object() ? metadata.find("func_name") : metadata.end();
  if (name == metadata.end() || !name->is_string()) {
    return Bad("\"metadata\"", "names no \"func_name\"");
  }
  task.function = name->get<std::string>();
  return task;
}

Result<CodeTask> ReadHumanEval(const Json& object) {
  CodeTask task;
  task.kind = CodeTask::Kind::kChecks;
  if (!object["test"].is_string() || !object["entry_point"].is_string()) {
    return Bad("\"test\" and \"entry_point\"", "must be texts");
  }
  task.checker = object["test"].get<std::string>();
  task.function = object["entry_point"].get<std::string>();
  return task;
}

Result<CodeTask> ReadMbpp(const Json& object) {
  CodeTask task;
  task.kind = CodeTask::Kind::kChecks;
  for (const char* key : {"test_imports", "test_setup_code", "test_list", "challenge_test_list"}) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) continue;
    COHORT_ASSIGN_OR_RETURN(const std::string text,
                            StreamText(*found, "\"" + std::string(key) + "\""));
    task.checker += text + "\n";
  }
  return task;
}

Result<CodeTask> ReadTests(const Json& object) {
  if (object.contains("tests")) return ReadOwn(object);
  if (object.contains("input_output")) return ReadApps(object);
  if (object.contains("public_test_cases") || object.contains("private_test_cases")) {
    return ReadLiveCodeBench(object);
  }
  if (object.contains("test") && object.contains("entry_point")) return ReadHumanEval(object);
  if (object.contains("test_list")) return ReadMbpp(object);
  return InvalidArgument(
      "its row has no tests: tests, input_output, public_test_cases, test with entry_point, or "
      "test_list");
}

}  // namespace

Result<CodeTask> ReadCodeTask(std::string_view columns) {
  const Json object = Json::parse(columns, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object())
    return InvalidArgument("its row has no columns beside prompt and answer");
  COHORT_ASSIGN_OR_RETURN(CodeTask task, ReadTests(object));
  const auto checker = object.find("checker");
  if (checker == object.end() || checker->is_null()) return task;
  if (!checker->is_string() || checker->get_ref<const std::string&>().empty()) {
    return Bad("\"checker\"", "must be the text of a Python program");
  }
  if (task.kind != CodeTask::Kind::kProgram) {
    return Bad("\"checker\"", "is for tests with inputs and outputs, not for functions");
  }
  task.output_checker = checker->get<std::string>();
  return task;
}

}  // namespace cohort
