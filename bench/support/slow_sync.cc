// Preloaded into a program, makes its disk a slower one: each fsync and fdatasync takes as many
// milliseconds longer as COHORT_SYNC_MS says.
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

namespace {

int SyncSlowly(long call, int file) {
  static const char* const asked = std::getenv("COHORT_SYNC_MS");
  const auto nanoseconds = static_cast<long>(asked != nullptr ? std::atof(asked) * 1e6 : 0);
  const timespec longer{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
  nanosleep(&longer, nullptr);
  return static_cast<int>(syscall(call, file));
}

}  // namespace

extern "C" int fsync(int file) { return SyncSlowly(SYS_fsync, file); }
extern "C" int fdatasync(int file) { return SyncSlowly(SYS_fdatasync, file); }
