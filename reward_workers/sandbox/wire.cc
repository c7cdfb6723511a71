#include "reward_workers/sandbox/wire.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <type_traits>

namespace cohort {
namespace {

constexpr uint32_t kMaxEntries = 1 << 16;

class Writer {
 public:
  template <typename T>
  void Number(T value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void Text(std::string_view text) {
    Number<uint64_t>(text.size());
    bytes_ += text;
  }
  void Texts(const std::vector<std::string>& texts) {
    Number<uint32_t>(texts.size());
    for (const std::string& text : texts) Text(text);
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads zeros and nothing once something was missing; `ok` tells at the end.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  T Number() {
    T value{};
    if (bytes_.size() < sizeof(T)) {
      Fail();
    } else {
      std::memcpy(&value, bytes_.data(), sizeof(T));
      bytes_.remove_prefix(sizeof(T));
    }
    return value;
  }
  std::string Text() {
    const uint64_t size = Number<uint64_t>();
    if (size > bytes_.size()) {
      Fail();
      return {};
    }
    std::string text(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return text;
  }
  uint32_t Count() {
    const uint32_t count = Number<uint32_t>();
    if (count > kMaxEntries) Fail();
    return ok_ ? count : 0;
  }
  std::vector<std::string> Texts() {
    std::vector<std::string> texts(Count());
    for (std::string& text : texts) text = Text();
    return texts;
  }
  bool ok() const { return ok_ && bytes_.empty(); }

 private:
  void Fail() {
    ok_ = false;
    bytes_ = {};
  }

  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace

std::string EncodeSpec(const SandboxSpec& spec) {
  Writer out;
  out.Texts(spec.argv);
  out.Texts(spec.environment);
  out.Number<uint32_t>(spec.files.size());
  for (const SandboxFile& file : spec.files) {
    out.Text(file.path);
    out.Text(file.bytes);
    out.Number(file.mode);
  }
  out.Number<uint32_t>(spec.binds.size());
  for (const SandboxBind& bind : spec.binds) {
    out.Text(bind.source);
    out.Text(bind.target);
    out.Number<uint8_t>(bind.writable);
  }
  out.Texts(spec.removed);
  const SandboxLimits& limits = spec.limits;
  out.Number<int64_t>(limits.cpu.count());
  out.Number<int64_t>(limits.wall.count());
  for (const uint64_t size :
       {limits.memory, limits.disk, limits.output, limits.file_size, limits.stack}) {
    out.Number(size);
  }
  out.Number(limits.processes);
  out.Number(limits.open_files);
  return out.Take();
}

Result<SandboxSpec> DecodeSpec(std::string_view bytes) {
  Reader in(bytes);
  SandboxSpec spec;
  spec.argv = in.Texts();
  spec.environment = in.Texts();
  spec.files.resize(in.Count());
  for (SandboxFile& file : spec.files) {
    file.path = in.Text();
    file.bytes = in.Text();
    file.mode = in.Number<int>();
  }
  spec.binds.resize(in.Count());
  for (SandboxBind& bind : spec.binds) {
    bind.source = in.Text();
    bind.target = in.Text();
    bind.writable = in.Number<uint8_t>() != 0;
  }
  spec.removed = in.Texts();
  SandboxLimits& limits = spec.limits;
  limits.cpu = std::chrono::milliseconds(in.Number<int64_t>());
  limits.wall = std::chrono::milliseconds(in.Number<int64_t>());
  for (uint64_t* size :
       {&limits.memory, &limits.disk, &limits.output, &limits.file_size, &limits.stack}) {
    *size = in.Number<uint64_t>();
  }
  limits.processes = in.Number<int>();
  limits.open_files = in.Number<int>();
  if (!in.ok() || spec.argv.empty()) return DataLoss("a run's specification does not decode");
  return spec;
}

std::string EncodeResult(const SandboxResult& result) {
  Writer out;
  out.Number(result.end);
  out.Number(result.code);
  out.Text(result.what);
  out.Text(result.output);
  out.Text(result.errors);
  out.Number<uint8_t>(result.cut);
  out.Number<int64_t>(result.cpu.count());
  out.Number<int64_t>(result.wall.count());
  out.Number(result.peak_memory);
  return out.Take();
}

Result<SandboxResult> DecodeResult(std::string_view bytes) {
  Reader in(bytes);
  SandboxResult result;
  result.end = in.Number<SandboxEnd>();
  result.code = in.Number<int>();
  result.what = in.Text();
  result.output = in.Text();
  result.errors = in.Text();
  result.cut = in.Number<uint8_t>() != 0;
  result.cpu = std::chrono::microseconds(in.Number<int64_t>());
  result.wall = std::chrono::microseconds(in.Number<int64_t>());
  result.peak_memory = in.Number<uint64_t>();
  if (!in.ok() || result.end > SandboxEnd::kInfrastructure) {
    return DataLoss("a run's result does not decode");
  }
  return result;
}

std::string EncodeHello(const LauncherHello& hello) {
  Writer out;
  out.Text(hello.failure);
  out.Number<uint32_t>(hello.mechanisms.size());
  for (const Mechanism& mechanism : hello.mechanisms) {
    out.Number(mechanism.kind);
    out.Number<uint8_t>(mechanism.present);
    out.Text(mechanism.detail);
  }
  out.Texts(hello.folders);
  return out.Take();
}

Result<LauncherHello> DecodeHello(std::string_view bytes) {
  Reader in(bytes);
  LauncherHello hello;
  hello.failure = in.Text();
  hello.mechanisms.resize(in.Count());
  for (Mechanism& mechanism : hello.mechanisms) {
    mechanism.kind = in.Number<MechanismKind>();
    mechanism.present = in.Number<uint8_t>() != 0;
    mechanism.detail = in.Text();
  }
  hello.folders = in.Texts();
  if (!in.ok()) return DataLoss("the launcher's hello does not decode");
  return hello;
}

Result<std::string> ReadAll(int fd) {
  struct stat status = {};
  if (fstat(fd, &status) != 0) return Unavailable(std::string("fstat: ") + strerror(errno));
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t count =
        pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return DataLoss(std::string("read: ") + strerror(count < 0 ? errno : EIO));
    done += static_cast<size_t>(count);
  }
  return bytes;
}

Result<int> SealedFile(const char* name, std::string_view bytes) {
  const int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return ResourceExhausted(std::string("memfd_create: ") + strerror(errno));
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t count = write(fd, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      close(fd);
      return ResourceExhausted(std::string("write to a memory file: ") + strerror(errno));
    }
    done += static_cast<size_t>(count);
  }
  lseek(fd, 0, SEEK_SET);
  fchmod(fd, 0444);
  fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  return fd;
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

}  // namespace cohort
