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

constexpr size_t kMostKept = 4;  // languages and compilers
constexpr uint64_t kMostMade = 256 << 20;
constexpr char kFile[] = "precompiled";

// What another version of it changes; empty for what is no file.
std::string Version(const fs::path& path) {
  struct stat found = {};
  if (stat(path.c_str(), &found) != 0 || S_ISCHR(found.st_mode)) return "";
  return std::to_string(found.st_size) + " " + std::to_string(found.st_mtim.tv_sec);
}

Digest KeyOf(const LanguageConfig& language) {
  Digester digester;
  const auto add = [&](const std::string& word) { digester.Add(word.data(), word.size() + 1); };
  add(language.precompiled);
  for (const auto& command : {language.precompile, language.compile}) {
    for (const std::string& word : command) {
      add(word);
      for (const char* folder : {"/usr/local/bin", "/usr/bin"})
        add(Version(fs::path(folder) / word));
    }
  }
  // Compilers and headers come in packages.
  for (const char* path : {"/var/lib/dpkg/status", "/usr/include", "/usr/local/include"}) {
    add(Version(path));
  }
  return digester.Finish();
}

}  // namespace

std::vector<SandboxBind> Precompiled::Binds(const std::atomic<bool>& cancelled) {
  if (language_->precompile.empty()) return {};
  std::scoped_lock lock(mutex_);
  if (!asked_ && !cancelled) {
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

void Precompiled::Distrust() {
  std::scoped_lock lock(mutex_);
  if (folder_ == nullptr) return;
  LogWarning("what was precompiled is damaged and not used any more; remove its folder",
             {{"language", language_->name}, {"folder", folder_->path().string()}});
  folder_ = nullptr;
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
    COHORT_RETURN_IF_ERROR(WriteFileAtomically(folder / kFile, result.output));
    std::error_code error;
    fs::permissions(folder / kFile, static_cast<fs::perms>(0644), error);  // boxes have other users
    return Status();
  };
  COHORT_ASSIGN_OR_RETURN(
      folder_, folders->Get(KeyOf(*language_).ToString(), make, [&] { return cancelled.load(); }));
  return {};
}

}  // namespace cohort
