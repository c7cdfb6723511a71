#include "broker/journal/journal_state.h"

namespace cohort {

std::vector<std::string> RecoveryReport::Lines() const {
  std::vector<std::string> lines;
  for (const JournalDamage& damage : damages) {
    std::string line = "journal: segment " + std::to_string(damage.segment) +
                       " is damaged at offset " + std::to_string(damage.offset) + ", " +
                       std::to_string(damage.bytes) + " bytes: " + damage.reason;
    if (!damage.side_file.empty()) line += "; kept in " + damage.side_file;
    lines.push_back(std::move(line));
  }
  if (missing_records > 0) {
    lines.push_back("journal: " + std::to_string(missing_records) +
                    " confirmed records are lost to damage");
  }
  if (torn_segment != 0) {
    lines.push_back("journal: segment " + std::to_string(torn_segment) + " ends torn at offset " +
                    std::to_string(torn_offset) + ": " + std::to_string(torn_bytes) +
                    " bytes that were never confirmed are cut");
  }
  return lines;
}

}  // namespace cohort
