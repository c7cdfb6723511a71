#include "libs/model/row_classes.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <limits>

#include "libs/base/logging.h"
#include "libs/model/products.h"
#include "libs/model/torch_types.h"

namespace cohort {
namespace {

constexpr int64_t kCandidates[] = {16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024};
constexpr int64_t kOutputs = 1'000'000;  // compared per candidate, at least
constexpr int64_t kAlways = 64;          // one count alone agrees with itself
constexpr int64_t kSmall = 64;           // a ladder should reach down to this for decode
constexpr int64_t kLarge = 256;          // and up to this for training
constexpr int64_t kBlockCost = 24;       // reading the weights once more, in rows

// All whole blocks of `count` rows; rows behind the last whole block are left out.
at::Tensor InBlocks(const at::Tensor& x, const at::Tensor& w, int64_t count) {
  const int64_t rows = x.size(0) / count * count;
  at::Tensor y = at::empty({rows, w.size(0)}, x.options());
  for (int64_t first = 0; first < rows; first += count) {
    at::Tensor block = y.narrow(0, first, count);
    ProductInto(block, x.narrow(0, first, count), w.t());
  }
  return y;
}

// The same bits at another place of the block, beside other rows?
bool IgnoresPlaces(const at::Tensor& x, const at::Tensor& y, const at::Tensor& w, int64_t count) {
  const at::Tensor turned = x.narrow(0, 0, count).flip(0).contiguous();
  return at::equal(InBlocks(turned, w, count).flip(0), y.narrow(0, 0, count));
}

struct RowClass {
  std::vector<int64_t> counts;
  at::Tensor outputs;  // of the first count
};

bool Agrees(const at::Tensor& a, const at::Tensor& b) {
  const int64_t rows = std::min(a.size(0), b.size(0));
  return at::equal(a.narrow(0, 0, rows), b.narrow(0, 0, rows));
}

// Classes that serve decode and training come first, then those of more counts, then smaller ones.
bool Better(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  const auto serves = [](const std::vector<int64_t>& counts) {
    return counts.front() <= kSmall && counts.back() >= kLarge;
  };
  if (serves(a) != serves(b)) return serves(a);
  if (!serves(a)) {
    const auto always = [](const std::vector<int64_t>& counts) {
      return std::find(counts.begin(), counts.end(), kAlways) != counts.end();
    };
    if (always(a) != always(b)) return always(a);
  }
  if (a.size() != b.size()) return a.size() > b.size();
  return a.front() < b.front();
}

struct Plan {
  int64_t cost = 0;
  std::vector<int64_t> blocks;
};

Plan BestPlan(const std::vector<int64_t>& counts, int64_t rows) {
  Plan best;
  if (rows <= 0) return best;
  best.cost = std::numeric_limits<int64_t>::max();
  const auto above = std::lower_bound(counts.begin(), counts.end(), rows);
  if (above != counts.end()) best = {*above + kBlockCost, {*above}};
  if (above != counts.begin() && (above == counts.end() || *above != rows)) {
    const int64_t below = *std::prev(above);
    Plan rest = BestPlan(counts, rows - below);
    if (rest.cost + below + kBlockCost < best.cost) {
      rest.blocks.insert(rest.blocks.begin(), below);
      best = {rest.cost + below + kBlockCost, std::move(rest.blocks)};
    }
  }
  return best;
}

}  // namespace

std::vector<int64_t> RowLadder::Split(int64_t rows) const {
  std::vector<int64_t> blocks;
  for (; rows > 2 * counts.back(); rows -= counts.back()) blocks.push_back(counts.back());
  const Plan rest = BestPlan(counts, rows);
  blocks.insert(blocks.end(), rest.blocks.begin(), rest.blocks.end());
  return blocks;
}

std::string RowLadder::ToString() const {
  std::string text;
  for (int64_t count : counts) text += (text.empty() ? "" : " ") + std::to_string(count);
  return text;
}

RowLadder FindRowLadder(int64_t outputs, int64_t inputs, DType dtype) {
  const at::NoGradGuard no_grad;
  const int64_t rows = std::max(*std::rbegin(kCandidates), (kOutputs + outputs - 1) / outputs);
  auto generator = at::detail::createCPUGenerator(/*seed_val=*/20250607);
  const auto options = at::TensorOptions().dtype(at::kFloat);
  const at::Tensor x = at::randn({rows, inputs}, generator, options).to(ToScalarType(dtype));
  const at::Tensor w =
      (at::randn({outputs, inputs}, generator, options) * 0.05).to(ToScalarType(dtype));
  std::vector<RowClass> classes;
  for (int64_t count : kCandidates) {
    const at::Tensor y = InBlocks(x, w, count);
    if (!IgnoresPlaces(x, y, w, count)) continue;
    const auto known = std::find_if(classes.begin(), classes.end(),
                                    [&](const RowClass& c) { return Agrees(c.outputs, y); });
    if (known != classes.end()) {
      known->counts.push_back(count);
    } else {
      classes.push_back({{count}, y});
    }
  }
  if (classes.empty()) return {{kAlways}, /*same_bits=*/false};
  const auto best = std::min_element(
      classes.begin(), classes.end(),
      [](const RowClass& a, const RowClass& b) { return Better(a.counts, b.counts); });
  return {best->counts, /*same_bits=*/true};
}

LinearLadders FindLinearLadders(const ModelConfig& config, DType dtype) {
  const int64_t query_width = config.heads * config.head_dim;
  const int64_t key_width = config.kv_heads * config.head_dim;
  LinearLadders ladders;
  ladders.qkv = FindRowLadder(query_width + 2 * key_width, config.hidden_size, dtype);
  ladders.output = FindRowLadder(config.hidden_size, query_width, dtype);
  ladders.gate_up = FindRowLadder(2 * config.intermediate_size, config.hidden_size, dtype);
  ladders.down = FindRowLadder(config.hidden_size, config.intermediate_size, dtype);
  if (!ladders.same_bits()) {
    LogWarning(
        "no row count gives this model's products the same bits at every place of a block: "
        "actor and learner will differ",
        {{"dtype", DTypeName(dtype)}});
  }
  LogDebug("row classes", {{"dtype", DTypeName(dtype)},
                           {"qkv", ladders.qkv.ToString()},
                           {"output", ladders.output.ToString()},
                           {"gate_up", ladders.gate_up.ToString()},
                           {"down", ladders.down.ToString()}});
  return ladders;
}

at::Tensor BlockedLinear(const at::Tensor& x, const at::Tensor& w, const RowLadder& ladder) {
  const at::NoGradGuard no_grad;
  const int64_t rows = x.size(0);
  at::Tensor y = at::empty({rows, w.size(0)}, x.options());
  const at::Tensor transposed = w.t();
  int64_t first = 0;
  for (int64_t count : ladder.Split(rows)) {
    if (first + count <= rows) {
      at::Tensor block = y.narrow(0, first, count);
      ProductInto(block, x.narrow(0, first, count), transposed);
    } else {
      const int64_t left = rows - first;
      at::Tensor padded = at::empty({count, x.size(1)}, x.options());
      padded.narrow(0, 0, left).copy_(x.narrow(0, first, left));
      padded.narrow(0, left, count - left).zero_();
      y.narrow(0, first, left).copy_(Product(padded, transposed).narrow(0, 0, left));
    }
    first += count;
  }
  return y;
}

}  // namespace cohort
