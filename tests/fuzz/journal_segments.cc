// The files of a journal's directory, read after a crash.
//
// The input is one to three segments: eight bytes (their number; whether checks are verified, since
// hardly a mutation keeps them; the sizes of the first two, 24 bits each), then their bytes.
#include <algorithm>
#include <cstring>
#include <map>

#include "broker/journal/journal_reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/segments.h"

namespace cohort {
namespace {

class ReadOnlyFile : public File {
 public:
  explicit ReadOnlyFile(std::string_view bytes) : bytes_(bytes) {}
  Result<size_t> WriteAt(uint64_t, std::span<const iovec>) override { return Refused(); }
  Result<size_t> ReadAt(uint64_t offset, std::span<char> into) override {
    if (offset >= bytes_.size()) return size_t{0};
    const std::string_view from = bytes_.substr(offset, into.size());
    std::memcpy(into.data(), from.data(), from.size());
    return from.size();
  }
  Result<uint64_t> Size() override { return uint64_t{bytes_.size()}; }
  Status Preallocate(uint64_t) override { return Refused(); }
  Status DataSync() override { return Refused(); }
  Status Truncate(uint64_t) override { return Refused(); }

 private:
  static Status Refused() { return Unavailable("read only"); }
  const std::string_view bytes_;
};

// Reading a journal must not need to write but for the damage that it keeps aside, which may fail.
class ReadOnlyFiles : public FileLayer {
 public:
  explicit ReadOnlyFiles(const std::map<std::string, std::string_view>& files) : files_(files) {}
  Result<std::unique_ptr<File>> Create(const std::filesystem::path&) override { return Refused(); }
  Result<std::unique_ptr<File>> Open(const std::filesystem::path& path) override {
    const auto found = files_.find(path.filename().string());
    if (found == files_.end()) return NotFound("no such file");
    return std::unique_ptr<File>(std::make_unique<ReadOnlyFile>(found->second));
  }
  Status Rename(const std::filesystem::path&, const std::filesystem::path&) override {
    return Refused();
  }
  Status Remove(const std::filesystem::path&) override { return Refused(); }
  Status MakeDirectories(const std::filesystem::path&) override { return Refused(); }
  Status SyncDirectory(const std::filesystem::path&) override { return Refused(); }
  Result<std::vector<std::string>> List(const std::filesystem::path&) override {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : files_) names.push_back(name);
    return names;
  }
  Result<std::unique_ptr<DirectoryLock>> Lock(const std::filesystem::path&) override {
    return Refused();
  }

 private:
  static Status Refused() { return Unavailable("read only"); }
  const std::map<std::string, std::string_view>& files_;
};

}  // namespace
}  // namespace cohort

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort;
  bool verify = true;
  const std::map<std::string, std::string_view> segments =
      SplitSegments(FuzzBytes(data, size), verify);
  ReadOnlyFiles files(segments);
  uint64_t last = 0;
  uint64_t records = 0;
  const auto apply = [&](const RecoveredRecord& record) {
    FUZZ_CHECK(record.sequence > last);
    FUZZ_CHECK(record.type >= kFirstRecordType);
    FUZZ_CHECK(record.head.size() + record.bodies.size() <= size);
    last = record.sequence;
    ++records;
    return Status();
  };
  const Result<journal::ReadResult> read =
      journal::ReadJournal({"/journal", &files, verify}, apply, nullptr);
  if (!read.ok()) {
    CheckOneLine(read.status());
    return 0;
  }
  FUZZ_CHECK(read->report.records == records);
  FUZZ_CHECK(read->tail.from <= read->tail.to);
  FUZZ_CHECK(read->report.last_sequence >= last);
  for (const std::string& line : read->report.Lines()) {
    FUZZ_CHECK(line.find('\n') == std::string::npos);
  }
  return 0;
}
