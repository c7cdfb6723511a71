#include "reward_workers/swe/patch_similarity.h"

#include <algorithm>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "libs/scoring/sequence_matcher.h"

namespace cohort {
namespace {

constexpr size_t kContext = 3;
constexpr uint64_t kMostSteps = 200'000'000;  // some tenths of a second

using Lines = std::vector<std::string>;
using Symbols = std::vector<uint32_t>;

Status TooMuch() {
  return ResourceExhausted("the patches are too long to be compared in reasonable time");
}

// Without line breaks: what the file ends with does not matter.
Lines LinesOf(const std::optional<std::string>& text) {
  Lines lines = SplitLines(text.value_or(""));
  for (std::string& line : lines) {
    if (line.ends_with('\n')) line.pop_back();
    if (line.ends_with('\r')) line.pop_back();
  }
  return lines;
}

Symbols SymbolsOf(const Lines& lines, std::unordered_map<std::string, uint32_t>& numbers) {
  Symbols symbols;
  for (const std::string& line : lines) {
    symbols.push_back(numbers.emplace(line, numbers.size()).first->second);
  }
  return symbols;
}

Symbols BytesOf(const std::string& text) {
  Symbols symbols;
  for (const char c : text) symbols.push_back(static_cast<unsigned char>(c));
  return symbols;
}

std::string Range(size_t begin, size_t size) {
  if (size == 1) return std::to_string(begin + 1);
  return std::to_string(size == 0 ? begin : begin + 1) + "," + std::to_string(size);
}

// Pieces of a and b between which lines differ: [a, a_end) became [b, b_end).
struct Change {
  size_t a, a_end, b, b_end;
};

// The unified diff of two texts without the two lines that name the files.
Result<std::string> Diff(const Lines& a, const Lines& b) {
  std::unordered_map<std::string, uint32_t> numbers;
  const Symbols a_symbols = SymbolsOf(a, numbers);
  const Symbols b_symbols = SymbolsOf(b, numbers);
  auto blocks = MatchingBlocks(a_symbols, b_symbols, /*popular=*/true, kMostSteps);
  if (!blocks) return TooMuch();
  blocks->push_back({a.size(), b.size(), 0});
  std::vector<Change> changes;
  size_t a_at = 0, b_at = 0;
  for (const MatchingBlock& block : *blocks) {
    if (block.a > a_at || block.b > b_at) changes.push_back({a_at, block.a, b_at, block.b});
    a_at = block.a + block.size;
    b_at = block.b + block.size;
  }
  std::string diff;
  const auto add = [&](char mark, const std::string& line) {
    diff += mark;
    diff += line;
    diff += '\n';
  };
  for (size_t first = 0; first < changes.size();) {
    size_t last = first;  // changes with little between them are one hunk
    while (last + 1 < changes.size() && changes[last + 1].a - changes[last].a_end <= 2 * kContext) {
      ++last;
    }
    const size_t before = std::min(kContext, changes[first].a);
    const size_t behind = std::min(kContext, a.size() - changes[last].a_end);
    const size_t a_begin = changes[first].a - before;
    const size_t b_begin = changes[first].b - before;
    diff += "@@ -" + Range(a_begin, changes[last].a_end + behind - a_begin) + " +" +
            Range(b_begin, changes[last].b_end + behind - b_begin) + " @@\n";
    size_t at = a_begin;
    for (; first <= last; ++first) {
      for (; at < changes[first].a; ++at) add(' ', a[at]);
      for (; at < changes[first].a_end; ++at) add('-', a[at]);
      for (size_t i = changes[first].b; i < changes[first].b_end; ++i) add('+', b[i]);
    }
    for (size_t i = 0; i < behind; ++i) add(' ', a[at++]);
  }
  if (!diff.empty()) diff.pop_back();
  return diff;
}

}  // namespace

Result<double> PatchSimilarity(const ChangedFiles& predicted, const ChangedFiles& reference,
                               const FileReader& read) {
  std::set<std::string> paths;
  for (const auto* files : {&predicted, &reference}) {
    for (const auto& [path, text] : *files) paths.insert(path);
  }
  if (paths.empty()) return 1.0;
  double sum = 0;
  for (const std::string& path : paths) {
    const auto mine = predicted.find(path);
    const auto theirs = reference.find(path);
    if (mine == predicted.end() || theirs == reference.end()) continue;
    COHORT_ASSIGN_OR_RETURN(const std::optional<std::string> old, read(path));
    const Lines before = LinesOf(old);
    COHORT_ASSIGN_OR_RETURN(const std::string a, Diff(before, LinesOf(mine->second)));
    COHORT_ASSIGN_OR_RETURN(const std::string b, Diff(before, LinesOf(theirs->second)));
    const auto blocks = MatchingBlocks(BytesOf(a), BytesOf(b), /*popular=*/false, kMostSteps);
    if (!blocks) return TooMuch();
    sum += MatchRatio(*blocks, a.size(), b.size());
  }
  return sum / static_cast<double>(paths.size());
}

}  // namespace cohort
