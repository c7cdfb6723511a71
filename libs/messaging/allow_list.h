// Who may connect: one text file, a line for each key.
//
//   # role        public key                                name
//   actor         rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7  actor-1
//   revoked       Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID  old-laptop
//
// Roles are learner, actor, reward_worker and operator. A revoked key stays in the file, so that
// whoever comes with it is told apart from a stranger. Errors name file and line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/messaging/broker_client.h"

namespace cohort {

inline constexpr size_t kMaxAllowListBytes = 4 << 20;
inline constexpr size_t kMaxAllowedKeys = 20'000;

std::optional<Role> ParseRole(std::string_view name);

struct AllowedKey {
  std::optional<Role> role;  // nothing: revoked
  std::string public_key;
  std::string name;
  bool operator==(const AllowedKey&) const = default;
};

// Pure. `file` is for messages. A key or a name that stands there twice is an error.
Result<std::vector<AllowedKey>> ParseAllowList(std::string_view text, std::string_view file);
std::string AllowListText(const std::vector<AllowedKey>& keys);

// A file that is missing is an empty list for Read; Write replaces it in one move (0600).
Result<std::vector<AllowedKey>> ReadAllowList(const std::filesystem::path& file);
Status WriteAllowList(const std::filesystem::path& file, const std::vector<AllowedKey>& keys);

// The list as it is now: looked at again when the file has changed, at most five times a second. A
// file that became unreadable leaves the last good list in force, with one line in the log.
// Thread-safe.
class LiveAllowList {
 public:
  // The file must be there and be well-formed.
  static Result<std::unique_ptr<LiveAllowList>> Open(const std::filesystem::path& file,
                                                     const Clock& clock);

  enum class Verdict { kAllowed, kUnknown, kRevoked };
  struct Answer {
    Verdict verdict = Verdict::kUnknown;
    Role role = Role::kOperator;  // when allowed
  };
  Answer Find(const std::string& public_key);
  // Grows whenever the list has changed.
  uint64_t generation();

 private:
  struct Stamp {
    uint64_t inode = 0, size = 0;
    int64_t seconds = 0, nanoseconds = 0;
    bool operator==(const Stamp&) const = default;
  };
  LiveAllowList(std::filesystem::path file, const Clock& clock)
      : file_(std::move(file)), clock_(clock) {}
  static Stamp StampOf(const std::filesystem::path& file);
  Status Load();
  void RefreshLocked();

  const std::filesystem::path file_;
  const Clock& clock_;
  std::mutex mutex_;  // guards all below
  std::unordered_map<std::string, AllowedKey> keys_;
  Stamp stamp_;
  Time next_look_;
  uint64_t generation_ = 0;
};

}  // namespace cohort
