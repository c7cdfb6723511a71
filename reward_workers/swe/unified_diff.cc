#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/scoring/verdict.h"
#include "reward_workers/swe/log_text.h"
#include "reward_workers/swe/read_patch.h"

namespace cohort {
namespace {

std::optional<size_t> TakeNumber(std::string_view& text) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number > 100'000'000) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

struct HunkHead {
  size_t old_line = 0;
  size_t old_count = 1;
  size_t new_count = 1;
};

// "@@ -1,2 +3,4 @@ …"
std::optional<HunkHead> ReadHunkHead(std::string_view line) {
  HunkHead head;
  const auto range = [&](size_t& first, size_t& count) {
    const std::optional<size_t> start = TakeNumber(line);
    if (!start) return false;
    first = *start;
    if (!Take(line, ",")) return true;
    const std::optional<size_t> length = TakeNumber(line);
    if (length) count = *length;
    return length.has_value();
  };
  size_t new_line = 0;
  if (!Take(line, "@@ -") || !range(head.old_line, head.old_count) || !Take(line, " +") ||
      !range(new_line, head.new_count) || !Take(line, " @@")) {
    return std::nullopt;
  }
  return head;
}

// "a/x/y" of ---, "b/x/y" of +++; a time behind a tab is not part of it. Empty: /dev/null.
std::string NameOf(std::string_view text, std::string_view side) {
  text = text.substr(0, text.find('\t'));
  while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  if (text == "/dev/null") return "";
  if (!Take(text, side)) Take(text, "./");
  return std::string(text);
}

bool IsHunkLine(std::string_view line) {
  return line.empty() || line[0] == ' ' || line[0] == '+' || line[0] == '-' || line[0] == '\\';
}

// A file's part of the diff, as far as it is read.
struct Section {
  std::string from, to;  // of --- and +++, and of renames
  std::string git_name;  // of "diff --git a/x b/x": for changes without --- and +++
  bool names = false;    // from and to are known
  bool created = false, removed = false, copied = false;
  std::vector<Hunk> hunks;
};

class DiffReader {
 public:
  explicit DiffReader(std::string_view text) {
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      lines_.push_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  Result<Patch> Read() {
    while (at_ < lines_.size()) COHORT_RETURN_IF_ERROR(TakeLine(lines_[at_++]));
    COHORT_RETURN_IF_ERROR(EndSection());
    if (patch_.empty()) return NotFound("there is no change in the diff");
    return std::move(patch_);
  }

 private:
  Status TakeLine(std::string_view line) {
    if (Take(line, "diff --git ")) {
      COHORT_RETURN_IF_ERROR(EndSection());
      section_.emplace();
      // "a/x b/x", both the same where no other line says more.
      const size_t half = line.size() / 2;
      if (line.size() % 2 == 1 && line.starts_with("a/") && line[half] == ' ' &&
          line.substr(2, half - 2) == line.substr(half + 3)) {
        section_->git_name = line.substr(2, half - 2);
      }
      return {};
    }
    if (line.starts_with("--- ") && at_ < lines_.size() && lines_[at_].starts_with("+++ ")) {
      if (section_ && section_->names && !section_->hunks.empty()) {
        COHORT_RETURN_IF_ERROR(EndSection());
      }
      if (!section_) section_.emplace();
      section_->from = NameOf(line.substr(4), "a/");
      section_->to = NameOf(lines_[at_++].substr(4), "b/");
      section_->names = true;
      return {};
    }
    if (line.starts_with("@@")) {
      std::optional<HunkHead> head = ReadHunkHead(line);
      if (!head) head.emplace(HunkHead{1, 0, 0});  // "@@": its lines say where it belongs
      if (!section_ || !section_->names) {
        return InvalidArgument("the diff has a hunk that belongs to no file: " + Quoted(line));
      }
      return TakeHunk(*head);
    }
    return section_ ? TakeHeader(line) : Status();
  }

  // git's lines between "diff --git" and the hunks.
  Status TakeHeader(std::string_view line) {
    Section& section = *section_;
    if (line.starts_with("GIT binary patch") || line.starts_with("Binary files ")) {
      return PermissionDenied("the patch has a binary file");
    }
    if (line.starts_with("old mode ") || line.starts_with("new mode ")) {
      return PermissionDenied("the patch changes a file's mode");
    }
    if (Take(line, "new file mode ")) {
      section.created = true;
      return CheckMode(line);
    }
    if (Take(line, "deleted file mode ")) {
      section.removed = true;
      return CheckMode(line);
    }
    if (line.starts_with("index ")) {  // "index 12..34 120000"
      const size_t mode = line.rfind(' ');
      return mode == 5 ? Status() : CheckMode(line.substr(mode + 1));
    }
    if (Take(line, "rename from ")) section.from = line;
    if (Take(line, "rename to ")) {
      section.to = line;
      section.names = true;
    }
    if (line.starts_with("copy from ")) return PermissionDenied("the patch copies a file");
    return {};
  }

  static Status CheckMode(std::string_view mode) {
    if (mode == "100644" || mode == "100755") return {};
    if (mode == "120000") return PermissionDenied("the patch has a symbolic link");
    if (mode == "160000") return PermissionDenied("the patch has a submodule");
    return PermissionDenied("the patch has a file of mode " + Quoted(mode));
  }

  Status TakeHunk(const HunkHead& head) {
    const size_t begin = at_;
    size_t end = Counted(head);
    const bool goes_on = end < lines_.size() && !lines_[end].empty() &&
                         (lines_[end][0] == ' ' || lines_[end][0] == '+' ||
                          (lines_[end][0] == '-' && !StartsFile(end) && lines_[end] != "-- "));
    if (end == 0 || goes_on) end = Uncounted();
    Hunk hunk;
    hunk.old_line = head.old_line;
    for (at_ = begin; at_ < end; ++at_) {
      const std::string_view line = lines_[at_];
      if (line.starts_with('\\')) {  // "\ No newline at end of file": of the line before
        if (at_ == begin) continue;
        const char kind = lines_[at_ - 1].empty() ? ' ' : lines_[at_ - 1][0];
        if (kind != '+' && !hunk.old_lines.empty()) CutLineBreak(hunk.old_lines.back());
        if (kind != '-' && !hunk.new_lines.empty()) CutLineBreak(hunk.new_lines.back());
        continue;
      }
      const std::string text = std::string(line.substr(std::min<size_t>(1, line.size()))) + "\n";
      if (line.empty() || line[0] != '+') hunk.old_lines.push_back(text);
      if (line.empty() || line[0] != '-') hunk.new_lines.push_back(text);
    }
    if (hunk.old_lines.empty() && hunk.new_lines.empty()) {
      return InvalidArgument("the diff has a hunk without lines");
    }
    section_->hunks.push_back(std::move(hunk));
    return {};
  }

  static void CutLineBreak(std::string& line) {
    if (line.ends_with('\n')) line.pop_back();
  }

  // Where a hunk ends by its own counts; 0 where its lines do not agree with them.
  size_t Counted(const HunkHead& head) const {
    size_t old_left = head.old_count;
    size_t new_left = head.new_count;
    size_t end = at_;
    while (old_left > 0 || new_left > 0) {
      if (end == lines_.size() || !IsHunkLine(lines_[end])) return 0;
      const char kind = lines_[end].empty() ? ' ' : lines_[end][0];
      ++end;
      if (kind == '\\') continue;
      if ((kind != '+' && old_left == 0) || (kind != '-' && new_left == 0)) return 0;
      if (kind != '+') --old_left;
      if (kind != '-') --new_left;
    }
    while (end < lines_.size() && lines_[end].starts_with('\\')) ++end;
    return end;
  }

  // Where it ends by what its lines look like. Empty ones behind it belong to nobody.
  size_t Uncounted() const {
    size_t end = at_;
    while (end < lines_.size() && IsHunkLine(lines_[end]) && !StartsFile(end)) ++end;
    while (end > at_ && lines_[end - 1].empty()) --end;
    return end;
  }

  bool StartsFile(size_t line) const {
    return lines_[line].starts_with("--- ") && line + 1 < lines_.size() &&
           lines_[line + 1].starts_with("+++ ");
  }

  Status EndSection() {
    if (!section_) return {};
    Section section = *std::exchange(section_, std::nullopt);
    if (!section.names) {
      section.from = section.to = section.git_name;
      if (section.git_name.empty()) return InvalidArgument("the diff has a part without a file");
    }
    if (section.created) section.from.clear();
    if (section.removed) section.to.clear();
    for (const std::string& path : {section.from, section.to}) {
      if (!path.empty()) COHORT_RETURN_IF_ERROR(CheckPatchPath(path));
    }
    if (section.from.empty() && section.to.empty()) {
      return InvalidArgument("the diff has a part without a file");
    }
    FileChange change;
    change.from = std::move(section.from);
    change.to = std::move(section.to);
    change.hunks = std::move(section.hunks);
    patch_.push_back(std::move(change));
    if (patch_.size() > kMostPatchFiles) {
      return PermissionDenied("the patch changes more than " + std::to_string(kMostPatchFiles) +
                              " files");
    }
    return {};
  }

  std::vector<std::string_view> lines_;
  size_t at_ = 0;
  std::optional<Section> section_;
  Patch patch_;
};

}  // namespace

Result<Patch> ReadUnifiedDiff(std::string_view diff) { return DiffReader(diff).Read(); }

}  // namespace cohort
