#include "libs/math/gold_report.h"

#include <utility>

#include "libs/math/judge_math.h"

namespace cohort {
namespace {

constexpr size_t kMostInFull = 5;

// One line of at most 60 bytes, cut between two characters.
std::string Shortened(std::string_view gold) {
  constexpr size_t kMaxBytes = 60;
  size_t length = gold.size();
  if (length > kMaxBytes) {
    length = kMaxBytes;
    while (length > 0 && (static_cast<unsigned char>(gold[length]) & 0xC0) == 0x80) --length;
  }
  std::string shortened(gold.substr(0, length));
  for (char& c : shortened) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
  return length < gold.size() ? shortened + "…" : shortened;
}

}  // namespace

void GoldReport::Check(int64_t line, std::string_view gold) {
  ++checked_;
  const Status readable = CheckMathGold(gold);
  if (readable.ok() || ++unreadable_ > kMostInFull) return;
  first_.push_back(file_ + ":" + std::to_string(line) + ": gold \"" + Shortened(gold) +
                   "\" cannot be read by scorer " + scorer_ + ": " + readable.message());
}

std::vector<std::string> GoldReport::Warnings() const {
  std::vector<std::string> lines = first_;
  if (unreadable_ > 0) {
    lines.push_back(file_ + ": scorer " + scorer_ + " cannot read " + std::to_string(unreadable_) +
                    " of " + std::to_string(checked_) +
                    " golds; their prompts end as gold_invalid and teach nothing");
  }
  return lines;
}

}  // namespace cohort
