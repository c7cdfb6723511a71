// A file descriptor that is closed with its owner. Header only; belongs to one thread.
#pragma once

#include <unistd.h>

#include <utility>

namespace cohort {

class Descriptor {
 public:
  Descriptor() = default;
  // Takes it over; -1, as system calls return it, is none.
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  // It is the caller's then.
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

}  // namespace cohort
