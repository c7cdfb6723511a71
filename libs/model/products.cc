#include "libs/model/products.h"

#include <ATen/ATen.h>

namespace cohort {
namespace {

bool MultipliesBFloat16() {
#if defined(__x86_64__)
  // Where oneDNN takes bfloat16. It also does with AVX-NE-CONVERT alone, of which compilers of this
  // age do not know; widened products are right there, too.
  static const bool has = __builtin_cpu_supports("avx512bw") != 0 &&
                          __builtin_cpu_supports("avx512vl") != 0 &&
                          __builtin_cpu_supports("avx512dq") != 0;
  return has;
#else
  return true;
#endif
}

bool Widens(const at::Tensor& factor) {
  return factor.scalar_type() == at::kBFloat16 && !MultipliesBFloat16();
}

}  // namespace

at::Tensor Product(const at::Tensor& a, const at::Tensor& b) {
  if (!Widens(a)) return at::mm(a, b);
  return at::mm(a.to(at::kFloat), b.to(at::kFloat)).to(at::kBFloat16);
}

void ProductInto(at::Tensor& out, const at::Tensor& a, const at::Tensor& b) {
  if (!Widens(a)) {
    at::mm_out(out, a, b);
  } else {
    out.copy_(at::mm(a.to(at::kFloat), b.to(at::kFloat)));
  }
}

}  // namespace cohort
