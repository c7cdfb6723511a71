#include "tests/fuzz/input_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

namespace cohort {

InputFile::InputFile() : fd_(memfd_create("input", MFD_CLOEXEC)) {
  FUZZ_CHECK(fd_ >= 0);
  path_ = "/proc/self/fd/" + std::to_string(fd_);
}

InputFile::~InputFile() { close(fd_); }

void InputFile::Write(std::string_view bytes) {
  FUZZ_CHECK(ftruncate(fd_, 0) == 0);
  FUZZ_CHECK(pwrite(fd_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
}

}  // namespace cohort
