#include "reward_workers/code/code_block.h"

#include <algorithm>
#include <cctype>

namespace cohort {
namespace {

// A line that opens or closes a block: so many of `mark`, then what it says.
struct Fence {
  char mark = 0;  // 0: no fence
  size_t length = 0;
  std::string_view says;  // without white space around
};

std::string_view Trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

Fence FenceOf(std::string_view line) {
  const size_t indent = std::min(line.find_first_not_of(' '), line.size());
  line.remove_prefix(indent);
  if (indent > 3 || line.empty() || (line[0] != '`' && line[0] != '~')) return {};
  const size_t length = std::min(line.find_first_not_of(line[0]), line.size());
  if (length < 3) return {};
  const std::string_view says = Trim(line.substr(length));
  if (line[0] == '`' && says.find('`') != std::string_view::npos) return {};  // code within a line
  return {line[0], length, says};
}

bool Equal(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

}  // namespace

std::vector<FencedBlock> FencedBlocks(std::string_view text) {
  std::vector<FencedBlock> blocks;
  Fence open;
  FencedBlock block;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const Fence fence = FenceOf(text.substr(at, end - at));
    if (fence.mark != 0 && open.mark == 0) {
      open = fence;
      block = {fence.says, text.substr(std::min(end + 1, text.size())), at};
    } else if (fence.mark != 0 && fence.mark == open.mark && fence.length >= open.length &&
               fence.says.empty()) {
      block.text = block.text.substr(0, at - static_cast<size_t>(block.text.data() - text.data()));
      blocks.push_back(block);
      open = {};
    }
    at = end + 1;
  }
  return blocks;
}

std::optional<std::string_view> LastCodeBlock(std::string_view text,
                                              std::span<const std::string_view> languages) {
  std::optional<std::string_view> named;
  std::optional<std::string_view> unnamed;
  for (const FencedBlock& block : FencedBlocks(text)) {
    const std::string_view language = block.says.substr(0, block.says.find_first_of(" \t{"));
    if (language.empty()) unnamed = block.text;
    if (std::ranges::any_of(languages, [&](auto name) { return Equal(language, name); })) {
      named = block.text;
    }
  }
  return named ? named : unnamed;
}

}  // namespace cohort
