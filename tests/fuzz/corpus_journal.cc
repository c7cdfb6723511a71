// Records of every kind of change, and small directories of segments.
#include <fstream>
#include <iterator>

#include "broker/change_codec.h"
#include "broker/journal/journal_writer.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/journal_records.h"
#include "tests/fuzz/segments.h"
#include "tests/test_folder.h"

namespace cohort {
namespace {

TaskImage Image(const std::string& queue, uint64_t cursor) {
  TaskImage image;
  image.spec.queue = queue;
  image.spec.id = {7, 1, cursor, 0};
  image.spec.body = Body::Own(std::string(20, 'b'));
  image.spec.results = "rollouts.main";
  image.spec.obituaries = "scored.main";
  image.spec.children = 2;
  image.put_at = Time(Seconds(3));
  image.order = cursor;
  return image;
}

// A task that has seen much.
TaskImage OldImage(uint64_t cursor) {
  TaskImage image = Image("prompts.main", cursor);
  image.deadline = Time(Seconds(90));
  image.delivered = true;
  image.failures = 1;
  image.reasons = {"attempt 1: fails"};
  image.emitted = {{7, 1, cursor, 1}};
  image.lease = LeaseImage{9, {3, cursor}, true};
  return image;
}

TaskImage ObituaryImage() {
  TaskImage image = Image("scored.main", 5);
  image.spec.body = Body();
  image.spec.results.clear();
  image.spec.obituaries.clear();
  image.obituary = Obituary{EndReason::kDead, "attempt 1: fails", {{7, 1, 5, 1}}};
  return image;
}

std::vector<JournalRecord> History() {
  const std::string queue = "prompts.main";
  const std::vector<ChangeOf> changes = {
      StartChange{3, 2},
      QueueChange{queue, true, {{{7, 1}, 1}}},
      TaskChange{Image(queue, 1)},
      TaskChange{OldImage(2)},
      TaskChange{Image(queue, 5)},
      RememberedChange{queue, {{{7, 1, 3, 0}, {2, 4}}, {{7, 1, 4, 0}, {}}}},
      LeaseChange{queue, {{{7, 1, 1, 0}, {9, {3, 1}, false}}, {{7, 1, 2, 0}, {9, {3, 2}, true}}}},
      FailureChange{queue, {7, 1, 5, 0}, "fails"},
      EmitChange{queue, {7, 1, 1, 0}, {{7, 1, 1, 1}}, {Image("rollouts.main", 8)}},
      SettleChange{queue, {7, 1, 1, 0}, {3, 1}, {Image("rollouts.main", 9)}},
      EndChange{queue, {7, 1, 5, 0}, true, {ObituaryImage()}},
      StartChange{4, 2}};
  std::vector<JournalRecord> records;
  for (const ChangeOf& what : changes) {
    const uint64_t sequence = records.size() + 1;
    records.push_back(EncodeChange({sequence, Time(Seconds(static_cast<double>(sequence))), what}));
  }
  return records;
}

std::string Contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// What a writer with small segments leaves of the history.
std::vector<std::string> Segments(size_t records) {
  const TestFolder folder;
  uint64_t key = 0;
  journal::JournalWriter::Options options;
  options.directory = folder.path();
  options.segment_bytes = 3072;
  options.files = &RealFiles();
  options.random = [&key] { return ++key; };
  journal::JournalWriter writer(options, {});
  std::vector<JournalRecord> history = History();
  history.resize(records);
  for (JournalRecord& record : history) {
    writer.Add({std::move(record)});
    FUZZ_CHECK(writer.Commit());
  }
  FUZZ_CHECK(writer.CommitMarker());
  std::vector<std::string> segments;
  for (;;) {
    const uint64_t number = segments.size() + 1;
    const auto path = folder.path() / journal::SegmentName(number, number);
    if (!std::filesystem::exists(path)) return segments;
    segments.push_back(Contents(path));
  }
}

}  // namespace

void SeedJournal(const Corpus& corpus) {
  const std::vector<JournalRecord> history = History();
  for (size_t i = 0; i < history.size(); ++i) {
    corpus.Seed("journal_change", std::to_string(i), JoinRecords({history[i]}));
  }
  for (const size_t records : {4, 7, 12}) {
    const std::vector<JournalRecord> part(history.begin(),
                                          history.begin() + static_cast<ptrdiff_t>(records));
    corpus.Seed("journal_restore", std::to_string(records), JoinRecords(part));
    for (const bool verify : {true, false}) {
      corpus.Seed("journal_segments",
                  std::to_string(records) + (verify ? "-verified" : "-unverified"),
                  JoinSegments(Segments(records), verify));
    }
  }
}

}  // namespace cohort
