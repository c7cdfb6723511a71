// What was compiled before. Safe from any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "libs/base/digest.h"
#include "libs/base/guarded.h"
#include "libs/base/lru.h"

namespace cohort {

class CompileCache {
 public:
  using Program = std::shared_ptr<const std::string>;

  // Keeps at most so many bytes of programs, the last used ones.
  explicit CompileCache(size_t bytes) : kept_(Kept(bytes)) {}

  // Null when it is not there. The key names source, flags, compiler and base together.
  Program Find(const Digest& key) {
    return kept_.With([&](Kept& kept) {
      const Program* found = kept.Find(key);
      return found == nullptr ? nullptr : *found;
    });
  }
  void Keep(const Digest& key, Program program) {
    const size_t bytes = program->size();
    kept_.With([&](Kept& kept) { kept.Add(key, std::move(program), bytes); });
  }

 private:
  using Kept = Lru<Digest, Program, DigestHash>;

  Guarded<Kept> kept_;
};

}  // namespace cohort
