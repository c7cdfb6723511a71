// Trees of files for boxes to change, and whether one is still what it was.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>

namespace cohort {

// Of each path: its kind, mode, owner, links, times, and what it holds. Equal: bit for bit the
// same.
std::map<std::string, std::string> TreeState(const std::filesystem::path& root);

// Makes the folder and all below it this user's.
void GiveTree(const std::filesystem::path& root, uid_t owner);

// Writes a file and the folders on its way.
void Plant(const std::filesystem::path& path, const std::string& bytes);

}  // namespace cohort
