// What an answer wants changed in a tree of sources.
//
// A patch is read from one of three forms (read_patch.h) and applied to texts here: all of it or
// nothing, exactly, with no fuzz. Nothing is written: what comes out are the files that are
// different then. Changes of one file follow each other. Pure; time is bounded by what it is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

// More than this no answer needs.
inline constexpr size_t kMostPatchBytes = 1 << 20;
inline constexpr size_t kMostPatchFiles = 200;

// A piece of a unified diff: these lines become those. Lines end with their line break, but for the
// last one of a file that ends without.
struct Hunk {
  size_t old_line = 0;  // where the old lines stood in the author's file, from 1; a hint
  std::vector<std::string> old_lines;
  std::vector<std::string> new_lines;
};

// These whole lines, which must be there exactly once, become those.
struct Replacement {
  std::string search;  // empty: the file is made, and must not be there
  std::string replace;
};

// What happens to one file. One of hunks, replacements and whole is used.
struct FileChange {
  std::string from;  // what is read; empty: the file is new
  std::string to;    // what is written; empty: the file is removed
  std::vector<Hunk> hunks;
  std::vector<Replacement> replacements;
  std::optional<std::string> whole;  // the new text, whether the file is there or not
};

using Patch = std::vector<FileChange>;

// The files that are different: their new text, or nothing for those that are gone.
using ChangedFiles = std::map<std::string, std::optional<std::string>>;

// What lies at a path of a tree.
enum class TreeEntry : uint8_t { kNone, kFile, kFolder };

// A file's text; nothing where there is no file.
using FileReader = std::function<Result<std::optional<std::string>>(const std::string& path)>;

// InvalidArgument where it does not apply: names the file and what is not there. ResourceExhausted
// where finding its places would cost too much. A patch that changes nothing is a patch.
Result<ChangedFiles> ApplyPatch(const Patch& patch, const FileReader& read);

// A text's lines with their line breaks.
std::vector<std::string> SplitLines(const std::string& text);

}  // namespace cohort
