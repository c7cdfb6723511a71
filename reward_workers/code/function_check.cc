#include "reward_workers/code/function_check.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace cohort {
namespace {

using Json = nlohmann::json;

constexpr char kThere[] = "/cohort";          // the scripts, in the boxes
constexpr uint64_t kMostVerdicts = 64 << 20;  // bytes of the checker's lines, of thousands of tests

std::string JobOf(const CodeTask& task, bool all) {
  Json job = {{"function", task.function}, {"all", all}};
  if (task.kind == CodeTask::Kind::kChecks) {
    job["kind"] = "checks";
    job["checker"] = task.checker;
    return job.dump();
  }
  job["kind"] = "calls";
  job["method"] = task.is_method;
  job["calls"] = Json::array();
  for (const CallTest& call : task.calls) {
    Json accepted = Json::array();
    for (const std::string& result : call.accepted) {
      accepted.push_back(Json::parse(result, nullptr, /*allow_exceptions=*/false));
    }
    job["calls"].push_back({{"arguments", Json::parse(call.arguments, nullptr, false)},
                            {"accepted", std::move(accepted)}});
  }
  return job.dump(-1, ' ', false, Json::error_handler_t::replace);
}

SandboxSpec Script(const std::string& scripts, const char* script, SandboxFile file, int channel) {
  SandboxSpec spec;
  spec.argv = {"python3", "-I", "-S", std::string(kThere) + "/" + script, file.path};
  spec.files = {std::move(file)};
  spec.binds = {{scripts, kThere}};
  spec.channel = channel;
  return spec;
}

// What the checker wrote: a verdict a line. Nothing for what is no verdict of it.
std::optional<FunctionEnds> ReadVerdicts(const std::string& text) {
  FunctionEnds ends;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const Json line = Json::parse(text.substr(begin, end - begin), nullptr, false);
    begin = end + 1;
    if (!line.is_object()) return std::nullopt;
    if (line.contains("done")) {
      ends.complete = true;
      continue;
    }
    if (const auto bad = line.find("bad_task"); bad != line.end() && bad->is_string()) {
      ends.bad_task = true;
      ends.detail = Quoted(bad->get<std::string>(), 300);
      return ends;
    }
    const auto verdict = line.find("verdict"), detail = line.find("detail");
    if (verdict == line.end() || !verdict->is_string()) return std::nullopt;
    const auto test_end = TestEndFromName(verdict->get_ref<const std::string&>());
    if (!test_end) return std::nullopt;
    RunEnd test;
    test.end = *test_end;
    if (detail != line.end() && detail->is_string())
      test.detail = Quoted(detail->get<std::string>(), 300);
    ends.tests.push_back(std::move(test));
  }
  return ends;
}

struct Pair {
  int ends[2] = {-1, -1};
  Pair() {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) ends[0] = ends[1] = -1;
  }
  ~Pair() { Close(); }
  void Close() {
    for (int& end : ends) {
      if (end >= 0) close(end);
      end = -1;
    }
  }
};

FunctionEnds Lost(std::string detail) {
  FunctionEnds ends;
  ends.lost = true;
  ends.detail = std::move(detail);
  return ends;
}

}  // namespace

FunctionEnds CheckFunctions(Sandbox& sandbox, ProgramRunner& runner, const std::string& scripts,
                            const std::string& source, const CodeTask& task, bool all,
                            const std::atomic<bool>& cancelled) {
  std::optional<FunctionEnds> verdicts;
  std::string failure;
  // The candidate's run is the one that counts; the checker runs beside it.
  const RunEnd candidate_end = runner.Run([&](const SandboxLimits& limits) -> SandboxResult {
    verdicts.reset();
    Pair pair;
    SandboxSpec checker =
        Script(scripts, "checker.py", {"job.json", JobOf(task, all)}, pair.ends[0]);
    SandboxSpec candidate = Script(scripts, "candidate.py", {"program.py", source}, pair.ends[1]);
    candidate.limits = checker.limits = limits;
    checker.limits.memory = std::max(checker.limits.memory, uint64_t{1} << 30);
    checker.limits.output = kMostVerdicts;
    SandboxResult lost;
    lost.end = SandboxEnd::kInfrastructure;
    if (pair.ends[0] < 0) {
      lost.what = std::string("no socket: ") + strerror(errno);
      return lost;
    }
    Result<std::unique_ptr<SandboxRun>> checking = sandbox.Start(checker);
    Result<std::unique_ptr<SandboxRun>> running = sandbox.Start(candidate);
    if (!checking.ok() || !running.ok()) {
      lost.what = (checking.ok() ? running : checking).status().message();
      return lost;
    }
    pair.Close();  // each end is the box' own now
    SandboxResult checked = WaitFor(**checking, cancelled);
    (*running)->Cancel();  // nobody asks it any more
    SandboxResult ran = (*running)->Wait();
    if (checked.end == SandboxEnd::kInfrastructure) return checked;
    verdicts = checked.cut ? std::nullopt : ReadVerdicts(checked.errors);
    failure = Describe(checked);
    if (checked.end == SandboxEnd::kExited && checked.code != 0) {
      lost.what = "the checker of functions failed: " + failure;
      return lost;
    }
    // How the candidate ended then is of no account.
    if (verdicts && (verdicts->complete || verdicts->bad_task)) {
      if (ran.end == SandboxEnd::kInfrastructure) return ran;
      ran.end = SandboxEnd::kExited;
      ran.code = 0;
      return ran;
    }
    // The checker waits for the candidate mostly: whose time ran out is all the same.
    if (ran.end == SandboxEnd::kCancelled) ran.end = checked.end;
    return ran;
  });
  if (candidate_end.lost) return Lost(candidate_end.detail);
  if (verdicts && verdicts->bad_task) return *std::move(verdicts);
  if (!verdicts) return Lost("the checker of functions said nonsense: " + failure);
  if (verdicts->complete && candidate_end.end == TestEnd::kAccepted) return *std::move(verdicts);
  // The test that was under way, and all behind it, ended with the candidate.
  RunEnd end = candidate_end;
  if (end.end == TestEnd::kAccepted) {
    end.end = TestEnd::kRuntimeError;
    end.detail = "the program ended";
  }
  if (verdicts->complete) verdicts->tests.clear();  // it took too long in all
  verdicts->tests.push_back(std::move(end));
  verdicts->complete = false;
  return *std::move(verdicts);
}

}  // namespace cohort
