// Process-wide settings of a process that computes, made once by its main before the first tensor.
#pragma once

namespace cohort {

// Sets libtorch's threads (1 is right nearly always: two threads on two busy cores were eight times
// slower than one) and tells malloc to keep large blocks: a fresh 6 MB result costs more in page
// faults than its matrix product.
void ApplyComputeSettings(int threads);

}  // namespace cohort
