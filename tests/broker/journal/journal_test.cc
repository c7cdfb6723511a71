#include "broker/journal/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <mutex>

#include "tests/broker/journal/history.h"

namespace cohort::testing {
namespace {

using ::testing::HasSubstr;

// The real files, whose syncs can be held up and counted.
class GatedFiles : public FileLayer {
 public:
  class Gated : public File {
   public:
    Gated(GatedFiles& files, std::unique_ptr<File> file) : files_(files), file_(std::move(file)) {}
    Result<size_t> WriteAt(uint64_t offset, std::span<const iovec> pieces) override {
      return file_->WriteAt(offset, pieces);
    }
    Result<size_t> ReadAt(uint64_t offset, std::span<char> into) override {
      return file_->ReadAt(offset, into);
    }
    Result<uint64_t> Size() override { return file_->Size(); }
    Status Preallocate(uint64_t bytes) override { return file_->Preallocate(bytes); }
    Status Truncate(uint64_t bytes) override { return file_->Truncate(bytes); }
    Status DataSync() override {
      std::unique_lock lock(files_.mutex_);
      ++files_.syncs_;
      files_.changed_.notify_all();
      files_.changed_.wait(lock, [&] { return files_.open_; });
      return file_->DataSync();
    }

   private:
    GatedFiles& files_;
    std::unique_ptr<File> file_;
  };

  Result<std::unique_ptr<File>> Create(const std::filesystem::path& path) override {
    return Wrap(RealFiles().Create(path));
  }
  Result<std::unique_ptr<File>> Open(const std::filesystem::path& path) override {
    return Wrap(RealFiles().Open(path));
  }
  Status Rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    return RealFiles().Rename(from, to);
  }
  Status Remove(const std::filesystem::path& path) override { return RealFiles().Remove(path); }
  Status MakeDirectories(const std::filesystem::path& path) override {
    return RealFiles().MakeDirectories(path);
  }
  Status SyncDirectory(const std::filesystem::path& path) override {
    return RealFiles().SyncDirectory(path);
  }
  Result<std::vector<std::string>> List(const std::filesystem::path& path) override {
    return RealFiles().List(path);
  }
  Result<std::unique_ptr<DirectoryLock>> Lock(const std::filesystem::path& path) override {
    return RealFiles().Lock(path);
  }

  void SetOpen(bool open) {
    std::scoped_lock lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }
  // Syncs that began since the start.
  int syncs() {
    std::scoped_lock lock(mutex_);
    return syncs_;
  }
  void AwaitSyncs(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return syncs_ >= count; });
  }

 private:
  Result<std::unique_ptr<File>> Wrap(Result<std::unique_ptr<File>> file) {
    if (!file.ok()) return file.status();
    return std::unique_ptr<File>(std::make_unique<Gated>(*this, *std::move(file)));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  int syncs_ = 0;
};

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "journal-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    options_.directory = pattern;
    options_.segment_bytes = 16 << 10;
    options_.files = &files_;
    options_.notify = [this] {
      std::scoped_lock lock(mutex_);
      changed_.notify_all();
    };
  }
  void TearDown() override { std::filesystem::remove_all(options_.directory); }

  Status Open() {
    recovered_.clear();
    auto journal = Journal::Open(
        options_,
        [&](const Journal::Recovered& record) {
          if (!expected_.Is(record)) return DataLoss("another content");
          recovered_.push_back(record.sequence);
          return Status();
        },
        nullptr);
    if (!journal.ok()) return journal.status();
    journal_ = *std::move(journal);
    return {};
  }
  void Append(int count, bool sync = true) {
    std::vector<JournalRecord> records;
    for (int i = 0; i < count; ++i) {
      records.push_back(MakeRecord(++sequence_, 1, 200));
      records.back().sync = sync;
      expected_.Add(records.back());
    }
    journal_->Append(std::move(records));
  }
  void AwaitSynced(uint64_t sequence) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return journal_->synced() >= sequence; });
  }
  void ExpectAllRecovered() {
    ASSERT_EQ(recovered_.size(), sequence_);
    for (uint64_t i = 0; i < sequence_; ++i) EXPECT_EQ(recovered_[i], i + 1);
  }

  GatedFiles files_;
  FaultyFiles memory_{/*seed=*/1};  // instead of those where a test says so
  Journal::Options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Expected expected_;
  uint64_t sequence_ = 0;
  std::vector<uint64_t> recovered_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(JournalTest, GivesBackWhatWasAppended) {
  for (int life = 0; life < 4; ++life) {
    ASSERT_TRUE(Open().ok());
    ExpectAllRecovered();
    EXPECT_EQ(journal_->synced(), sequence_);
    for (int i = 0; i < 50; ++i) Append(7);
    AwaitSynced(sequence_);
    EXPECT_EQ(journal_->state().records, 350u);
    EXPECT_GT(journal_->state().closed.size(), 1u);
    journal_.reset();
  }
}

TEST_F(JournalTest, SyncsOnceForAllThatArrivesDuringASync) {
  ASSERT_TRUE(Open().ok());
  files_.SetOpen(false);
  const int before = files_.syncs();
  Append(1);
  files_.AwaitSyncs(before + 1);
  for (int i = 0; i < 20; ++i) Append(1);
  EXPECT_EQ(journal_->synced(), 0u);
  files_.SetOpen(true);
  AwaitSynced(21);
  const JournalState state = journal_->state();
  EXPECT_EQ(state.batch_records.count, 2u);
  EXPECT_EQ(state.batch_records.sum, 21);
}

TEST_F(JournalTest, NamesTheLastBatchAsSyncedWhenIdle) {
  ASSERT_TRUE(Open().ok());
  const int before = files_.syncs();
  Append(1);
  files_.AwaitSyncs(before + 2);
  EXPECT_EQ(journal_->synced(), 1u);
}

TEST_F(JournalTest, TakesRecordsThatAskForNoSyncAlongWithTheNextOne) {
  ASSERT_TRUE(Open().ok());
  Append(3, /*sync=*/false);
  Append(1);
  AwaitSynced(4);
  Append(2, /*sync=*/false);
  AwaitSynced(6);  // nothing else comes: within a second
  journal_.reset();
  ASSERT_TRUE(Open().ok());
  ExpectAllRecovered();
}

TEST_F(JournalTest, RefusesADirectoryThatAnotherBrokerHolds) {
  ASSERT_TRUE(Open().ok());
  const auto second = Journal::Open(
      options_, [](const Journal::Recovered&) { return Status(); }, nullptr);
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(second.status().message(), HasSubstr("belongs to a broker that is running"));
}

TEST_F(JournalTest, RefusesANewerFormatInOneLine) {
  std::string bytes;
  journal::AppendSegmentRecord({.version = 7, .number = 3, .key = 5, .mark = {}}, 1, bytes);
  const std::filesystem::path path = options_.directory / journal::SegmentName(3, 5);
  std::ofstream(path, std::ios::binary) << bytes;
  const Status status = Open();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("format 7"));
  EXPECT_EQ(std::filesystem::file_size(path), bytes.size());
}

TEST_F(JournalTest, DropsSegmentsThatAreNeededNoMore) {
  ASSERT_TRUE(Open().ok());
  for (int i = 0; i < 100; ++i) Append(5);
  AwaitSynced(sequence_);
  const int before = files_.syncs();
  journal_->DropSegmentsBelow(sequence_ + 1);
  files_.AwaitSyncs(before + 1);
  journal_->Close();
  EXPECT_LE(journal_->state().closed.size(), 1u);
  journal_.reset();
  ASSERT_TRUE(Open().ok());
  EXPECT_LT(recovered_.size(), 150u);
  EXPECT_EQ(journal_->synced(), sequence_);
  EXPECT_TRUE(journal_->state().recovery.damages.empty());
}

TEST_F(JournalTest, AFailureToApplyEndsTheOpening) {
  ASSERT_TRUE(Open().ok());
  Append(2);
  journal_.reset();
  const auto journal = Journal::Open(
      options_, [](const Journal::Recovered&) { return DataLoss("no such queue"); }, nullptr);
  EXPECT_EQ(journal.status().message(), "no such queue");
}

TEST_F(JournalTest, TellsItsProgress) {
  ASSERT_TRUE(Open().ok());
  for (int i = 0; i < 100; ++i) Append(5);
  journal_.reset();
  std::vector<RecoveryProgress> steps;
  const auto journal = Journal::Open(
      options_, [](const Journal::Recovered&) { return Status(); },
      [&](const RecoveryProgress& progress) { steps.push_back(progress); });
  ASSERT_TRUE(journal.ok());
  ASSERT_GT(steps.size(), 2u);
  EXPECT_LT(steps[0].bytes, steps[0].total_bytes);
  EXPECT_EQ(steps.back().bytes, steps.back().total_bytes);
  EXPECT_EQ(steps.back().records, sequence_);
}

TEST_F(JournalTest, GoesOnByItselfWhenThereIsRoomAgain) {
  memory_.space = 3 * options_.segment_bytes;
  options_.files = &memory_;
  ASSERT_TRUE(Open().ok());
  for (int i = 0; i < 100; ++i) Append(5);
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !journal_->has_room(); });
  }
  EXPECT_LT(journal_->synced(), sequence_);
  EXPECT_THAT(journal_->state().room_reason, HasSubstr("no space"));
  memory_.space = uint64_t{1} << 30;
  AwaitSynced(sequence_);
  journal_->Close();
  EXPECT_TRUE(journal_->has_room());
  journal_.reset();
  ASSERT_TRUE(Open().ok());
  ExpectAllRecovered();
}

}  // namespace
}  // namespace cohort::testing
