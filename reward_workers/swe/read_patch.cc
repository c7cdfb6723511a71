#include "reward_workers/swe/read_patch.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/scoring/thinking.h"
#include "libs/scoring/verdict.h"
#include "reward_workers/code/code_block.h"

namespace cohort {
namespace {

constexpr std::string_view kSearch = "<<<<<<< SEARCH";
constexpr std::string_view kDivider = "=======";
constexpr std::string_view kReplace = ">>>>>>> REPLACE";

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view WithoutEnd(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) {
    line.remove_suffix(1);
  }
  return line;
}

bool IsFence(std::string_view line) {
  line = Trimmed(line);
  return line.starts_with("```") || line.starts_with("~~~");
}

// The file that a line names: "### a/b.py", "`a/b.py`:", "**a/b.py**", "a/b.py".
std::string NamedFile(std::string_view line) {
  line = Trimmed(line);
  while (!line.empty() && (line.front() == '#' || line.front() == '`' || line.front() == '*' ||
                           line.front() == ' ')) {
    line.remove_prefix(1);
  }
  while (!line.empty() &&
         (line.back() == ':' || line.back() == '`' || line.back() == '*' || line.back() == ' ')) {
    line.remove_suffix(1);
  }
  // "File: a/b.py", "1. a/b.py (fixed)": the word that looks like a file.
  if (line.find(' ') != std::string_view::npos) {
    for (std::string_view rest = line; !rest.empty();) {
      const size_t end = std::min(rest.find(' '), rest.size());
      std::string_view word = rest.substr(0, end);
      while (!word.empty() && (word.front() == '`' || word.front() == '*')) word.remove_prefix(1);
      while (!word.empty() && (word.back() == '`' || word.back() == '*' || word.back() == ':')) {
        word.remove_suffix(1);
      }
      const size_t dot = word.find_first_of("./");
      if (dot != std::string_view::npos && dot + 1 < word.size()) {
        line = word;
        break;
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  if (line.starts_with("./")) line.remove_prefix(2);
  return std::string(line);
}

bool HasLine(std::string_view text, std::string_view wanted) {
  for (size_t at = text.find(wanted); at != std::string_view::npos;
       at = text.find(wanted, at + 1)) {
    const std::string_view behind = text.substr(at + wanted.size());
    const bool begins = at == 0 || text[at - 1] == '\n';
    if (begins && Trimmed(behind.substr(0, behind.find('\n'))).empty()) return true;
  }
  return false;
}

// The changes of one file belong together, in their order.
FileChange& ChangeOf(Patch& patch, const std::string& path) {
  const auto found = std::find_if(patch.begin(), patch.end(),
                                  [&](const FileChange& change) { return change.to == path; });
  if (found != patch.end()) return *found;
  FileChange change;
  change.from = change.to = path;
  patch.push_back(std::move(change));
  return patch.back();
}

std::string Joined(const std::vector<std::string_view>& lines, size_t begin, size_t end) {
  std::string text;
  for (size_t i = begin; i < end; ++i) {
    text += lines[i];
    text += '\n';
  }
  return text;
}

Result<Patch> ReadSearchReplace(std::string_view answer) {
  const std::vector<std::string_view> lines = Lines(answer);
  const auto find = [&](std::string_view mark, size_t from) {
    while (from < lines.size() && WithoutEnd(lines[from]) != mark) ++from;
    return from;
  };
  Patch patch;
  std::string path;
  size_t behind = 0;  // the last block
  for (size_t search = find(kSearch, 0); search < lines.size(); search = find(kSearch, behind)) {
    // Its file is named on the last line before it that says something; else it is the one before.
    for (size_t at = search; at > behind; --at) {
      if (Trimmed(lines[at - 1]).empty() || IsFence(lines[at - 1])) continue;
      path = NamedFile(lines[at - 1]);
      break;
    }
    const size_t divider = find(kDivider, search);
    const size_t end = find(kReplace, divider);
    if (divider >= lines.size() || end >= lines.size()) {
      return InvalidArgument("a search/replace block is not complete");
    }
    if (path.empty()) return InvalidArgument("a search/replace block does not say its file");
    COHORT_RETURN_IF_ERROR(CheckPatchPath(path));
    FileChange& change = ChangeOf(patch, path);
    if (patch.size() > kMostPatchFiles) break;  // said by ReadPatch
    Replacement replacement{Joined(lines, search + 1, divider), Joined(lines, divider + 1, end)};
    if (replacement.search.empty()) {
      if (!change.replacements.empty()) {
        return InvalidArgument(path +
                               ": a block without a search makes a file, and is the only one");
      }
      change.from.clear();
    } else if (change.from.empty()) {
      return InvalidArgument(path + ": is made by one block and changed by another");
    }
    change.replacements.push_back(std::move(replacement));
    behind = end + 1;
  }
  return patch;
}

bool LooksLikeDiff(std::string_view text) {
  if (text.starts_with("diff --git ") || text.find("\ndiff --git ") != std::string_view::npos) {
    return true;
  }
  const size_t old_name = text.starts_with("--- ") ? 0 : text.find("\n--- ");
  return old_name != std::string_view::npos && text.find("\n+++ ", old_name) != text.npos;
}

// The diffs of an answer, one behind the other; empty: there is none.
std::string Diffs(std::string_view answer) {
  std::string fenced;
  std::set<std::string_view> seen;  // said again is said once
  for (const FencedBlock& block : FencedBlocks(answer)) {
    const std::string_view says = block.says.substr(0, block.says.find_first_of(" \t{"));
    if (says != "diff" && says != "patch" && !LooksLikeDiff(block.text)) continue;
    if (seen.insert(block.text).second) fenced += block.text;
  }
  if (!fenced.empty()) return fenced;
  const bool in_fence = answer.find("```") != std::string_view::npos;
  return !in_fence && LooksLikeDiff(answer) ? std::string(answer) : "";
}

Result<Patch> ReadWholeFiles(std::string_view answer) {
  Patch patch;
  for (const FencedBlock& block : FencedBlocks(answer)) {
    std::string_view before = answer.substr(0, block.begin);
    before.remove_suffix(before.size() -
                         std::min(before.find_last_not_of(" \t\r\n") + 1, before.size()));
    before = before.substr(before.rfind('\n') + 1);
    if (!before.starts_with("### ")) continue;
    const std::string path = NamedFile(before);
    COHORT_RETURN_IF_ERROR(CheckPatchPath(path));
    FileChange& change = ChangeOf(patch, path);
    if (change.whole) return InvalidArgument(path + " is given twice");
    change.whole = block.text;
    if (patch.size() > kMostPatchFiles) break;
  }
  return patch;
}

}  // namespace

Result<Patch> ReadPatch(std::string_view answer) {
  Result<Patch> patch = NotFound("there is no patch in " + Quoted(answer));
  std::string diffs;
  if (HasLine(answer, kSearch)) {
    patch = ReadSearchReplace(answer);
  } else if (diffs = Diffs(answer); !diffs.empty()) {
    if (diffs.size() <= kMostPatchBytes) patch = ReadUnifiedDiff(diffs);
  } else {
    patch = ReadWholeFiles(answer);
  }
  if (answer.size() > kMostPatchBytes || diffs.size() > kMostPatchBytes) {
    return PermissionDenied("the patch is longer than 1 MiB");
  }
  if (patch.ok() && patch->size() > kMostPatchFiles) {
    return PermissionDenied("the patch changes more than " + std::to_string(kMostPatchFiles) +
                            " files");
  }
  if (patch.ok() && patch->empty()) return NotFound("there is no patch in " + Quoted(answer));
  return patch;
}

}  // namespace cohort
