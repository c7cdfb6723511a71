// cohort-scorer-host: loads a scorer's shared library (cohort_scorer.h) and speaks the scorer
// protocol for it, so that what the library does happens in a process that may be killed.
#include <dlfcn.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reward_workers/plugins/cohort_scorer.h"
#include "reward_workers/plugins/frames.h"

namespace cohort {
namespace {

using Json = nlohmann::json;

// The protocol's own stdout: what the library prints goes to stderr.
int ProtocolOutput() {
  const int output = dup(STDOUT_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  return output;
}

bool Send(int output, const Json& message) {
  const std::string frame = Frame(message.dump(-1, ' ', false, Json::error_handler_t::replace));
  size_t sent = 0;
  while (sent < frame.size()) {
    const ssize_t bytes = write(output, frame.data() + sent, frame.size() - sent);
    if (bytes <= 0) return false;
    sent += static_cast<size_t>(bytes);
  }
  return true;
}

int Fail(int output, const std::string& detail) {
  Send(output, {{"type", "failed"}, {"detail", detail}});
  return 1;
}

Json Judge(const cohort_scorer_v1& plugin, void* scorer, const Json& task) {
  const std::string completion = task.value("completion", "");
  const std::string answer = task.value("answer", "");
  const std::string prompt = task.value("prompt", "");
  const std::string finish = task.value("finish", "stop");
  std::vector<int32_t> ids;
  if (const auto found = task.find("completion_ids"); found != task.end())
    ids = found->get<std::vector<int32_t>>();
  cohort_rollout rollout = {};
  rollout.completion = completion.c_str();
  rollout.completion_bytes = completion.size();
  rollout.answer = answer.c_str();
  rollout.answer_bytes = answer.size();
  rollout.prompt = prompt.c_str();
  rollout.prompt_bytes = prompt.size();
  rollout.finish = finish.c_str();
  rollout.tokens = task.value("tokens", uint64_t{0});
  rollout.completion_ids = ids.empty() ? nullptr : ids.data();
  const auto found_columns = task.find("columns");
  const std::string columns = found_columns == task.end() ? "" : found_columns->dump();
  rollout.columns = columns.c_str();
  rollout.columns_bytes = columns.size();
  cohort_verdict verdict = {};
  plugin.score(scorer, &rollout, &verdict);
  verdict.detail[sizeof(verdict.detail) - 1] = '\0';
  Json reply = {
      {"type", "verdict"}, {"id", task.at("id")}, {"detail", std::string(verdict.detail)}};
  switch (verdict.kind) {
    case COHORT_VALUE:
      if (std::isfinite(verdict.value)) {
        reply["value"] = verdict.value;
      } else {
        reply["type"] = "error";
        reply["detail"] = "its value is not finite";
      }
      break;
    case COHORT_NOT_APPLICABLE:
      reply["value"] = nullptr;
      break;
    case COHORT_UNPARSEABLE:
      reply["unparseable"] = true;
      break;
    default:
      reply["type"] = "error";
  }
  return reply;
}

// Until stdin ends.
int Serve(int output, const cohort_scorer_v1& plugin, void* scorer) {
  FrameReader frames(kMaxRequestBytes);
  char bytes[64 << 10];
  for (;;) {
    const ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));
    if (count <= 0) return 0;
    frames.Add({bytes, static_cast<size_t>(count)});
    for (;;) {
      const Result<std::optional<std::string>> frame = frames.Next();
      if (!frame.ok()) return 1;
      if (!frame->has_value()) break;
      const Json task = Json::parse(**frame, nullptr, /*allow_exceptions=*/false);
      if (!task.is_object() || task.value("type", "") != "score") return 1;
      if (!Send(output, Judge(plugin, scorer, task))) return 0;
    }
  }
}

int Run(const std::string& path, const std::vector<std::string>& options) {
  const int output = ProtocolOutput();
  void* library = dlopen(path.find('/') == std::string::npos ? ("./" + path).c_str() : path.c_str(),
                         RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return Fail(output, dlerror());
  const auto entry =
      reinterpret_cast<const cohort_scorer_v1* (*)()>(dlsym(library, "cohort_scorer"));
  if (entry == nullptr) return Fail(output, path + " exports no cohort_scorer()");
  const cohort_scorer_v1* plugin = entry();
  if (plugin == nullptr || plugin->abi_version < 1 || plugin->abi_version > COHORT_SCORER_ABI) {
    return Fail(output, path + " is built for another interface than 1 to " +
                            std::to_string(COHORT_SCORER_ABI));
  }
  std::vector<const char*> words;
  for (const std::string& option : options) words.push_back(option.c_str());
  char error[256] = "it gave no reason";
  void* scorer = plugin->create(words.data(), words.size(), error, sizeof(error));
  if (scorer == nullptr) {
    error[sizeof(error) - 1] = '\0';
    return Fail(output, error);
  }
  Json ready = {{"type", "ready"},
                {"protocol", 1},
                {"version", plugin->version == nullptr ? "" : plugin->version},
                {"wants", Json::array()}};
  if ((plugin->wants & COHORT_WANTS_COMPLETION_IDS) != 0)
    ready["wants"].push_back("completion_ids");
  if (!Send(output, ready)) return 0;
  const int code = Serve(output, *plugin, scorer);
  plugin->destroy(scorer);
  return code;
}

}  // namespace
}  // namespace cohort

int main(int argc, char** argv) {
  CLI::App app("Serves a scorer in a shared library to a reward worker; started by it.");
  std::string library;
  std::vector<std::string> options;
  app.add_option("library", library, "shared library that exports cohort_scorer()")->required();
  app.add_option("--set", options, "key=value for the scorer");
  CLI11_PARSE(app, argc, argv);
  return cohort::Run(library, options);
}
