// Files, whole. Messages name the path. Thread-safe.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

Result<std::string> ReadFile(const std::filesystem::path& path);

// Appears whole or not at all: written beside, synced, renamed.
Status WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes);

// Syncs a directory, so that a rename inside it survives a power cut.
Status SyncDirectory(const std::filesystem::path& path);

Status MakeDirectories(const std::filesystem::path& path);

}  // namespace cohort
