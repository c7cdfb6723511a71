#include "reward_workers/code/precompiled.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "libs/base/digest.h"
#include "libs/base/files.h"
#include "libs/base/logging.h"
#include "reward_workers/code/compile_box.h"
#include "reward_workers/code/program_runner.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostKept = 8;  // languages and compilers
constexpr uint64_t kMostMade = 256 << 20;
constexpr char kFile[] = "precompiled";

// Another version of a compiler is another program.
std::string Version(const std::string& program) {
  for (const char* folder : {"/usr/local/bin", "/usr/bin", "/bin"}) {
    struct stat found = {};
    if (stat((fs::path(folder) / program).c_str(), &found) != 0) continue;
    return std::to_string(found.st_size) + " " + std::to_string(found.st_mtim.tv_sec);
  }
  return "";
}

Digest KeyOf(const LanguageConfig& language) {
  Digester digester;
  const auto add = [&](const std::string& word) { digester.Add(word.data(), word.size() + 1); };
  add(language.precompiled);
  for (const std::string& word : language.precompile) add(word);
  for (const std::string& word : language.compile) add(word);
  add(Version(language.compile.front()));
  return digester.Finish();
}

}  // namespace

std::vector<SandboxBind> Precompiled::Binds(const std::atomic<bool>& cancelled) {
  if (language_->precompile.empty()) return {};
  std::scoped_lock lock(mutex_);
  if (!asked_) {
    const Status found = Find(cancelled);
    asked_ = !cancelled;  // else the next one asks again
    if (!found.ok() && asked_) {
      LogWarning("every compilation takes longer: nothing could be precompiled",
                 {{"language", language_->name}, {"why", found}});
    }
  }
  if (folder_ == nullptr) return {};
  return {{(folder_->path() / kFile).string(), "/work/" + language_->precompiled}};
}

Status Precompiled::Find(const std::atomic<bool>& cancelled) {
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<SharedFolders> folders,
                          SharedFolders::Open(SharedFolders::Default("precompiled"), kMostKept));
  const auto make = [&](const fs::path& folder) {
    const SandboxResult result = RunAndWait(
        *sandbox_, CompileBox(language_->precompile, language_->precompiled, kMostMade), cancelled);
    if (result.end != SandboxEnd::kExited || result.code != 0) {
      return Unavailable(Describe(result) + ": " + result.errors);
    }
    return WriteFileAtomically(folder / kFile, result.output);
  };
  COHORT_ASSIGN_OR_RETURN(folder_, folders->Get(KeyOf(*language_).ToString(), make));
  return {};
}

}  // namespace cohort
