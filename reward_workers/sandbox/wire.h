// What library and launcher tell each other: plain values in a flat form. Both ends are the same
// build on the same machine; still, whatever does not decode is a Status.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "reward_workers/sandbox/mechanisms.h"
#include "reward_workers/sandbox/sandbox_spec.h"

namespace cohort {

// Without `input` and `channel`, which travel as descriptors.
std::string EncodeSpec(const SandboxSpec& spec);
Result<SandboxSpec> DecodeSpec(std::string_view bytes);

std::string EncodeResult(const SandboxResult& result);
Result<SandboxResult> DecodeResult(std::string_view bytes);

// A request is one message: this, then the specification if it is short. With it come the library's
// socket, a file with the specification if it is long, and the program's stdin if it has one.
struct RequestHead {
  enum class Input : uint8_t { kNone, kFile, kChannel };
  bool spec_in_file = false;
  Input input = Input::kNone;
};
inline constexpr size_t kMostInlineBytes = 32 << 10;
inline constexpr size_t kMostRequestFds = 3;

// The launcher's first message: what it found, or why it cannot work.
struct LauncherHello {
  std::string failure;  // empty: ready
  std::vector<Mechanism> mechanisms;
  std::vector<std::string> folders;  // of cgroups, to be removed after the launcher's end
};
std::string EncodeHello(const LauncherHello& hello);
Result<LauncherHello> DecodeHello(std::string_view bytes);

// Reads all of a file without moving its offset.
Result<std::string> ReadAll(int fd);
// A sealed file in memory that holds these bytes; the caller closes it.
Result<int> SealedFile(const char* name, std::string_view bytes);
// Blocks until all is written; false when the other end is gone.
bool WriteAll(int fd, std::string_view bytes);

}  // namespace cohort
