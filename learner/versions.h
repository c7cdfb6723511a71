// Versions: the numbers of publications, and how far apart two of them are.
//
// A number is used once, durably reserved before it is published. Each version has a parent: the
// one before it, or, for the first version of a restarted learner, the version that its checkpoint
// holds. Versions that a crash undid stay known, as lines that branch off, so that the age of a
// token drawn under one of them can still be told. Belongs to the learner's thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>

#include "libs/base/status.h"

namespace cohort {

class VersionLines {
 public:
  uint64_t newest() const { return newest_; }  // 0: none yet
  uint64_t Parent(uint64_t version) const;

  // Adds newest() + 1 with this parent (0 for the first version of a run).
  uint64_t Add(uint64_t parent);

  // Publications from `version` back to the last version that both lines share, plus from there on
  // to `now`. Unknown versions (0, or newer than any) are an error: a peer made them up.
  Result<uint64_t> Age(uint64_t version, uint64_t now) const;

 private:
  uint64_t newest_ = 0;
  std::map<uint64_t, uint64_t> branches_;  // version → parent, where that is not version − 1
};

// VersionLines on disk: one line of JSON a version, synced before the number is returned.
class VersionLog {
 public:
  // Reads what is there; a torn last line is cut.
  static Result<VersionLog> Open(const std::filesystem::path& file);
  VersionLog(VersionLog&& other) noexcept;
  VersionLog& operator=(VersionLog&&) = delete;
  ~VersionLog();

  const VersionLines& lines() const { return lines_; }
  // `for_evaluation`: the version will be evaluated.
  Result<uint64_t> Reserve(uint64_t parent, bool for_evaluation);
  // The last version that was reserved for evaluation; 0: none.
  uint64_t last_evaluation() const { return last_evaluation_; }

 private:
  VersionLog(std::filesystem::path file, int fd) : file_(std::move(file)), fd_(fd) {}

  std::filesystem::path file_;
  int fd_;
  VersionLines lines_;
  uint64_t last_evaluation_ = 0;
};

}  // namespace cohort
