#include "libs/messaging/allow_list.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <utility>

#include "libs/base/files.h"
#include "libs/base/logging.h"
#include "libs/messaging/keys.h"

namespace cohort {
namespace {

constexpr Duration kLookEvery = Seconds(0.2);
constexpr std::string_view kRevoked = "revoked";
constexpr std::array kRoles = {Role::kLearner, Role::kActor, Role::kRewardWorker, Role::kOperator};

// Words of a line, up to a comment; '#' inside of a word is a character of a key.
std::vector<std::string_view> Words(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  std::vector<std::string_view> words;
  while (words.size() < 4) {
    const size_t begin = line.find_first_not_of(kBlank);
    if (begin == line.npos) break;
    const size_t end = std::min(line.find_first_of(kBlank, begin), line.size());
    // In the place of the key it may be one that begins with '#'.
    if (line[begin] == '#' && words.size() != 1) break;
    words.push_back(line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
  return words;
}

Result<AllowedKey> ParseLine(const std::vector<std::string_view>& words) {
  if (words.size() != 3) return InvalidArgument("a line is `role public-key name`");
  AllowedKey key;
  if (words[0] != kRevoked) {
    key.role = ParseRole(words[0]);
    if (!key.role) {
      return InvalidArgument(
          "the first word must be learner, actor, reward_worker, operator or revoked");
    }
  }
  if (!IsKey(words[1])) {
    return InvalidArgument("the second word must be a public key of 40 characters, as in NAME.pub");
  }
  if (!IsKeyName(words[2])) {
    return InvalidArgument("the third word must be a name of letters, digits, - and _");
  }
  key.public_key = words[1];
  key.name = words[2];
  return key;
}

}  // namespace

std::optional<Role> ParseRole(std::string_view name) {
  for (const Role role : kRoles) {
    if (RoleName(role) == name) return role;
  }
  return std::nullopt;
}

Result<std::vector<AllowedKey>> ParseAllowList(std::string_view text, std::string_view file) {
  if (text.size() > kMaxAllowListBytes) {
    return InvalidArgument(std::string(file) + " is larger than " +
                           std::to_string(kMaxAllowListBytes) + " bytes");
  }
  std::vector<AllowedKey> keys;
  std::set<std::string> seen_keys, seen_names;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::vector<std::string_view> words = Words(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty()) continue;
    const auto here = [&](const Status& status) {
      return status.WithContext(std::string(file) + ":" + std::to_string(number));
    };
    Result<AllowedKey> key = ParseLine(words);
    if (!key.ok()) return here(key.status());
    if (!seen_keys.insert(key->public_key).second) {
      return here(InvalidArgument("the key of \"" + key->name + "\" stands there twice"));
    }
    if (!seen_names.insert(key->name).second) {
      return here(InvalidArgument("the name \"" + key->name + "\" stands there twice"));
    }
    if (keys.size() == kMaxAllowedKeys) {
      return here(InvalidArgument("more than " + std::to_string(kMaxAllowedKeys) + " keys"));
    }
    keys.push_back(*std::move(key));
  }
  return keys;
}

std::string AllowListText(const std::vector<AllowedKey>& keys) {
  std::string text = "# role public-key name; `cohort keys` writes this file\n";
  for (const AllowedKey& key : keys) {
    text += std::string(key.role ? RoleName(*key.role) : kRevoked) + " " + key.public_key + " " +
            key.name + "\n";
  }
  return text;
}

Result<std::vector<AllowedKey>> ReadAllowList(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return std::vector<AllowedKey>();
  if (!std::filesystem::is_regular_file(file, ignored)) {
    return InvalidArgument(file.string() + " is no file");
  }
  if (std::filesystem::file_size(file, ignored) > kMaxAllowListBytes) {
    return InvalidArgument(file.string() + " is larger than " + std::to_string(kMaxAllowListBytes) +
                           " bytes");
  }
  COHORT_ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
  return ParseAllowList(text, file.string());
}

Status WriteAllowList(const std::filesystem::path& file, const std::vector<AllowedKey>& keys) {
  // What is written must be read again.
  COHORT_RETURN_IF_ERROR(ParseAllowList(AllowListText(keys), file.string()).status());
  return WriteFileAtomically(file, AllowListText(keys));
}

Result<std::unique_ptr<LiveAllowList>> LiveAllowList::Open(const std::filesystem::path& file,
                                                           const Clock& clock) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return NotFound("there is no allow-list " + file.string() +
                    ": make one with `cohort keys allow`");
  }
  std::unique_ptr<LiveAllowList> list(new LiveAllowList(file, clock));
  COHORT_RETURN_IF_ERROR(list->Load());
  return list;
}

LiveAllowList::Stamp LiveAllowList::StampOf(const std::filesystem::path& file) {
  struct stat facts {};
  if (stat(file.c_str(), &facts) != 0) return {};
  return {facts.st_ino, static_cast<uint64_t>(facts.st_size), facts.st_mtim.tv_sec,
          facts.st_mtim.tv_nsec};
}

Status LiveAllowList::Load() {
  // Stamped before it is read: what is written meanwhile is read again at the next look.
  stamp_ = StampOf(file_);
  next_look_ = clock_.Now() + kLookEvery;
  if (stamp_ == Stamp()) return NotFound(file_.string() + " is gone");
  COHORT_ASSIGN_OR_RETURN(std::vector<AllowedKey> keys, ReadAllowList(file_));
  keys_.clear();
  for (AllowedKey& key : keys) keys_.emplace(key.public_key, key);
  generation_ += 1;
  return {};
}

void LiveAllowList::RefreshLocked() {
  if (clock_.Now() < next_look_) return;
  next_look_ = clock_.Now() + kLookEvery;
  if (StampOf(file_) == stamp_) return;
  const Status status = Load();
  if (status.ok()) {
    LogInfo("allow-list read", {{"file", file_.string()}, {"keys", keys_.size()}});
  } else {
    LogError("allow-list unreadable, the last good one stays in force", {{"why", status}});
  }
}

LiveAllowList::Answer LiveAllowList::Find(const std::string& public_key) {
  const std::scoped_lock lock(mutex_);
  RefreshLocked();
  const auto found = keys_.find(public_key);
  if (found == keys_.end()) return {};
  if (!found->second.role) return {Verdict::kRevoked};
  return {Verdict::kAllowed, *found->second.role};
}

uint64_t LiveAllowList::generation() {
  const std::scoped_lock lock(mutex_);
  RefreshLocked();
  return generation_;
}

}  // namespace cohort
