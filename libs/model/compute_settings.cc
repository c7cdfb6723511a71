#include "libs/model/compute_settings.h"

#include <ATen/Parallel.h>
#include <malloc.h>

namespace cohort {

void ApplyComputeSettings(int threads) {
  at::set_num_threads(threads);
#if defined(__GLIBC__)
  // Nothing is mapped on its own and nothing is given back: freed results are used again, warm.
  constexpr int kNever = 0x7fffffff;
  mallopt(M_MMAP_THRESHOLD, kNever);
  mallopt(M_TRIM_THRESHOLD, kNever);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

}  // namespace cohort
