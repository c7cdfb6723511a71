#include "reward_workers/swe/patch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "libs/scoring/verdict.h"

namespace cohort {
namespace {

constexpr size_t kMostComparisons = 50'000'000;  // of lines, for one patch

using Lines = std::vector<std::string>;

class Applier {
 public:
  explicit Applier(const FileReader& read) : read_(read) {}

  Status Apply(const FileChange& change) {
    std::optional<std::string> old;
    if (!change.from.empty()) {
      COHORT_ASSIGN_OR_RETURN(old, Now(change.from));
      if (!old && !change.whole) return InvalidArgument("there is no file " + change.from);
    }
    if (change.to != change.from && !change.to.empty()) {
      COHORT_ASSIGN_OR_RETURN(const std::optional<std::string> there, Now(change.to));
      if (there) return InvalidArgument(change.to + " is there already");
    }
    std::string text = old.value_or("");
    if (change.whole) {
      text = *change.whole;
    } else if (!change.replacements.empty()) {
      COHORT_RETURN_IF_ERROR(Replace(change, text));
    } else {
      COHORT_RETURN_IF_ERROR(ApplyHunks(change, text));
    }
    if (change.to.empty() && !text.empty()) {
      return InvalidArgument(change.from + " is to be removed, but has other lines too");
    }
    if (!change.from.empty() && change.from != change.to) changed_[change.from] = std::nullopt;
    if (!change.to.empty()) changed_[change.to] = std::move(text);
    return {};
  }

  // What is different from the tree.
  Result<ChangedFiles> Take() {
    for (auto it = changed_.begin(); it != changed_.end();) {
      COHORT_ASSIGN_OR_RETURN(const std::optional<std::string> before, read_(it->first));
      it = before == it->second ? changed_.erase(it) : std::next(it);
    }
    return std::move(changed_);
  }

 private:
  // A file as the changes so far leave it.
  Result<std::optional<std::string>> Now(const std::string& path) const {
    const auto found = changed_.find(path);
    if (found != changed_.end()) return found->second;
    return read_(path);
  }

  Status Spend(size_t bytes) {
    comparisons_ += 1 + bytes / 64;
    if (comparisons_ <= kMostComparisons) return {};
    return ResourceExhausted("the patch's places cannot be found in reasonable time");
  }

  Status ApplyHunks(const FileChange& change, std::string& text) {
    COHORT_RETURN_IF_ERROR(Spend(text.size()));
    const Lines old = SplitLines(text);
    std::string made;
    size_t done = 0;  // lines of `old` that are dealt with
    long shift = 0;   // by how much the last hunk stood elsewhere than it said
    for (const Hunk& hunk : change.hunks) {
      COHORT_ASSIGN_OR_RETURN(const size_t at, Find(change, hunk, old, done, shift));
      for (; done < at; ++done) made += old[done];
      for (const std::string& line : hunk.new_lines) made += line;
      done = at + hunk.old_lines.size();
    }
    for (; done < old.size(); ++done) made += old[done];
    text = std::move(made);
    return {};
  }

  // The place at or behind `from` that is nearest to where the hunk says.
  Result<size_t> Find(const FileChange& change, const Hunk& hunk, const Lines& old, size_t from,
                      long& shift) {
    const std::string& name = change.from.empty() ? change.to : change.from;
    const size_t count = hunk.old_lines.size();
    if (count == 0) {  // no lines to go by: behind the line that it names
      const size_t at = std::min(old.size(), hunk.old_line);
      if (at < from) return InvalidArgument(name + ": hunks are not in order");
      return at;
    }
    const auto said = static_cast<long>(hunk.old_line) - 1;
    const auto last = static_cast<long>(old.size()) - static_cast<long>(count);
    const auto first = static_cast<long>(from);
    const long wanted = std::max(first, std::min(last, said + shift));
    for (long away = 0; wanted - away >= first || wanted + away <= last; ++away) {
      for (const long at : {wanted - away, wanted + away}) {
        if (at < first || at > last) continue;
        COHORT_ASSIGN_OR_RETURN(const bool same, Same(hunk.old_lines, old, at));
        if (!same) continue;
        shift = at - said;
        return static_cast<size_t>(at);
      }
    }
    return InvalidArgument(name + " does not have the lines around " + Quoted(Telling(hunk)) +
                           " that the patch expects");
  }

  Result<bool> Same(const Lines& wanted, const Lines& old, long at, bool loose_end = false) {
    for (size_t i = 0; i < wanted.size(); ++i) {
      const std::string& line = old[static_cast<size_t>(at) + i];
      COHORT_RETURN_IF_ERROR(Spend(wanted[i].size()));
      if (wanted[i] == line) continue;
      const bool last = loose_end && static_cast<size_t>(at) + i + 1 == old.size();
      if (!last || wanted[i] != line + "\n") return false;
    }
    return true;
  }

  static std::string Telling(const Hunk& hunk) {
    for (const std::string& line : hunk.old_lines) {
      if (line.find_first_not_of(" \t\r\n") != std::string::npos) return line;
    }
    return hunk.old_lines.front();
  }

  Status Replace(const FileChange& change, std::string& text) {
    for (const Replacement& replacement : change.replacements) {
      if (replacement.search.empty()) {
        text = replacement.replace;
        continue;
      }
      COHORT_RETURN_IF_ERROR(ReplaceLines(change.to, replacement, text));
    }
    return {};
  }

  Status ReplaceLines(const std::string& name, const Replacement& replacement, std::string& text) {
    COHORT_RETURN_IF_ERROR(Spend(text.size()));
    const Lines old = SplitLines(text);
    const Lines wanted = SplitLines(replacement.search);
    std::optional<size_t> found;
    for (size_t at = 0; at + wanted.size() <= old.size(); ++at) {
      COHORT_ASSIGN_OR_RETURN(const bool same,
                              Same(wanted, old, static_cast<long>(at), /*loose_end=*/true));
      if (!same) continue;
      if (found) {
        return InvalidArgument(name + " has " + Quoted(wanted.front()) +
                               " and what follows more than once: search for more lines");
      }
      found = at;
    }
    if (!found) {
      return InvalidArgument(name + " does not have " + Quoted(wanted.front()) +
                             " and what follows");
    }
    std::string made;
    for (size_t i = 0; i < *found; ++i) made += old[i];
    made += replacement.replace;
    const size_t behind = *found + wanted.size();
    for (size_t i = behind; i < old.size(); ++i) made += old[i];
    // The file goes on ending as it did.
    if (behind == old.size() && !old.back().ends_with('\n') && made.ends_with('\n'))
      made.pop_back();
    text = std::move(made);
    return {};
  }

  const FileReader& read_;
  ChangedFiles changed_;
  size_t comparisons_ = 0;
};

}  // namespace

std::vector<std::string> SplitLines(const std::string& text) {
  Lines lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    lines.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return lines;
}

Result<ChangedFiles> ApplyPatch(const Patch& patch, const FileReader& read) {
  if (patch.size() > kMostPatchFiles) {
    return InvalidArgument("the patch changes more than " + std::to_string(kMostPatchFiles) +
                           " files");
  }
  Applier applier(read);
  for (const FileChange& change : patch) COHORT_RETURN_IF_ERROR(applier.Apply(change));
  return applier.Take();
}

}  // namespace cohort
