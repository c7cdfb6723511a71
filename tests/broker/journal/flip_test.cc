// One flipped bit at each byte of a journal. COHORT_JOURNAL_FLIP_BYTES sets its size.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "tests/broker/journal/history.h"

namespace cohort::testing {
namespace {

uint64_t JournalBytes() {
  const char* value = std::getenv("COHORT_JOURNAL_FLIP_BYTES");
  return value ? std::strtoull(value, nullptr, 10) : uint64_t{64} << 10;
}

struct FlipCounts {
  uint64_t flips = 0;
  uint64_t reported = 0;  // damage or a torn tail
  uint64_t wrong = 0;     // a record with another content, twice or out of order
  uint64_t silent = 0;    // records missing without a word
  uint64_t too_many = 0;  // more than one record missing
};

class FlippedJournal {
 public:
  explicit FlippedJournal(uint64_t bytes) : files_(1) {
    const uint64_t segment = bytes >= (256u << 10) ? 64u << 10 : 16u << 10;
    journal::JournalWriter writer(WriterOptions(files_, segment, 1), journal::ReadResult());
    uint64_t sequence = 0;
    while (writer.state().bytes < bytes) {
      std::vector<JournalRecord> batch;
      for (int i = 0; i < 3; ++i) {
        batch.push_back(MakeRecord(++sequence, 1, 1400));
        expected_.Add(batch.back());
      }
      writer.Add(std::move(batch));
      EXPECT_TRUE(writer.Commit());
    }
    EXPECT_TRUE(writer.Finish());
    image_ = files_.AfterPowerCut(nullptr, 0, nullptr);
  }

  FlipCounts FlipEach(bool verify) {
    FlipCounts counts;
    FaultyFiles disk(2, image_);
    for (const auto& [path, bytes] : image_) {
      if (!path.ends_with(".segment")) continue;
      std::string& live = disk.Find(path)->live;
      for (size_t i = 0; i < bytes->size(); ++i, ++counts.flips) {
        live[i] ^= static_cast<char>(1 << (counts.flips % 8));
        Read(disk, verify, counts);
        live[i] = (*bytes)[i];
      }
    }
    return counts;
  }

 private:
  void Read(FaultyFiles& disk, bool verify, FlipCounts& counts) {
    uint64_t records = 0;
    uint64_t last = 0;
    bool wrong = false;
    const auto read = journal::ReadJournal(
        {kDirectory, &disk, verify},
        [&](const RecoveredRecord& record) {
          wrong |= record.sequence <= last || !expected_.Is(record);
          last = record.sequence;
          ++records;
          return Status();
        },
        nullptr);
    const bool reported = !read.ok() || !read->report.damages.empty() ||
                          read->report.missing_records > 0 || read->report.torn_segment != 0;
    counts.reported += reported;
    counts.wrong += wrong;
    counts.silent += records < expected_.last() && !reported;
    counts.too_many += records + 1 < expected_.last();
  }

  FaultyFiles files_;
  Expected expected_;
  Image image_;
};

TEST(JournalFlip, EachFlippedBitIsReportedAndCostsAtMostItsRecord) {
  const FlipCounts counts = FlippedJournal(JournalBytes()).FlipEach(/*verify=*/true);
  EXPECT_GE(counts.flips, JournalBytes());
  EXPECT_EQ(counts.wrong, 0u);
  EXPECT_EQ(counts.silent, 0u);
  EXPECT_EQ(counts.too_many, 0u);
  EXPECT_EQ(counts.reported, counts.flips);
  std::cout << "flips: " << counts.flips << ", reported: " << counts.reported << "\n";
}

TEST(JournalFlip, IsCaughtWithoutChecks) {
  const FlipCounts counts = FlippedJournal(16 << 10).FlipEach(/*verify=*/false);
  EXPECT_GT(counts.wrong, 1000u);
}

}  // namespace
}  // namespace cohort::testing
