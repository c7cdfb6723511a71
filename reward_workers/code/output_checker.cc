#include "reward_workers/code/output_checker.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "reward_workers/code/code_grade.h"

namespace cohort {
namespace {

using Json = nlohmann::json;

constexpr char kThere[] = "/cohort";  // the scripts, in the box
constexpr uint64_t kLeastMemory = 1 << 30;

Digest KeyOf(const std::string& checker, const ProgramTest& test) {
  Digester digester;
  for (const std::string* text : {&checker, &test.input, &test.output}) {
    const uint64_t size = text->size();
    digester.Add(&size, sizeof(size));
    digester.Add(text->data(), text->size());
  }
  return digester.Finish();
}

}  // namespace

OutputChecker::Said OutputChecker::Ask(const std::string& checker, const ProgramTest& test,
                                       const std::string& output,
                                       const std::atomic<bool>& cancelled) {
  SandboxSpec spec;
  spec.argv = {
      "python3",    "-I",        "-S",           std::string(kThere) + "/output_checker.py",
      "checker.py", "input.txt", "expected.txt", "actual.txt"};
  spec.files = {{"checker.py", checker},
                {"input.txt", test.input},
                {"expected.txt", test.output},
                {"actual.txt", output}};
  spec.binds = {{scripts_, kThere}};
  const RunEnd end = runner_->Run([&](const SandboxLimits& limits) {
    spec.limits = limits;
    spec.limits.memory = std::max(limits.memory, kLeastMemory);
    return RunAndWait(*sandbox_, spec, cancelled);
  });
  Said said;
  said.lost = end.lost;
  said.detail = end.detail;
  said.by_limit = end.end == TestEnd::kTimeLimit || end.end == TestEnd::kMemoryLimit;
  said.broken = true;
  if (end.lost || end.end != TestEnd::kAccepted) return said;
  const Json verdict = Json::parse(end.errors, nullptr, /*allow_exceptions=*/false);
  const auto text = [&verdict](const char* key) {
    const auto found = verdict.find(key);
    if (found == verdict.end() || !found->is_string()) return std::string();
    const std::string& words = found->get_ref<const std::string&>();
    return words.empty() ? words : Quoted(words, 300);
  };
  if (!verdict.is_object()) {
    said.detail = "it ended without a verdict";
  } else if (const auto found = verdict.find("accepted");
             found != verdict.end() && found->is_boolean()) {
    said.broken = false;
    said.accepted = found->get<bool>();
    said.detail = text("detail");
  } else {
    said.detail = text("broken");
  }
  return said;
}

CheckedOutput OutputChecker::Check(const std::string& checker, const ProgramTest& test,
                                   const std::string& output, const std::atomic<bool>& cancelled) {
  using End = CheckedOutput::End;
  const Digest key = KeyOf(checker, test);
  if (!good_.With([&](Good& good) { return good.Find(key) != nullptr; })) {
    const Said said = Ask(checker, test, test.output, cancelled);
    if (said.lost) return {End::kLost, said.detail, false};
    if (!said.accepted) {
      return {End::kBadChecker, "its checker does not take the expected output: " + said.detail,
              false};
    }
    good_.With([&](Good& good) { good.Add(key, true); });
  }
  const Said said = Ask(checker, test, output, cancelled);
  if (said.lost) return {End::kLost, said.detail, false};
  if (said.accepted) return {End::kAccepted, said.detail, true};
  std::string why = said.broken ? "it broke the checker" : "the checker refused it";
  if (!said.detail.empty()) why += ": " + said.detail;
  return {End::kRefused, std::move(why), !said.by_limit};
}

}  // namespace cohort
