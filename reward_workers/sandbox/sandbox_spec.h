// What is run in a sandbox, under which limits, and how it ended. Values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cohort {

// Each limit has an ending of its own (SandboxEnd). Sizes are bytes.
struct SandboxLimits {
  std::chrono::milliseconds cpu{10'000};   // summed over all processes, ended ones too
  std::chrono::milliseconds wall{30'000};  // from the program's start
  uint64_t memory = 512 << 20;             // of all processes together, without their files
  uint64_t disk = 64 << 20;                // /work, /tmp and /dev/shm together; lives in memory
  uint64_t output = 1 << 20;               // of stdout and of stderr, each
  uint64_t file_size = 64 << 20;
  uint64_t stack = 8 << 20;  // of a process' first thread
  int processes = 64;        // threads count as processes
  int open_files = 256;      // of one process
};

// A file in the work directory before the program starts. It takes the place of a file, but not of
// a folder, that a writable bind has there; no symbolic link may be on the way.
struct SandboxFile {
  std::string path;  // relative, of plain names: folders on the way are made
  std::string bytes;
  int mode = 0644;
};

// A file or folder of this machine that the program may read.
struct SandboxBind {
  std::string source;  // absolute, here
  std::string
      target;  // absolute, there; a new name outside of the system's folders, or below /work
  // A folder that the program finds as its own and may change: changes go to the box' disk, never
  // to `source`, which must not change meanwhile. Where boxes have no uids of their own, it must
  // belong to the user that makes them. Unavailable where the kernel has no overlays.
  bool writable = false;
};

struct SandboxSpec {
  std::vector<std::string> argv;  // a name without a slash is looked for in PATH, there
  // All of it, as NAME=value; PATH, HOME, LANG and TMPDIR are set where it does not.
  std::vector<std::string> environment;
  std::vector<SandboxBind> binds;
  // Of writable binds, relative to the work directory: files, and folders with all that they hold,
  // that are gone before `files` are placed. One that is not there is no failure.
  std::vector<std::string> removed;
  std::vector<SandboxFile> files;
  std::string input;  // its stdin, as a file
  // For a program that is spoken to while it runs: a socket that becomes its stdin and stdout in
  // place of `input`. Duplicated on start. What it writes there is not counted.
  int channel = -1;
  SandboxLimits limits;
};

enum class SandboxEnd : uint8_t {
  kExited,          // code: its exit code
  kSignalled,       // code: the signal that killed it
  kNotExecutable,   // there is no such program, or the kernel does not run it
  kCpuLimit,        // the processes together used more
  kWallLimit,       // time is up
  kMemoryLimit,     // a process was killed for memory, or they held more together
  kOutputLimit,     // wrote more
  kDiskLimit,       // failed, and the disk was full
  kProcessLimit,    // failed or was stopped, and was refused a process or thread
  kOpenFilesLimit,  // failed or was stopped, and held all descriptors that it may
  kFileSizeLimit,   // SIGXFSZ
  kCancelled,       // by SandboxRun::Cancel
  kInfrastructure,  // this machine's fault, never the program's: `what` tells
};

std::string_view SandboxEndName(SandboxEnd end);  // "exited", "cpu_limit", …

// A limit that the kernel keeps by refusing (disk, processes, open files) does not end the run: the
// program may cope with it. Only if it fails then, the limit is named as the reason.
struct SandboxResult {
  SandboxEnd end = SandboxEnd::kInfrastructure;
  // Of kExited and kSignalled; of kDiskLimit, kProcessLimit and kOpenFilesLimit the exit code of a
  // program that exited; else 0.
  int code = 0;
  std::string what;  // one line for people; may be empty
  std::string output;
  std::string errors;
  bool cut = false;  // output or errors were longer than the limit
  std::chrono::microseconds cpu{};
  std::chrono::microseconds wall{};
  uint64_t peak_memory = 0;  // with files on its disk; where cgroups are missing: as sampled
};

// "exited 0", "signalled 11", "cpu_limit: …": one line.
std::string Describe(const SandboxResult& result);

}  // namespace cohort
