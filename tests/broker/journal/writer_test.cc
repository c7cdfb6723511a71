#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/journal/journal_writer.h"
#include "tests/broker/journal/history.h"

namespace cohort::testing {
namespace {

using journal::JournalWriter;
using journal::ReadResult;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kSegment = 8192;

// A journal over a disk in memory, and what was put into it.
struct Disk {
  FaultyFiles files{1};
  Expected expected;
  uint64_t sequence = 0;
  std::unique_ptr<JournalWriter> writer =
      std::make_unique<JournalWriter>(WriterOptions(files, kSegment, 1), ReadResult());

  void Add(int count, size_t most_bytes = 300) {
    std::vector<JournalRecord> records;
    for (int i = 0; i < count; ++i) {
      records.push_back(MakeRecord(++sequence, 1, most_bytes));
      expected.Add(records.back());
    }
    writer->Add(std::move(records));
  }
  // All that was added is there, once, in order, and nothing else.
  void ExpectIntact(FaultyFiles& disk) {
    expected.confirmed = sequence;
    EXPECT_EQ(JudgeRecovery(disk, expected), "");
  }
  void ExpectIntactAfterPowerCut() {
    FaultyFiles disk(2, files.AfterPowerCut(nullptr, 0, nullptr));
    ExpectIntact(disk);
    Rng random(3);
    FaultyFiles worse(2, files.AfterPowerCut(nullptr, 0, &random));
    ExpectIntact(worse);
  }
  std::vector<std::string> Segments() {
    std::vector<std::string> names;
    const auto all = files.List(kDirectory);
    for (const std::string& name : *all) {
      if (name.ends_with(".segment")) names.push_back(std::string(kDirectory) + "/" + name);
    }
    return names;
  }
};

// What is read, and which sequences came.
struct Read {
  explicit Read(FaultyFiles& files) {
    auto result = journal::ReadJournal(
        {kDirectory, &files},
        [&](const RecoveredRecord& record) {
          sequences.push_back(record.sequence);
          return Status();
        },
        nullptr);
    status = result.status();
    if (result.ok()) report = result->report;
  }
  Status status;
  RecoveryReport report;
  std::vector<uint64_t> sequences;
};

// Fails the next operation of a kind, once.
void FailNext(FaultyFiles& files, Operation failing, Fault fault = Fault::kFail) {
  files.fault = [&files, failing, fault](Operation operation) {
    if (operation != failing) return Fault::kNone;
    files.fault = nullptr;
    return fault;
  };
}

TEST(JournalWriter, WritesAgainElsewhereWhatAFailedSyncLeftUnconfirmed) {
  Disk disk;
  disk.Add(5);
  ASSERT_TRUE(disk.writer->Commit());
  disk.Add(5);
  FailNext(disk.files, Operation::kDataSync);
  EXPECT_TRUE(disk.writer->Commit());
  EXPECT_EQ(disk.writer->state().failed_syncs, 1u);
  EXPECT_EQ(disk.writer->state().abandoned_segments, 1u);
  EXPECT_THAT(disk.writer->state().last_error, HasSubstr("injected"));
  EXPECT_THAT(disk.Segments(), SizeIs(2));
  disk.ExpectIntactAfterPowerCut();
}

TEST(JournalWriter, SurvivesAFailureOfEachKind) {
  for (const Operation operation :
       {Operation::kWrite, Operation::kDataSync, Operation::kSyncDirectory, Operation::kAllocate,
        Operation::kRename, Operation::kRemove, Operation::kTruncate}) {
    Disk disk;
    for (int i = 0; i < 20; ++i) {
      FailNext(disk.files, operation);
      disk.Add(20);
      for (int attempt = 0; attempt < 3 && !disk.writer->Commit(); ++attempt) {
      }
      EXPECT_EQ(disk.writer->synced_sequence(), disk.sequence);
    }
    disk.ExpectIntactAfterPowerCut();
  }
}

TEST(JournalWriter, FinishesShortWrites) {
  Disk disk;
  disk.files.fault = [](Operation operation) {
    return operation == Operation::kWrite ? Fault::kShort : Fault::kNone;
  };
  disk.Add(60);
  EXPECT_TRUE(disk.writer->Commit());
  EXPECT_EQ(disk.writer->state().failed_writes, 0u);
  disk.ExpectIntactAfterPowerCut();
}

TEST(JournalWriter, SaysThatThereIsNoRoomAsSoonAsNoSpareFits) {
  Disk disk;
  disk.files.space = 2 * kSegment;
  disk.Add(1);
  EXPECT_TRUE(disk.writer->Commit());
  EXPECT_TRUE(disk.writer->state().has_room);
  disk.Add(60);
  disk.writer->Commit();
  EXPECT_FALSE(disk.writer->state().has_room);
  EXPECT_THAT(disk.writer->state().room_reason, HasSubstr("no space"));
}

TEST(JournalWriter, KeepsWhatFindsNoRoomAndWritesItWhenThereIs) {
  Disk disk;
  disk.files.space = 2 * kSegment;
  disk.Add(300);
  EXPECT_FALSE(disk.writer->Commit());
  EXPECT_FALSE(disk.writer->Commit());
  EXPECT_GT(disk.writer->state().pending_records, 0u);
  disk.files.space = 100 * kSegment;
  EXPECT_TRUE(disk.writer->Commit());
  EXPECT_TRUE(disk.writer->state().has_room);
  EXPECT_EQ(disk.writer->state().pending_records, 0u);
  disk.ExpectIntactAfterPowerCut();
}

TEST(JournalWriter, ADropMakesRoomOnAFullDisk) {
  Disk disk;
  disk.files.space = 4 * kSegment;
  while (disk.writer->state().has_room) {
    disk.Add(1);
    disk.writer->Commit();
  }
  while (disk.writer->Commit()) disk.Add(1);
  disk.expected.needed_from = disk.sequence - 5;
  disk.writer->DropSegmentsBelow(disk.expected.needed_from);
  EXPECT_TRUE(disk.writer->CommitMarker());
  EXPECT_TRUE(disk.writer->state().has_room);
  EXPECT_EQ(disk.writer->synced_sequence(), disk.sequence);
  disk.ExpectIntactAfterPowerCut();
}

TEST(JournalWriter, CutsClosedSegmentsToTheirLength) {
  Disk disk;
  disk.Add(100);
  disk.Add(1, 3 * kSegment);
  disk.Add(100);
  EXPECT_TRUE(disk.writer->Finish());
  uint64_t bytes = 0;
  for (const std::string& path : disk.Segments()) bytes += disk.files.Find(path)->live.size();
  const JournalState& state = disk.writer->state();
  EXPECT_EQ(bytes + kSegment, state.disk_bytes);
  EXPECT_LE(bytes, state.bytes + state.closed.size() * journal::kSegmentRecordBytes);
  disk.ExpectIntactAfterPowerCut();
}

TEST(JournalWriter, DropsOldestFirstAndOnlyWhatIsBelow) {
  Disk disk;
  for (int i = 0; i < 50; ++i) {
    disk.Add(5);
    ASSERT_TRUE(disk.writer->Commit());
  }
  const std::vector<SegmentInfo> closed = disk.writer->state().closed;
  ASSERT_GT(closed.size(), 3u);
  disk.expected.needed_from = closed[2].first_sequence + 1;
  disk.writer->DropSegmentsBelow(disk.expected.needed_from);
  EXPECT_EQ(disk.writer->state().closed.front().number, closed[2].number);
  EXPECT_THAT(disk.Segments(), SizeIs(closed.size() + 1)) << "gone before a sync names it";
  EXPECT_TRUE(disk.writer->CommitMarker());
  EXPECT_THAT(disk.Segments(), SizeIs(closed.size() - 1));
  disk.ExpectIntactAfterPowerCut();
}

// A journal whose open segment is a file that was a segment before.
class ReusedSegment : public ::testing::Test {
 protected:
  void SetUp() override {
    while (disk_.writer->state().reused_segments == 0) {
      disk_.Add(5);
      ASSERT_TRUE(disk_.writer->Commit());
      if (disk_.writer->state().closed.empty()) continue;
      disk_.expected.needed_from = disk_.sequence;
      disk_.writer->DropSegmentsBelow(disk_.sequence);
      ASSERT_TRUE(disk_.writer->CommitMarker());
    }
    const uint64_t before = disk_.writer->state().open_segment;
    while (disk_.writer->state().open_segment == before) {
      disk_.Add(1);
      ASSERT_TRUE(disk_.writer->Commit());
    }
  }
  std::string& OpenSegment() { return disk_.files.Find(disk_.Segments().back())->live; }

  Disk disk_;
};

TEST_F(ReusedSegment, HoldsOldBytesThatAreTakenForNothing) {
  const std::string& bytes = OpenSegment();
  ASSERT_EQ(bytes.size(), kSegment);
  ASSERT_FALSE(journal::AllZero(std::string_view(bytes).substr(kSegment / 2)));
  FaultyFiles killed(2, disk_.files.AfterKill());
  disk_.ExpectIntact(killed);
  const Read read(killed);
  EXPECT_EQ(read.report.torn_bytes, 0u);
  EXPECT_THAT(read.report.damages, IsEmpty());
  disk_.ExpectIntactAfterPowerCut();
}

TEST_F(ReusedSegment, ShowsATornRecordAsAFreshOneDoes) {
  const uint64_t end = disk_.writer->state().open_bytes;
  disk_.Add(1, 2000);
  ASSERT_TRUE(disk_.writer->Write());
  const uint64_t written = disk_.writer->state().open_bytes;
  FaultyFiles torn(2, disk_.files.AfterKill());
  torn.Find(disk_.Segments().back())->live[written - 8] ^= 1;
  const Read read(torn);
  EXPECT_EQ(read.report.torn_offset, end + journal::kBatchRecordBytes);
  const uint64_t torn_end = read.report.torn_offset + read.report.torn_bytes;
  EXPECT_LE(torn_end, written);
  EXPECT_GT(torn_end, written - 2 * journal::kAlignment) << "up to the zeros that fill it up";
  EXPECT_EQ(read.report.last_sequence, disk_.sequence - 1);
}

TEST_F(ReusedSegment, MissesARecordWhoseHeaderNeverCame) {
  const uint64_t end = disk_.writer->state().open_bytes;
  const std::string before = OpenSegment();
  disk_.Add(1, 2000);
  ASSERT_TRUE(disk_.writer->Write());
  FaultyFiles torn(2, disk_.files.AfterKill());
  const uint64_t record = end + journal::kBatchRecordBytes;
  torn.Find(disk_.Segments().back())
      ->live.replace(record, journal::kHeaderBytes, before, record, journal::kHeaderBytes);
  const Read read(torn);
  EXPECT_EQ(read.report.torn_offset, record);
  EXPECT_GT(read.report.torn_bytes, 0u);
}

TEST_F(ReusedSegment, TakesABlockThatTheDiskCannotReadForWritten) {
  disk_.files.Find(disk_.Segments().back())->unreadable.push_back(100);
  const Read read(disk_.files);
  EXPECT_GT(read.report.torn_bytes + read.report.missing_records, 0u);
}

TEST_F(ReusedSegment, ReportsDamageBelowTheSyncedPlace) {
  ASSERT_TRUE(disk_.writer->CommitMarker());
  FaultyFiles damaged(2, disk_.files.AfterKill());
  // As if this place of its first record had never been written over.
  damaged.Find(disk_.Segments().back())
      ->live.replace(journal::kSegmentRecordBytes + journal::kBatchRecordBytes, 8, 8, 'o');
  const Read read(damaged);
  EXPECT_THAT(read.report.damages, SizeIs(1));
}

TEST(JournalWriter, NeverUsesAFileAgainThatItsDiskHasFailed) {
  Disk disk;
  while (disk.writer->state().open_bytes < kSegment / 4 * 3) {
    disk.Add(1);
    ASSERT_TRUE(disk.writer->Commit());
  }
  FailNext(disk.files, Operation::kDataSync);
  disk.Add(1);
  ASSERT_TRUE(disk.writer->Commit());
  ASSERT_EQ(disk.writer->state().abandoned_segments, 1u);
  disk.expected.needed_from = disk.sequence;
  disk.writer->DropSegmentsBelow(disk.sequence);
  ASSERT_TRUE(disk.writer->CommitMarker());
  EXPECT_THAT(disk.Segments(), SizeIs(1));
  EXPECT_EQ(disk.writer->state().reused_segments, 0u);
}

TEST(JournalWriter, TakesNoMoreOfTheDiskForSegmentsThatAreUsedAgain) {
  Disk disk;
  for (int i = 0; i < 200; ++i) {
    disk.Add(5);
    ASSERT_TRUE(disk.writer->Commit());
    disk.expected.needed_from = disk.sequence;
    disk.writer->DropSegmentsBelow(disk.sequence);
    ASSERT_TRUE(disk.writer->CommitMarker());
    ASSERT_LE(disk.files.UsedBytes(), 2 * kSegment);
    ASSERT_EQ(disk.files.UsedBytes(), disk.writer->state().disk_bytes);
  }
  EXPECT_GT(disk.writer->state().reused_segments, 10u);
  disk.ExpectIntactAfterPowerCut();
}

class DamagedJournal : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 60; ++i) {
      disk_.Add(3);
      ASSERT_TRUE(disk_.writer->Commit());
    }
    ASSERT_TRUE(disk_.writer->Finish());
    segments_ = disk_.Segments();
    ASSERT_GT(segments_.size(), 2u);
  }
  std::string& BytesOf(size_t segment) { return disk_.files.Find(segments_[segment])->live; }

  Disk disk_;
  std::vector<std::string> segments_;
};

TEST_F(DamagedJournal, ServesEverythingButTheDamagedRecordAndKeepsItsBytesAside) {
  std::string& bytes = BytesOf(1);
  const uint64_t offset = bytes.size() / 2;
  bytes[offset] ^= 4;
  const Read read(disk_.files);
  ASSERT_TRUE(read.status.ok());
  ASSERT_THAT(read.report.damages, SizeIs(1));
  const JournalDamage& damage = read.report.damages[0];
  EXPECT_EQ(damage.segment, 2u);
  EXPECT_LE(damage.offset, offset);
  EXPECT_GT(damage.offset + damage.bytes, offset);
  EXPECT_GE(read.sequences.size(), disk_.sequence - 1);
  EXPECT_EQ(read.sequences.size() + read.report.missing_records, disk_.sequence);
  const MemoryFile* aside = disk_.files.Find(damage.side_file);
  ASSERT_NE(aside, nullptr);
  EXPECT_EQ(aside->live, bytes.substr(damage.offset, damage.bytes));
  EXPECT_THAT(read.report.Lines().front(), HasSubstr("segment 2 is damaged at offset"));
}

TEST_F(DamagedJournal, FindsTheRecordsBehindADamagedSegmentRecord) {
  BytesOf(1)[40] ^= 1;
  const Read read(disk_.files);
  EXPECT_EQ(read.sequences.size(), disk_.sequence);
  EXPECT_THAT(read.report.damages, SizeIs(1));
}

TEST_F(DamagedJournal, ReportsAMissingSegmentAndServesTheRest) {
  const JournalState state = disk_.writer->state();
  ASSERT_TRUE(disk_.files.Remove(segments_[1]).ok());
  const Read read(disk_.files);
  ASSERT_THAT(read.report.damages, SizeIs(1));
  EXPECT_EQ(read.report.damages[0].segment, 2u);
  EXPECT_EQ(read.report.missing_records,
            state.closed[2].first_sequence - state.closed[1].first_sequence);
  EXPECT_EQ(read.sequences.size() + read.report.missing_records, disk_.sequence);
}

TEST_F(DamagedJournal, ReportsTheOldestSegmentMissing) {
  ASSERT_TRUE(disk_.files.Remove(segments_[0]).ok());
  const Read read(disk_.files);
  ASSERT_FALSE(read.report.damages.empty());
  EXPECT_EQ(read.report.damages[0].segment, 1u);
}

TEST_F(DamagedJournal, ReportsASegmentThatBecameShorter) {
  BytesOf(1).resize(BytesOf(1).size() / 2);
  const Read read(disk_.files);
  EXPECT_FALSE(read.report.damages.empty());
  EXPECT_GT(read.report.missing_records, 0u);
  EXPECT_EQ(read.sequences.size() + read.report.missing_records, disk_.sequence);
}

TEST_F(DamagedJournal, TakesABlockThatTheDiskCannotReadForDamage) {
  disk_.files.Find(segments_[1])->unreadable.push_back(5000);
  const Read read(disk_.files);
  ASSERT_TRUE(read.status.ok());
  ASSERT_THAT(read.report.damages, SizeIs(1));
  EXPECT_LE(read.report.damages[0].bytes, 4096u + 2 * 400);
  EXPECT_EQ(read.sequences.size() + read.report.missing_records, disk_.sequence);
}

TEST_F(DamagedJournal, CutsATornTailAndSaysSo) {
  std::string& bytes = BytesOf(segments_.size() - 1);
  bytes += std::string(100, 'x') + std::string(1000, '\0');
  const Read read(disk_.files);
  EXPECT_EQ(read.sequences.size(), disk_.sequence);
  EXPECT_THAT(read.report.damages, IsEmpty());
  EXPECT_EQ(read.report.torn_bytes, 100u);
  EXPECT_THAT(read.report.Lines().front(), HasSubstr("never confirmed"));
}

TEST_F(DamagedJournal, RefusesANewerFormat) {
  journal::SegmentMark mark;
  mark.version = journal::kFormatVersion + 1;
  mark.number = 99;
  std::string bytes;
  journal::AppendSegmentRecord(mark, 1, bytes);
  auto file = disk_.files.Create(std::string(kDirectory) + "/" + journal::SegmentName(99, 0));
  const iovec piece{bytes.data(), bytes.size()};
  ASSERT_TRUE((*file)->WriteAt(0, {&piece, 1}).ok());
  const Read read(disk_.files);
  EXPECT_EQ(read.status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(read.status.message(), HasSubstr("format 3"));
  EXPECT_THAT(read.sequences, IsEmpty());
}

TEST(JournalReader, NeverTakesABodyForRecords) {
  // A body that is a copy of the very segment it lands in, in a record that is damaged.
  Disk disk;
  disk.Add(3);
  ASSERT_TRUE(disk.writer->Commit());
  JournalRecord record = MakeRecord(++disk.sequence, 1, 0);
  record.bodies = {Body::Copy(disk.files.Find(disk.Segments()[0])->live.substr(0, 4000))};
  disk.expected.Add(record);
  disk.writer->Add({record});
  disk.Add(3);
  ASSERT_TRUE(disk.writer->Finish());
  std::string& bytes = disk.files.Find(disk.Segments()[0])->live;
  bytes[bytes.find(record.head)] ^= 1;
  const Read read(disk.files);
  EXPECT_THAT(read.sequences, ::testing::ElementsAre(1, 2, 3, 5, 6, 7));
  EXPECT_EQ(read.report.missing_records, 1u);
}

}  // namespace
}  // namespace cohort::testing
