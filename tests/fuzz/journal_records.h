// Records of a journal as one fuzz input, and back.
//
// Each record is eight bytes (the sizes of its head and of its bodies, 16 bits each, and 32 bits
// that are skipped), the head, the bodies, zeros up to a multiple of 8. What the input lacks is
// cut.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/journal/record.h"

namespace cohort {

struct SplitRecord {
  std::string_view head;
  std::string_view bodies;
};

std::vector<SplitRecord> SplitRecords(std::string_view input, size_t most);
std::string JoinRecords(const std::vector<JournalRecord>& records);
std::string BodiesOf(const JournalRecord& record);

}  // namespace cohort
