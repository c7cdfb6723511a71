// Runs build/bin/cohort as a user does, and fleets made of shell scripts.
#pragma once

#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "libs/base/files.h"
#include "libs/config/load.h"
#include "tests/test_folder.h"

namespace cohort {

struct ProgramResult {
  int code = -1;
  std::string out, err;
};

inline std::string CohortBinary() {
  const char* bin = std::getenv("COHORT_BIN");
  return std::string(bin == nullptr ? "build/bin" : bin) + "/cohort";
}

inline std::string SourceDirectory() {
  const char* source = std::getenv("COHORT_SOURCE");
  return source == nullptr ? "." : source;
}

// `words` are the shell's; `programs`: COHORT_BIN of the fleet that it starts.
inline ProgramResult RunCohort(const std::string& words, const std::string& programs = "") {
  const TestFolder folder;
  const std::string out = (folder.path() / "out").string(), err = (folder.path() / "err").string();
  const std::string set = programs.empty() ? "" : "COHORT_BIN='" + programs + "' ";
  const int status =
      std::system((set + CohortBinary() + " " + words + " > " + out + " 2> " + err).c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, *ReadFile(out), *ReadFile(err)};
}

// An executable shell script.
inline std::filesystem::path WriteScript(const TestFolder& folder, const std::string& name,
                                         const std::string& text) {
  const std::string path = folder.Write(name, "#!/bin/sh\n" + text);
  chmod(path.c_str(), 0755);
  return path;
}

// A child that waits to be asked to stop, and leaves NAME.ready and NAME.drained.
inline std::string PatientScript(const std::string& marks) {
  return "trap 'touch " + marks + ".drained; exit 0' TERM\necho $$ > " + marks + ".pid\ntouch " +
         marks + ".ready\nwhile :; do sleep 0.02; done\n";
}

// Polls a condition of the outside world; false when it did not come in ten seconds.
inline bool Eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 1000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

inline bool Exists(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// A complete small task: character model, tokenizer, prompts. Made once for a test program.
class ParityTask {
 public:
  ParityTask() {
    const std::string command = "python3 " + SourceDirectory() + "/scripts/make_parity.py " +
                                folder_.path().string() + " > /dev/null";
    made_ = std::system(command.c_str()) == 0;
  }
  bool made() const { return made_; }
  std::string path() const { return folder_.path().string(); }
  Config MakeConfig(const std::string& run_directory) const {
    Result<Config> config = LoadConfig(
        {{SourceDirectory() + "/configs/demo-zero.toml"},
         {"--model.path=" + path(), "--routes.0.train=" + path() + "/train.jsonl",
          "--stages.sft.data=" + path() + "/sft.jsonl",
          "--evaluation.data=" + path() + "/eval.jsonl", "--run.directory=" + run_directory},
         false});
    return config.ok() ? *config : Config();
  }

 private:
  TestFolder folder_;
  bool made_ = false;
};

}  // namespace cohort
