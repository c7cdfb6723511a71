// The segments of a journal as one fuzz input (journal_segments.cc has its form), and back.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cohort {

// By the names of their files.
std::map<std::string, std::string_view> SplitSegments(std::string_view input, bool& verify);
// `segments` are numbered from 1, and the key of each is its number.
std::string JoinSegments(const std::vector<std::string>& segments, bool verify);

}  // namespace cohort
