// A made-up history of a journal, and the judge of what recovery makes of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/journal/journal_reader.h"
#include "broker/journal/journal_writer.h"
#include "libs/base/rng.h"
#include "tests/broker/journal/faulty_files.h"

namespace cohort::testing {

constexpr const char* kDirectory = "/journal";

// The content of record `sequence` of a broker's life: recovery must never mix lives.
inline JournalRecord MakeRecord(uint64_t sequence, uint64_t life, size_t most_bytes) {
  Rng random(RandomAt({sequence, life}));
  JournalRecord record;
  record.sequence = sequence;
  record.type = kFirstRecordType + static_cast<uint32_t>(random.Below(5));
  record.head = std::to_string(sequence) + "/" + std::to_string(life) + " ";
  record.head.append(random.Below(16), 'h');
  std::string body(random.Below(most_bytes + 1), '\0');
  for (char& c : body) c = static_cast<char>(random.Next());
  const size_t cut = random.Below(body.size() + 1);
  record.bodies.push_back(Body::Copy(std::string_view(body).substr(0, cut)));
  record.bodies.push_back(Body::Copy(std::string_view(body).substr(cut)));
  return record;
}

// What may come back: for each sequence its content, and which of them must.
class Expected {
 public:
  void Add(const JournalRecord& record) {
    std::string bytes = std::to_string(record.type) + record.head;
    for (const Body& body : record.bodies) bytes += body.view();
    if (contents_.size() <= record.sequence) contents_.resize(record.sequence + 1);
    contents_[record.sequence] = std::move(bytes);
  }
  // Those of a life that ended: a record that did not survive may be made again, with other
  // content.
  void ForgetAbove(uint64_t sequence) { contents_.resize(sequence + 1); }

  uint64_t last() const { return contents_.empty() ? 0 : contents_.size() - 1; }
  bool Is(const RecoveredRecord& record) const {
    if (record.sequence >= contents_.size()) return false;
    const std::string& bytes = contents_[record.sequence];
    const std::string type = std::to_string(record.type);
    const std::string_view view = bytes;
    return bytes.size() == type.size() + record.head.size() + record.bodies.size() &&
           view.starts_with(type) && view.substr(type.size()).starts_with(record.head) &&
           view.ends_with(record.bodies);
  }

  uint64_t confirmed = 0;    // all up to here must come back,
  uint64_t needed_from = 1;  // from here on

 private:
  std::vector<std::string> contents_;
};

// Empty when recovery is right: nothing confirmed is lost, nothing doubled, invented or out of
// order, and a crash is not taken for damage.
inline std::string JudgeRecovery(FileLayer& files, const Expected& expected, bool verify = true,
                                 journal::ReadResult* read = nullptr) {
  std::string wrong;
  uint64_t last = 0;
  const auto apply = [&](const RecoveredRecord& record) {
    if (!wrong.empty()) return Status();
    const std::string name = "record " + std::to_string(record.sequence);
    if (!expected.Is(record)) wrong = name + " has another content";
    if (last == 0 && record.sequence > expected.needed_from) wrong = name + " comes first";
    if (last != 0 && record.sequence != last + 1) {
      wrong = name + " comes after " + std::to_string(last);
    }
    last = record.sequence;
    return Status();
  };
  auto result = journal::ReadJournal({kDirectory, &files, verify}, apply, nullptr);
  if (!result.ok()) return result.status().message();
  if (!wrong.empty()) return wrong;
  if (last < expected.confirmed && expected.confirmed >= expected.needed_from) {
    return "ends with " + std::to_string(last) + " of " + std::to_string(expected.confirmed);
  }
  if (result->report.last_sequence < expected.confirmed) return "goes back in sequence";
  if (!result->report.damages.empty() || result->report.missing_records > 0) {
    return "takes a crash for damage: " + result->report.Lines().front();
  }
  if (read) *read = std::move(*result);
  return "";
}

inline journal::JournalWriter::Options WriterOptions(FileLayer& files, uint64_t segment_bytes,
                                                     uint64_t seed) {
  journal::JournalWriter::Options options;
  options.directory = kDirectory;
  options.segment_bytes = segment_bytes;
  options.files = &files;
  options.random = [random = Rng(seed)]() mutable { return random.Next(); };
  return options;
}

}  // namespace cohort::testing
