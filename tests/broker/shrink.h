// Delta debugging: the shortest sequence that still fails, as far as leaving things out can find
// it. (Zeller, Hildebrandt, Simplifying and isolating failure-inducing input, 2002)
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

namespace cohort {

// `fails` must hold for the items given. Leaves out ever smaller chunks, then single items, until
// none can go.
template <typename T>
std::vector<T> Shrink(std::vector<T> items,
                      const std::function<bool(const std::vector<T>&)>& fails) {
  for (size_t chunk = std::max<size_t>(1, items.size() / 2);;) {
    bool shorter = false;
    for (size_t from = 0; from < items.size();) {
      std::vector<T> rest(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(from));
      const size_t after = std::min(items.size(), from + chunk);
      rest.insert(rest.end(), items.begin() + static_cast<std::ptrdiff_t>(after), items.end());
      if (fails(rest)) {
        items = std::move(rest);
        shorter = true;
      } else {
        from += chunk;
      }
    }
    if (chunk == 1 && !shorter) return items;
    chunk = std::max<size_t>(1, chunk / 2);
  }
}

}  // namespace cohort
