// One record of the broker's journal, as the broker reads it: head, then bodies.
#include "broker/change_codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/journal_records.h"

namespace cohort {
namespace {

std::string Flat(const JournalRecord& record) { return record.head + BodiesOf(record); }

}  // namespace
}  // namespace cohort

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort;
  for (const SplitRecord& record : SplitRecords(FuzzBytes(data, size), /*most=*/1)) {
    const Result<Change> change =
        DecodeChange(/*sequence=*/7, kFirstRecordType, record.head, record.bodies);
    if (!change.ok()) {
      CheckOneLine(change.status());
      continue;
    }
    const JournalRecord encoded = EncodeChange(*change);
    FUZZ_CHECK(encoded.head.size() <= 16 * size + 32768);
    const Result<Change> again = DecodeChange(7, encoded.type, encoded.head, BodiesOf(encoded));
    FUZZ_CHECK(again.ok());
    FUZZ_CHECK(Flat(EncodeChange(*again)) == Flat(encoded));
  }
  return 0;
}
