// One run, one directory: everything that a run leaves behind, and where its processes meet.
//
//   config.toml     the resolved configuration      logs/         <instance>.log, <instance>.jsonl
//   run.json        the run's random id             sockets/      0700: ipc endpoints
//   metrics.jsonl   one record a step               endpoints/    where each process can be asked
//   samples.jsonl   one row a rollout               checkpoints/  step by step
//   versions.jsonl  publications and their parents  evaluations/  runs of `cohort eval`
//   trained.jsonl   what each step trained on       curve.svg     made by `cohort report`
//
// Values; the file system is the shared state. Safe from any number of processes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "libs/base/status.h"

namespace cohort {

class RunDirectory {
 public:
  // Makes what is missing, also the id (created once, atomically: whoever comes first decides), and
  // opens it. What the processes call, in whatever order they start.
  static Result<RunDirectory> Prepare(const std::filesystem::path& path);
  // An existing run; fails when there is none.
  static Result<RunDirectory> Open(const std::filesystem::path& path);
  // Whether somebody has run there: it has an id.
  static bool HoldsRun(const std::filesystem::path& path);
  // Removes what a run leaves behind (the parts named above and nothing else), so that a new run
  // with a new id can begin there.
  static Status Clean(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }  // absolute
  uint64_t run_id() const { return run_id_; }                  // never 0

  std::filesystem::path config() const { return path_ / "config.toml"; }
  std::filesystem::path logs() const { return path_ / "logs"; }
  std::filesystem::path sockets() const { return path_ / "sockets"; }
  std::filesystem::path endpoints() const { return path_ / "endpoints"; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
  std::filesystem::path metrics() const { return path_ / "metrics.jsonl"; }
  std::filesystem::path samples() const { return path_ / "samples.jsonl"; }

 private:
  RunDirectory(std::filesystem::path path, uint64_t run_id)
      : path_(std::move(path)), run_id_(run_id) {}

  std::filesystem::path path_;
  uint64_t run_id_;
};

}  // namespace cohort
