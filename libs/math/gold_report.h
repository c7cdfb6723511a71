// Tells people which gold answers of a file no math scorer can read: their prompts stay and end as
// gold_invalid, so whoever loads the file should say so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cohort {

class GoldReport {
 public:
  // Where the golds stand and the scorer that reads them, for the words only.
  GoldReport(std::string file, std::string scorer)
      : file_(std::move(file)), scorer_(std::move(scorer)) {}

  void Check(int64_t line, std::string_view gold);

  // One line each: `FILE:LINE: gold "…" cannot be read by scorer NAME: REASON` for the first few,
  // then how many of all there are; nothing when all can be read.
  std::vector<std::string> Warnings() const;

 private:
  std::string file_;
  std::string scorer_;
  size_t checked_ = 0;
  size_t unreadable_ = 0;
  std::vector<std::string> first_;
};

}  // namespace cohort
