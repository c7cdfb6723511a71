// Digests of content: XXH3, 128 bits. They find damage and name content; they are no defence
// against a forger. Thread-safe (a Digester belongs to one thread).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace cohort {

struct Digest {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const Digest&) const = default;
  bool IsZero() const { return high == 0 && low == 0; }
  std::string ToString() const;  // 32 hexadecimal digits
};

// For tables in memory.
struct DigestHash {
  size_t operator()(const Digest& digest) const { return digest.low; }
};

Digest DigestOf(std::string_view bytes);

// The same, over pieces.
class Digester {
 public:
  Digester();
  ~Digester();
  void Add(const void* data, size_t bytes);
  Digest Finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cohort
