#include "reward_workers/swe/environment.h"

#include <algorithm>
#include <utility>

#include "libs/base/files.h"
#include "libs/config/toml.h"
#include "reward_workers/swe/read_patch.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;

constexpr double kMostSeconds = 24 * 3600;
constexpr int64_t kMostMegabytes = 1 << 20;

// One file's table; the first problem stays.
class Reader {
 public:
  Reader(const fs::path& file, const toml::table& table) : file_(file), table_(table) {}

  std::string Text(const char* key) {
    const toml::node* node = Take(key);
    if (node == nullptr) return "";
    if (!node->is_string()) Bad(key, "must be a text");
    return node->value_or(std::string());
  }

  std::vector<std::string> Texts(const char* key) {
    const toml::node* node = Take(key);
    std::vector<std::string> texts;
    if (node == nullptr) return texts;
    if (!node->is_array()) Bad(key, "must be a list of texts");
    if (const toml::array* list = node->as_array()) {
      for (const toml::node& element : *list) {
        if (!element.is_string()) Bad(key, "must be a list of texts");
        texts.push_back(element.value_or(std::string()));
      }
    }
    return texts;
  }

  double Number(const char* key, double otherwise, double least, double most) {
    const toml::node* node = Take(key);
    if (node == nullptr) return otherwise;
    const double value = node->value_or(-1.0);
    if (!node->is_number() || !(value >= least && value <= most)) {
      Bad(key, "must be a number from " + std::to_string(static_cast<int64_t>(least)) + " to " +
                   std::to_string(static_cast<int64_t>(most)));
    }
    return value;
  }

  // A file or folder beside the file.
  std::string Path(const char* key) {
    const std::string text = Text(key);
    if (text.empty()) return "";
    const fs::path path = fs::absolute(file_.parent_path() / text).lexically_normal();
    std::error_code error;
    if (!fs::is_directory(path, error)) Bad(key, "names no folder: " + path.string());
    return path.string();
  }

  void Bad(const char* key, const std::string& what) {
    if (!status_.ok()) return;
    const toml::node* node = table_.get(key);
    const std::string line = node == nullptr ? "" : ":" + std::to_string(node->source().begin.line);
    status_ = InvalidArgument(file_.string() + line + ": " + key + " " + what);
  }

  Status Finish() {
    for (const auto& [key, node] : table_) {
      if (std::ranges::find(known_, key.str()) == known_.end()) {
        Bad(std::string(key.str()).c_str(), "is no key of an environment");
      }
    }
    return status_;
  }

 private:
  const toml::node* Take(const char* key) {
    known_.emplace_back(key);
    return table_.get(key);
  }

  const fs::path file_;
  const toml::table& table_;
  std::vector<std::string_view> known_;
  Status status_;
};

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

void ReadLimits(Reader& reader, SandboxLimits& limits) {
  limits.cpu = Milliseconds(reader.Number("cpu_seconds", 300, 1, kMostSeconds));
  limits.wall = Milliseconds(reader.Number("timeout_seconds", 1800, 1, kMostSeconds));
  limits.memory = static_cast<uint64_t>(reader.Number("memory_mb", 2048, 16, kMostMegabytes)) << 20;
  limits.disk = static_cast<uint64_t>(reader.Number("disk_mb", 512, 1, kMostMegabytes)) << 20;
  limits.file_size = limits.disk;
  limits.processes = static_cast<int>(reader.Number("processes", 128, 1, 30'000));
  limits.open_files = 1024;
  limits.output = 8 << 20;
}

void ReadBinds(Reader& reader, SweEnvironment& environment) {
  for (const std::string& text : reader.Texts("binds")) {
    const size_t colon = text.find(':');
    if (colon == std::string::npos || !text.starts_with("/")) {
      reader.Bad("binds", "must be absolute, as \"/here:/there\"");
      continue;
    }
    environment.binds.push_back({text.substr(0, colon), text.substr(colon + 1)});
  }
  if (const std::string site = reader.Path("site"); !site.empty()) {
    environment.binds.push_back({site, kSitePath});
    environment.has_site = true;
  }
}

}  // namespace

Result<SweEnvironment> ReadSweEnvironment(const fs::path& folder) {
  const fs::path file = folder / "environment.toml";
  COHORT_ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
  const toml::parse_result parsed = toml::parse(text, file.string());
  if (!parsed) {
    return InvalidArgument(file.string() + ":" +
                           std::to_string(parsed.error().source().begin.line) + ": " +
                           std::string(parsed.error().description()));
  }
  Reader reader(file, parsed.table());
  SweEnvironment environment;
  environment.name = folder.filename().string();
  environment.git = reader.Path("git");
  environment.tree = reader.Path("tree");
  if (environment.git.empty() == environment.tree.empty()) {
    reader.Bad("git", "or tree is needed, and not both");
  }
  const Result<LogFormat> format = ParseLogFormat(reader.Text("format"));
  if (format.ok()) {
    environment.format = *format;
  } else {
    reader.Bad("format", "must name one: " + format.status().message());
  }
  environment.test_files = reader.Texts("test_files");
  if (environment.test_files.empty()) reader.Bad("test_files", "must name the tests that grade");
  for (const std::string& path : environment.test_files) {
    if (!CheckPatchPath(path).ok()) reader.Bad("test_files", "has " + path + ", no relative path");
  }
  environment.allowed = reader.Texts("allowed");
  environment.command = reader.Texts("command");
  if (environment.command.empty() != (environment.format == LogFormat::kPytest)) {
    reader.Bad("command", "is needed for all formats but pytest, which has its own");
  }
  environment.options = reader.Texts("options");
  environment.variables = reader.Texts("variables");
  ReadBinds(reader, environment);
  ReadLimits(reader, environment.limits);
  COHORT_RETURN_IF_ERROR(reader.Finish());
  return environment;
}

Result<std::map<std::string, SweEnvironment>> ReadSweEnvironments(const fs::path& folder) {
  std::map<std::string, SweEnvironment> environments;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (!fs::exists(entry.path() / "environment.toml", error)) continue;
    COHORT_ASSIGN_OR_RETURN(SweEnvironment environment, ReadSweEnvironment(entry.path()));
    environments.emplace(environment.name, std::move(environment));
  }
  if (error) return NotFound(folder.string() + ": " + error.message());
  if (environments.empty()) {
    return NotFound(folder.string() + " holds no folder with an environment.toml");
  }
  return environments;
}

}  // namespace cohort
