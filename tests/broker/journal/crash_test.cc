// A power cut at every byte of a history. COHORT_JOURNAL_CRASH_RECORDS sets its length.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "tests/broker/journal/history.h"

namespace cohort::testing {
namespace {

using journal::JournalWriter;
using journal::ReadResult;

constexpr uint64_t kSegment = 4096;

// Lives of a broker over one disk: records come, some operations fail, some segments are dropped,
// and before every change of the disk the power is cut at each of its bytes.
class CrashHistory {
 public:
  struct Settings {
    uint64_t seed = 1;
    uint64_t records = 2100;
    bool sync = true;
    bool verify = true;
    bool faults = true;
    bool go_on_after_crashes = true;
  };

  explicit CrashHistory(Settings settings) : settings_(settings), random_(settings.seed) {}

  void Run() {
    FaultyFiles files(settings_.seed);
    Expected expected;
    Live(files, expected, ReadResult(), /*life=*/1, settings_.records);
  }

  uint64_t crash_points = 0;
  uint64_t restarts = 0;
  uint64_t violations = 0;
  std::string first_violation;
  JournalState last_state;
  std::map<std::string, uint64_t> injected;

 private:
  // One life, from recovery to its end, `records` later.
  void Live(FaultyFiles& files, Expected& expected, ReadResult read, uint64_t life,
            uint64_t records) {
    const bool nested = life > 1;
    uint64_t steps = 0;
    files.before_change = [&](const PendingWrite* write) {
      if (nested && ++steps % 8 != life) return;
      CutPower(files, expected, write, life);
    };
    if (settings_.faults) {
      files.fault = [&](Operation operation) { return Inject(operation); };
    }
    auto options = WriterOptions(files, kSegment, settings_.seed * 1000 + life + crash_points);
    options.sync = settings_.sync;
    Status durable = Unavailable("");
    for (int attempt = 0; attempt < 100 && !durable.ok(); ++attempt) {
      durable = journal::MakeTailDurable({kDirectory, &files}, read);
    }
    uint64_t sequence = read.report.last_sequence;
    expected.confirmed = sequence;
    JournalWriter writer(std::move(options), std::move(read));
    const uint64_t end = sequence + records;
    Settle(writer, expected);
    while (sequence < end) {
      std::vector<JournalRecord> batch;
      const uint64_t count = 1 + random_.Below(6);
      for (uint64_t i = 0; i < count; ++i) {
        const size_t most = random_.Below(200) == 0 ? 2 * kSegment : 24;
        batch.push_back(MakeRecord(++sequence, life, most));
        expected.Add(batch.back());
      }
      writer.Add(std::move(batch));
      switch (random_.Below(8)) {
        case 0:
          writer.Write();
          break;
        case 1:
          writer.CommitMarker();
          break;
        default:
          writer.Commit();
      }
      expected.confirmed = writer.synced_sequence();
      if (random_.Below(4) == 0 && expected.confirmed > 30) {
        expected.needed_from = std::max(expected.needed_from, expected.confirmed - 30);
        writer.DropSegmentsBelow(expected.needed_from);
      }
      if (violations > 0) return;
    }
    Settle(writer, expected);
    last_state = writer.state();
    files.before_change = nullptr;
    files.fault = nullptr;
  }

  void Settle(JournalWriter& writer, Expected& expected) {
    for (int attempt = 0; attempt < 100 && violations == 0; ++attempt) {
      const bool done = writer.Commit();
      expected.confirmed = writer.synced_sequence();
      if (done) return;
    }
    if (violations == 0) Violate("the writer never recovers: " + writer.state().last_error);
  }

  Fault Inject(Operation operation) {
    if (random_.Below(1000) >= 20) {
      return operation == Operation::kWrite && random_.Below(5) == 0 ? Fault::kShort : Fault::kNone;
    }
    ++injected[operation == Operation::kWrite           ? "write"
               : operation == Operation::kDataSync      ? "sync"
               : operation == Operation::kSyncDirectory ? "directory sync"
               : operation == Operation::kAllocate      ? "allocation"
               : operation == Operation::kRename        ? "rename"
               : operation == Operation::kRemove        ? "remove"
                                                        : "truncate"];
    return operation == Operation::kAllocate ? Fault::kNoSpace : Fault::kFail;
  }

  void CutPower(const FaultyFiles& files, const Expected& expected, const PendingWrite* write,
                uint64_t life) {
    if (violations > 0) return;
    const size_t bytes = write ? write->data.size() : 0;
    for (size_t b = 0; b <= bytes; ++b) {
      Judge(files.AfterPowerCut(write, b, nullptr), expected, life);
      Rng random(random_.Next());
      Judge(files.AfterPowerCut(write, b, &random), expected, life);
    }
    Judge(files.AfterKill(), expected, life);
  }

  void Judge(const Image& image, const Expected& expected, uint64_t life) {
    ++crash_points;
    FaultyFiles disk(crash_points, image);
    ReadResult read;
    std::string wrong = JudgeRecovery(disk, expected, settings_.verify, &read);
    if (!wrong.empty()) return Violate(wrong);
    // Now and then a broker goes on from here, and its power is cut as well.
    if (settings_.go_on_after_crashes && life < 3 && crash_points % 7919 == 0) {
      ++restarts;
      Expected after = expected;
      after.ForgetAbove(read.report.last_sequence);
      Live(disk, after, std::move(read), life + 1, 20);
    }
  }

  void Violate(const std::string& what) {
    if (violations++ == 0)
      first_violation = what + " (crash point " + std::to_string(crash_points) + ")";
  }

  const Settings settings_;
  Rng random_;
};

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value ? std::strtoull(value, nullptr, 10) : otherwise;
}

TEST(JournalCrash, LosesDoublesAndInventsNothingAtAnyByte) {
  CrashHistory history({.records = FromEnvironment("COHORT_JOURNAL_CRASH_RECORDS", 2100)});
  history.Run();
  EXPECT_EQ(history.violations, 0u) << history.first_violation;
  EXPECT_GE(history.last_state.records, 2000u);
  EXPECT_GT(history.last_state.open_segment, 20u);
  EXPECT_GT(history.last_state.reused_segments, 10u);
  EXPECT_GT(history.restarts, 30u);
  EXPECT_GE(history.injected.size(), 6u);
  std::cout << "crash points: " << history.crash_points << ", restarts: " << history.restarts
            << ", records: " << history.last_state.records
            << ", segments: " << history.last_state.open_segment
            << ", abandoned: " << history.last_state.abandoned_segments
            << ", used again: " << history.last_state.reused_segments << "\n";
}

TEST(JournalCrash, IsCaughtWithoutSyncs) {
  CrashHistory history({.records = 400, .sync = false, .faults = false});
  history.Run();
  EXPECT_GT(history.violations, 0u);
}

TEST(JournalCrash, IsCaughtWithoutChecks) {
  CrashHistory history({.records = 400, .verify = false, .faults = false});
  history.Run();
  EXPECT_GT(history.violations, 0u);
}

}  // namespace
}  // namespace cohort::testing
