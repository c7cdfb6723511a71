// Reads a patch out of an answer, in one of three forms:
//
//   unified diff      in fenced blocks (```diff), or bare; with or without git's headers. What its
//                     hunks say counts, and not how many lines they claim.
//   search/replace    <<<<<<< SEARCH, =======, >>>>>>> REPLACE on lines of their own, below a line
//                     that names the file ("### a/b.py", "`a/b.py`", "a/b.py")
//   whole files       a fenced block below a line that names its file with "### "
//
// An answer has one form: the first of search/replace, diff, whole files that it shows. Pure;
// linear in the answer. What a patch may say is decided here as far as its own text goes; whether
// it may touch these files, patch_rules.h decides.
#pragma once

#include <string_view>

#include "libs/base/status.h"
#include "reward_workers/swe/patch.h"

namespace cohort {

// NotFound: the answer holds no patch. InvalidArgument: it holds one that is broken.
// PermissionDenied: one that asks for what no patch may: links, submodules, modes, binaries, names
// that are no plain relative paths, more than kMostPatchBytes or kMostPatchFiles.
Result<Patch> ReadPatch(std::string_view answer);

// A unified diff alone, without an answer around it. (unified_diff.cc)
Result<Patch> ReadUnifiedDiff(std::string_view diff);

// Whether it names a file that a patch may name: relative, plain names between slashes, no .git,
// no control characters. PermissionDenied says what is wrong. (patch_path.cc)
Status CheckPatchPath(std::string_view path);

}  // namespace cohort
