#include "tests/fuzz/journal_records.h"

#include <algorithm>

#include "tests/fuzz/fuzz.h"

namespace cohort {

std::vector<SplitRecord> SplitRecords(std::string_view input, size_t most) {
  std::vector<SplitRecord> records;
  const auto take = [&input](size_t wanted) {
    const std::string_view taken = input.substr(0, wanted);
    input.remove_prefix(taken.size());
    return taken;
  };
  while (input.size() >= 8 && records.size() < most) {
    const std::string_view sizes = take(8);
    const auto number = [&](size_t at) {
      return static_cast<uint8_t>(sizes[at]) | size_t{static_cast<uint8_t>(sizes[at + 1])} << 8;
    };
    const std::string_view head = take(number(0));
    const std::string_view bodies = take(number(2));
    take((8 - (head.size() + bodies.size()) % 8) % 8);
    records.push_back({head, bodies});
  }
  return records;
}

std::string BodiesOf(const JournalRecord& record) {
  std::string bytes;
  for (const Body& body : record.bodies) bytes += body.view();
  return bytes;
}

std::string JoinRecords(const std::vector<JournalRecord>& records) {
  std::string input;
  for (const JournalRecord& record : records) {
    const std::string bodies = BodiesOf(record);
    FUZZ_CHECK(record.head.size() < 1 << 16 && bodies.size() < 1 << 16);
    for (const size_t size : {record.head.size(), bodies.size()}) {
      input += static_cast<char>(size & 0xff);
      input += static_cast<char>(size >> 8);
    }
    input += std::string(4, '\0') + record.head + bodies;
    input.append((8 - input.size() % 8) % 8, '\0');
  }
  return input;
}

}  // namespace cohort
