// cohort sandbox run: one program in a box, its output and its end.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "libs/base/files.h"
#include "libs/config/program_options.h"
#include "reward_workers/sandbox/tool/command.h"

namespace cohort {
namespace {

using nlohmann::json;

constexpr int kLimitExit = 124;
constexpr int kTroubleExit = 125;
constexpr int kNotExecutableExit = 127;
constexpr int kSignalExit = 128;
constexpr uint64_t kMiB = 1 << 20;

struct Options {
  double cpu_seconds = 10;
  double wall_seconds = 30;
  uint64_t memory_mib = 512;
  uint64_t disk_mib = 64;
  uint64_t file_mib = 64;
  uint64_t stack_mib = 8;
  uint64_t output_kib = 1024;
  int processes = 64;
  int open_files = 256;
  std::string input;
  std::vector<std::string> files, binds, trees, removed, environment;
  bool as_json = false;
};

// "NAME=VALUE" in two; false without "=".
bool Split(const std::string& word, char mark, std::string* first, std::string* second) {
  const size_t at = word.find(mark);
  if (at == std::string::npos) return false;
  *first = word.substr(0, at);
  *second = word.substr(at + 1);
  return true;
}

Status AddFiles(const Options& options, SandboxSpec& spec) {
  for (const std::string& word : options.files) {
    SandboxFile file;
    std::string source;
    if (!Split(word, '=', &file.path, &source)) {
      source = word;
      file.path = std::filesystem::path(word).filename();
    }
    COHORT_ASSIGN_OR_RETURN(file.bytes, ReadFile(source));
    if (access(source.c_str(), X_OK) == 0) file.mode = 0755;
    spec.files.push_back(std::move(file));
  }
  return {};
}

Status AddBinds(const std::string& option, const std::vector<std::string>& words,
                SandboxSpec& spec) {
  for (const std::string& word : words) {
    SandboxBind bind;
    bind.writable = option == "--tree";
    if (!Split(word, ':', &bind.source, &bind.target)) {
      return InvalidArgument(option + " " + word + " is not SOURCE:TARGET");
    }
    spec.binds.push_back(std::move(bind));
  }
  return {};
}

Result<SandboxSpec> MakeSpec(const Options& options, const SandboxLine& line) {
  SandboxSpec spec;
  spec.argv = line.words;
  spec.environment = options.environment;
  COHORT_RETURN_IF_ERROR(AddFiles(options, spec));
  COHORT_RETURN_IF_ERROR(AddBinds("--bind", options.binds, spec));
  COHORT_RETURN_IF_ERROR(AddBinds("--tree", options.trees, spec));
  spec.removed = options.removed;
  if (options.input == "-") {
    char bytes[1 << 16];
    for (ssize_t count; (count = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0;) {
      spec.input.append(bytes, static_cast<size_t>(count));
    }
  } else if (!options.input.empty()) {
    COHORT_ASSIGN_OR_RETURN(spec.input, ReadFile(options.input));
  }
  SandboxLimits& limits = spec.limits;
  limits.cpu = std::chrono::milliseconds(static_cast<int64_t>(options.cpu_seconds * 1000));
  limits.wall = std::chrono::milliseconds(static_cast<int64_t>(options.wall_seconds * 1000));
  limits.memory = options.memory_mib * kMiB;
  limits.disk = options.disk_mib * kMiB;
  limits.file_size = options.file_mib * kMiB;
  limits.stack = options.stack_mib * kMiB;
  limits.output = options.output_kib << 10;
  limits.processes = options.processes;
  limits.open_files = options.open_files;
  return spec;
}

int ExitCode(const SandboxResult& result) {
  switch (result.end) {
    case SandboxEnd::kExited:
      return result.code;
    case SandboxEnd::kSignalled:
      return kSignalExit + result.code;
    case SandboxEnd::kNotExecutable:
      return kNotExecutableExit;
    case SandboxEnd::kInfrastructure:
    case SandboxEnd::kCancelled:
      return kTroubleExit;
    default:
      return kLimitExit;
  }
}

double Seconds(std::chrono::microseconds time) {
  return std::chrono::duration<double>(time).count();
}

void Print(const SandboxLine& line, const SandboxResult& result, bool as_json) {
  if (as_json) {
    const json row = {{"end", SandboxEndName(result.end)},
                      {"code", result.code},
                      {"what", result.what},
                      {"output", result.output},
                      {"errors", result.errors},
                      {"cut", result.cut},
                      {"cpu_seconds", Seconds(result.cpu)},
                      {"wall_seconds", Seconds(result.wall)},
                      {"peak_memory_bytes", result.peak_memory}};
    std::printf("%s\n", row.dump(2, ' ', false, json::error_handler_t::replace).c_str());
    return;
  }
  std::fwrite(result.output.data(), 1, result.output.size(), stdout);
  std::fflush(stdout);
  std::fwrite(result.errors.data(), 1, result.errors.size(), stderr);
  std::fprintf(stderr, "%s: %s (%.3f s of CPU, %.3f s, %.1f MiB)\n", line.program.c_str(),
               Describe(result).c_str(), Seconds(result.cpu), Seconds(result.wall),
               static_cast<double>(result.peak_memory) / kMiB);
}

int Run(const Options& options, const SandboxLine& line) {
  const Result<SandboxSpec> spec = MakeSpec(options, line);
  if (!spec.ok()) return ReportFailure(line.program, spec.status());
  if (const Status status = CheckSpec(*spec); !status.ok())
    return ReportFailure(line.program, status);
  const Result<std::unique_ptr<Sandbox>> sandbox = Sandbox::Open(line.options);
  if (!sandbox.ok()) {
    ReportFailure(line.program, sandbox.status());
    return kTroubleExit;
  }
  const SandboxResult result = (*sandbox)->Run(*spec);
  Print(line, result, options.as_json);
  return ExitCode(result);
}

}  // namespace

void AddRunCommand(CLI::App& app, SandboxLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("run", "Runs PROGRAM in a box: run [options] -- PROGRAM ARGS…");
  command->footer(
      "Exit codes: the program's own, 128 + its signal, 124 a limit, 125 trouble of this machine,\n"
      "127 no program, 2 wrong command line.");
  AddSandboxOptions(*command, line);
  command->add_option("--cpu-seconds", options->cpu_seconds, "CPU of all processes together")
      ->capture_default_str();
  command->add_option("--wall-seconds", options->wall_seconds, "Time")->capture_default_str();
  command->add_option("--memory-mib", options->memory_mib, "Memory of all processes")
      ->capture_default_str();
  command->add_option("--disk-mib", options->disk_mib, "/work, /tmp, /dev/shm")
      ->capture_default_str();
  command->add_option("--file-mib", options->file_mib, "Size of a file")->capture_default_str();
  command->add_option("--stack-mib", options->stack_mib, "Stack")->capture_default_str();
  command->add_option("--output-kib", options->output_kib, "Of stdout, and of stderr")
      ->capture_default_str();
  command->add_option("--processes", options->processes, "Processes and threads")
      ->capture_default_str();
  command->add_option("--open-files", options->open_files, "Descriptors of a process")
      ->capture_default_str();
  command->add_option("--input", options->input, "File for stdin; - for this one")
      ->type_name("FILE");
  command->add_option("--file", options->files, "Into /work: [NAME=]FILE")->type_name("FILE");
  command->add_option("--bind", options->binds, "Read-only: SOURCE:TARGET")->type_name("PATH");
  command
      ->add_option("--tree", options->trees, "Writable, and as it was for the next: SOURCE:TARGET")
      ->type_name("PATH");
  command->add_option("--remove", options->removed, "From a tree, below /work")->type_name("PATH");
  command->add_option("--env", options->environment, "NAME=VALUE")->type_name("VARIABLE");
  command->add_flag("--json", options->as_json, "The result as JSON");
  command->callback(
      [options, &line] { line.run = [options, &line] { return Run(*options, line); }; });
}

}  // namespace cohort
