#include "reward_workers/code/program_runner.h"

#include <poll.h>

#include <chrono>
#include <mutex>
#include <utility>

#include "reward_workers/code/compile_box.h"

namespace cohort {
namespace {

constexpr uint64_t kLongestProgram = 64 << 20;  // what a compiler made

std::chrono::milliseconds AQuarterMore(std::chrono::milliseconds time) { return time + time / 4; }

// The last line of what a compiler or a program wrote to stderr.
std::string LastLine(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  const size_t line = text.rfind('\n');
  return Quoted(line == std::string_view::npos ? text : text.substr(line + 1), 200);
}

RunEnd Named(TestEnd end, std::string detail, SandboxResult result) {
  return {end, std::move(detail), std::move(result.output), std::move(result.errors), false};
}

// `cpu` is what it may use.
RunEnd EndOf(SandboxResult result, std::chrono::milliseconds cpu) {
  const std::string how = Describe(result);
  switch (result.end) {
    case SandboxEnd::kExited:
      if (result.code == 0) {
        return result.cpu > cpu ? Named(TestEnd::kTimeLimit, "used more processor time", result)
                                : Named(TestEnd::kAccepted, "", std::move(result));
      }
      return Named(TestEnd::kRuntimeError, how + ": " + LastLine(result.errors), std::move(result));
    case SandboxEnd::kCpuLimit:
    case SandboxEnd::kWallLimit:
      return Named(TestEnd::kTimeLimit, how, std::move(result));
    case SandboxEnd::kMemoryLimit:
      return Named(TestEnd::kMemoryLimit, how, std::move(result));
    case SandboxEnd::kOutputLimit:
      return Named(TestEnd::kOutputLimit, how, std::move(result));
    case SandboxEnd::kSignalled:
    case SandboxEnd::kNotExecutable:
    case SandboxEnd::kDiskLimit:
    case SandboxEnd::kProcessLimit:
    case SandboxEnd::kOpenFilesLimit:
    case SandboxEnd::kFileSizeLimit:
      return Named(TestEnd::kRuntimeError, how, std::move(result));
    case SandboxEnd::kCancelled:
    case SandboxEnd::kInfrastructure:
      break;
  }
  RunEnd end = Named(TestEnd::kRuntimeError, how, std::move(result));
  end.lost = true;
  return end;
}

// Whether the machine, and not the program, may be why it ended so.
bool MayBeTheMachine(const SandboxResult& result, std::chrono::milliseconds cpu) {
  if (result.end == SandboxEnd::kInfrastructure) return true;
  if (result.end == SandboxEnd::kWallLimit) return result.cpu < cpu / 2;
  return result.end != SandboxEnd::kCpuLimit && result.cpu > cpu;
}

}  // namespace

SandboxResult WaitFor(SandboxRun& run, const std::atomic<bool>& cancelled) {
  constexpr int kTickMilliseconds = 100;
  for (bool asked = false;;) {
    if (std::optional<SandboxResult> result = run.TryTake()) return *std::move(result);
    if (cancelled && !asked) {
      run.Cancel();
      asked = true;
    }
    pollfd polled{run.fd(), POLLIN, 0};
    poll(&polled, 1, kTickMilliseconds);
  }
}

SandboxResult RunAndWait(Sandbox& sandbox, const SandboxSpec& spec,
                         const std::atomic<bool>& cancelled) {
  Result<std::unique_ptr<SandboxRun>> run = sandbox.Start(spec);
  if (run.ok()) return WaitFor(**run, cancelled);
  SandboxResult lost;
  lost.what = run.status().message();
  return lost;
}

Status CheckPrograms(Sandbox& sandbox, const LanguageConfig& language) {
  SandboxSpec spec;
  spec.argv = {"/bin/sh", "-c",
               "for name; do case $(command -v -- \"$name\") in */*) ;; *) printf '%s ' "
               "\"$name\";; esac; done",
               "sh"};
  // What is compiled is run as what the compiler made.
  const auto& command = language.compile.empty() ? language.run : language.compile;
  spec.argv.push_back(command.front());
  const SandboxResult result = sandbox.Run(spec);
  if (result.end != SandboxEnd::kExited || result.code != 0) {
    return Unavailable("a box does not run /bin/sh: " + Describe(result));
  }
  if (result.output.empty()) return {};
  return FailedPrecondition("programs in " + language.name + " need " + result.output +
                            "which a box does not have: install it below /usr");
}

ProgramRunner::ProgramRunner(Sandbox* sandbox, Options options)
    : sandbox_(sandbox),
      options_(std::move(options)),
      cache_(options_.cache_bytes),
      precompiled_(sandbox, &options_.language) {}

RunEnd ProgramRunner::Run(const std::function<SandboxResult(const SandboxLimits&)>& sandboxed) {
  SandboxLimits limits = options_.limits;
  limits.cpu = AQuarterMore(options_.limits.cpu);
  {
    std::shared_lock lock(alone_);
    SandboxResult result = sandboxed(limits);
    if (!MayBeTheMachine(result, options_.limits.cpu)) {
      return EndOf(std::move(result), options_.limits.cpu);
    }
  }
  std::unique_lock lock(alone_);
  return EndOf(sandboxed(limits), options_.limits.cpu);
}

RunEnd ProgramRunner::Run(const Program& program, const std::string& input,
                          const std::atomic<bool>& cancelled) {
  SandboxSpec spec;
  spec.argv = options_.language.run;
  spec.files = program.files;
  spec.input = input;
  return Run([&](const SandboxLimits& limits) {
    spec.limits = limits;
    return RunAndWait(*sandbox_, spec, cancelled);
  });
}

// Only a compilation that fails again without what was precompiled, and alone where it was the
// machine that was slow, is the source's fault.
SandboxResult ProgramRunner::RunCompiler(const std::string& source, const std::string& made,
                                         const std::atomic<bool>& cancelled) {
  SandboxSpec spec = CompileBox(options_.language.compile, made, kLongestProgram);
  spec.files = {{options_.language.file, source}};
  spec.binds = precompiled_.Binds(cancelled);
  const auto is_good = [](const SandboxResult& result) {
    return result.end == SandboxEnd::kExited && result.code == 0;
  };
  SandboxResult result = RunAndWait(*sandbox_, spec, cancelled);
  if (!spec.binds.empty() && !is_good(result) && !cancelled) {
    spec.binds.clear();
    result = RunAndWait(*sandbox_, spec, cancelled);
    if (is_good(result)) precompiled_.Distrust();
  }
  if (!is_good(result) && MayBeTheMachine(result, kCompileCpu) && !cancelled) {
    std::unique_lock lock(alone_);
    result = RunAndWait(*sandbox_, spec, cancelled);
  }
  return result;
}

ProgramRunner::Program ProgramRunner::Compile(const std::string& source,
                                              const std::atomic<bool>& cancelled) {
  const LanguageConfig& language = options_.language;
  if (language.compile.empty()) return {{{language.file, source}}, {}};
  const std::string made = language.run.front().substr(2);
  Digester digester;  // the compiler and its base stay what they are while the process lives
  for (const std::string& word : language.compile) digester.Add(word.data(), word.size() + 1);
  digester.Add(source.data(), source.size());
  const Digest key = digester.Finish();
  std::shared_ptr<const std::string> binary = cache_.Find(key);
  if (binary == nullptr) {
    SandboxResult result = RunCompiler(source, made, cancelled);
    if (result.end != SandboxEnd::kExited || result.code != 0) {
      RunEnd end = EndOf(std::move(result), kCompileCpu);
      end.end = TestEnd::kCompileError;
      return {{}, std::move(end)};
    }
    binary = std::make_shared<const std::string>(std::move(result.output));
    cache_.Keep(key, binary);
  }
  return {{{made, *binary, 0755}}, {}};
}

}  // namespace cohort
