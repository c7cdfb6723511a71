#include "libs/messaging/keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <utility>

#include "libs/base/files.h"

namespace cohort {
namespace {

constexpr size_t kLargestKeyFile = 4096;
constexpr char kDomain[] = "cohort";

std::string Reason() { return std::strerror(errno); }

// The key's line; comments and blanks are skipped. The text itself never goes into a message.
Result<std::string> KeyIn(const std::string& text, const std::filesystem::path& file) {
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    // '#' is a character of Z85: only one at the front makes a comment, and keys are told by
    // length.
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    if (line.empty() || (line[0] == '#' && line.size() != kKeyCharacters)) continue;
    if (IsKey(line)) return line;
    break;
  }
  return InvalidArgument(file.string() + " holds no key (40 characters of Z85): make one with " +
                         "`cohort keys new`");
}

Status WriteNew(const std::filesystem::path& file, const std::string& text, mode_t mode) {
  const int descriptor = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (descriptor < 0 && errno == EEXIST) {
    return FailedPrecondition(file.string() + " exists: remove it first, or choose another name");
  }
  if (descriptor < 0) return Unavailable("cannot make " + file.string() + ": " + Reason());
  bool written = write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  written = fsync(descriptor) == 0 && written;
  const std::string reason = Reason();
  close(descriptor);
  if (written) return {};
  unlink(file.c_str());
  return Unavailable("cannot write " + file.string() + ": " + reason);
}

Status CheckFolder(const std::filesystem::path& folder) {
  struct stat facts {};
  if (stat(folder.c_str(), &facts) != 0) {
    return NotFound("there is no folder of keys " + folder.string() +
                    ": make keys with `cohort keys new`");
  }
  if (!S_ISDIR(facts.st_mode)) return InvalidArgument(folder.string() + " is no folder of keys");
  if ((facts.st_mode & 077) != 0) {
    return PermissionDenied("the folder of keys " + folder.string() +
                            " is open to other users: chmod 700 " + folder.string());
  }
  return {};
}

Result<std::string> ReadSmall(const std::filesystem::path& file, bool secret) {
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0 && errno == ENOENT) return NotFound("there is no key " + file.string());
  if (descriptor < 0) return PermissionDenied("cannot read " + file.string() + ": " + Reason());
  struct stat facts {};
  Status status;
  std::string text;
  if (fstat(descriptor, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    status = InvalidArgument(file.string() + " is no file");
  } else if (secret && (facts.st_mode & 077) != 0) {
    status = PermissionDenied("the secret key " + file.string() +
                              " can be read by other users: chmod 600 " + file.string());
  } else {
    text.resize(kLargestKeyFile);
    const ssize_t got = read(descriptor, text.data(), text.size());
    if (got < 0) status = Unavailable("cannot read " + file.string() + ": " + Reason());
    text.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
  }
  close(descriptor);
  if (!status.ok()) return status;
  return text;
}

}  // namespace

Result<CurveKeyPair> MakeKeyPair() {
  std::array<char, kKeyCharacters + 1> public_key{}, secret_key{};
  if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0) {
    return Unavailable("this libzmq was built without CURVE: install one with libsodium");
  }
  return CurveKeyPair{public_key.data(), secret_key.data()};
}

bool IsKey(std::string_view text) {
  constexpr std::string_view kMarks = ".-:+=^!/*?&<>()[]{}@%$#";
  const bool digits = std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return (c < 0x80 && std::isalnum(c) != 0) || kMarks.find(static_cast<char>(c)) != kMarks.npos;
  });
  if (!digits || text.size() != kKeyCharacters) return false;
  // libzmq checks that each group of five fits into 32 bits.
  std::array<uint8_t, 32> bytes{};
  return zmq_z85_decode(bytes.data(), std::string(text).c_str()) != nullptr;
}

bool IsKeyName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return c < 0x80 && (std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.');
         });
}

Status WriteKeyPair(const std::filesystem::path& folder, const std::string& name,
                    const CurveKeyPair& pair) {
  if (!IsKeyName(name)) {
    return InvalidArgument("a key's name is a word of letters, digits, - and _, not \"" + name +
                           "\"");
  }
  if (folder.has_parent_path()) COHORT_RETURN_IF_ERROR(MakeDirectories(folder.parent_path()));
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Unavailable("cannot make " + folder.string() + ": " + Reason());
  }
  COHORT_RETURN_IF_ERROR(CheckFolder(folder));
  const std::filesystem::path secret = folder / (name + ".key");
  COHORT_RETURN_IF_ERROR(WriteNew(secret, pair.secret_key + "\n", 0600));
  const Status status = WriteNew(folder / (name + ".pub"), pair.public_key + "\n", 0644);
  if (!status.ok()) unlink(secret.c_str());
  return status;
}

Result<CurveKeyPair> LoadKeyPair(const std::filesystem::path& folder, const std::string& name) {
  COHORT_RETURN_IF_ERROR(CheckFolder(folder));
  const std::filesystem::path file = folder / (name + ".key");
  COHORT_ASSIGN_OR_RETURN(const std::string text, ReadSmall(file, /*secret=*/true));
  CurveKeyPair pair;
  COHORT_ASSIGN_OR_RETURN(pair.secret_key, KeyIn(text, file));
  COHORT_ASSIGN_OR_RETURN(pair.public_key, LoadPublicKey(folder / (name + ".pub")));
  std::array<char, kKeyCharacters + 1> derived{};
  if (zmq_curve_public(derived.data(), pair.secret_key.c_str()) != 0 ||
      pair.public_key != derived.data()) {
    return InvalidArgument((folder / (name + ".pub")).string() + " does not belong to " +
                           file.string() + ": make a new pair with `cohort keys new`");
  }
  return pair;
}

Result<std::string> LoadPublicKey(const std::filesystem::path& file) {
  COHORT_ASSIGN_OR_RETURN(const std::string text, ReadSmall(file, /*secret=*/false));
  return KeyIn(text, file);
}

Result<CurveKeyPair> LoadProcessKey(const std::filesystem::path& folder, const std::string& role,
                                    const std::string& instance) {
  if (instance != role && IsKeyName(instance)) {
    Result<CurveKeyPair> own = LoadKeyPair(folder, instance);
    if (own.ok() || own.status().code() != StatusCode::kNotFound) return own;
  }
  Result<CurveKeyPair> pair = LoadKeyPair(folder, role);
  if (pair.ok() || pair.status().code() != StatusCode::kNotFound) return pair;
  return NotFound(pair.status().message() + ": make one with `cohort keys new " + role +
                  " --keys " + folder.string() + "`");
}

Result<std::optional<CurveClient>> LoadClientKeys(const std::string& folder,
                                                  const std::string& role,
                                                  const std::string& instance,
                                                  const std::string& server) {
  if (folder.empty()) return std::optional<CurveClient>();
  CurveClient keys;
  COHORT_ASSIGN_OR_RETURN(keys.own, LoadProcessKey(folder, role, instance));
  COHORT_ASSIGN_OR_RETURN(keys.server_key,
                          LoadPublicKey(std::filesystem::path(folder) / (server + ".pub")));
  return std::optional<CurveClient>(std::move(keys));
}

Result<std::optional<CurveServer>> LoadServerKeys(const std::string& folder,
                                                  const std::string& role,
                                                  const std::string& instance,
                                                  const std::string& allowed) {
  if (folder.empty()) return std::optional<CurveServer>();
  CurveServer keys;
  COHORT_ASSIGN_OR_RETURN(keys.own, LoadProcessKey(folder, role, instance));
  keys.allowed =
      allowed.empty() ? std::filesystem::path(folder) / "allowed" : std::filesystem::path(allowed);
  return std::optional<CurveServer>(std::move(keys));
}

void UseKeys(zmq::socket_t& socket, const CurveClient& keys) {
  socket.set(zmq::sockopt::curve_publickey, keys.own.public_key);
  socket.set(zmq::sockopt::curve_secretkey, keys.own.secret_key);
  socket.set(zmq::sockopt::curve_serverkey, keys.server_key);
}

void UseKeys(zmq::socket_t& socket, const CurveServer& keys) {
  socket.set(zmq::sockopt::curve_server, true);
  socket.set(zmq::sockopt::curve_secretkey, keys.own.secret_key);
  socket.set(zmq::sockopt::zap_domain, kDomain);
  // Part of the stable library, but declared with its drafts only. Without a handler nobody gets
  // in.
  constexpr int kEnforceDomain = 93;
  const int enforce = 1;
  zmq_setsockopt(socket.handle(), kEnforceDomain, &enforce, sizeof(enforce));
}

}  // namespace cohort
