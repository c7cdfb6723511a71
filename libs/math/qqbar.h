// Calcium's algebraic numbers for C++. The headers of version 0.4 are C that no C++ compiler takes
// as it is: their own includes stand inside extern "C", so those come first here, and what they
// allocate is not cast, so allocation returns a pointer that converts to any other meanwhile.
#pragma once

#include <acb.h>
#include <acb_poly.h>
#include <flint/fmpq.h>
#include <flint/fmpq_poly.h>
#include <flint/fmpz_mpoly.h>
#include <flint/fmpz_poly.h>

#include <cstddef>
#include <cstdio>

namespace cohort {

struct AnyPointer {
  void* pointer;
  template <typename T>
  operator T*() const {  // NOLINT: implicit by design
    return static_cast<T*>(pointer);
  }
};

}  // namespace cohort

#define flint_malloc(size) \
  ::cohort::AnyPointer { flint_malloc(size) }
#define flint_realloc(pointer, size) \
  ::cohort::AnyPointer { flint_realloc(pointer, size) }
#define flint_calloc(count, size) \
  ::cohort::AnyPointer { flint_calloc(count, size) }
#include <calcium/qqbar.h>
#undef flint_malloc
#undef flint_realloc
#undef flint_calloc
