#include "tests/broker/journal/faulty_files.h"

#include <algorithm>
#include <cstring>

namespace cohort::testing {
namespace {

constexpr size_t kSector = 512;

Status FailureOf(Fault fault) {
  return fault == Fault::kNoSpace ? ResourceExhausted("no space left on the device (injected)")
                                  : Unavailable("input/output error (injected)");
}

void Put(std::string& bytes, uint64_t offset, std::string_view data) {
  if (data.empty()) return;
  if (bytes.size() < offset + data.size()) bytes.resize(offset + data.size());
  std::memcpy(bytes.data() + offset, data.data(), data.size());
}

// Some of the sectors that a write touches reach the disk.
void PutSomeSectors(std::string& bytes, uint64_t offset, std::string_view data, Rng& random) {
  while (!data.empty()) {
    const size_t size = std::min<size_t>(kSector - offset % kSector, data.size());
    if (random.Below(2) == 0) Put(bytes, offset, data.substr(0, size));
    offset += size;
    data.remove_prefix(size);
  }
}

void Apply(const MemoryFile::Change& change, std::string& bytes, Rng* random) {
  if (!change.is_write) {
    if (!random || random->Below(4) != 0) bytes.resize(change.offset);
  } else if (random) {
    PutSomeSectors(bytes, change.offset, change.data, *random);
  } else {
    Put(bytes, change.offset, change.data);
  }
}

}  // namespace

class FaultyFile : public File {
 public:
  FaultyFile(FaultyFiles& files, FaultyFiles::FilePointer file)
      : files_(files), file_(std::move(file)) {}

  Result<size_t> WriteAt(uint64_t offset, std::span<const iovec> pieces) override {
    std::string data;
    for (const iovec& piece : pieces) {
      data.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    const PendingWrite write{file_.get(), offset, data};
    const Fault fault = files_.Ask(Operation::kWrite, &write);
    if (fault == Fault::kFail || fault == Fault::kNoSpace) return FailureOf(fault);
    const uint64_t grown =
        offset + data.size() > file_->live.size() ? offset + data.size() - file_->live.size() : 0;
    if (files_.UsedBytes() + grown > files_.space) return FailureOf(Fault::kNoSpace);
    if (fault == Fault::kShort) data.resize(1 + files_.random_.Below(data.size()));
    Put(file_->live, offset, data);
    const size_t size = data.size();
    file_->pending.push_back({true, offset, std::move(data)});
    return size;
  }

  Result<size_t> ReadAt(uint64_t offset, std::span<char> into) override {
    if (offset >= file_->live.size()) return size_t{0};
    const size_t size = std::min<size_t>(into.size(), file_->live.size() - offset);
    for (const uint64_t bad : file_->unreadable) {
      if (bad >= offset && bad < offset + size) return FailureOf(Fault::kFail);
    }
    std::memcpy(into.data(), file_->live.data() + offset, size);
    return size;
  }

  Result<uint64_t> Size() override { return uint64_t{file_->live.size()}; }

  Status Preallocate(uint64_t bytes) override {
    const Fault fault = files_.Ask(Operation::kAllocate);
    if (fault != Fault::kNone) return FailureOf(fault);
    if (bytes <= file_->live.size()) return {};
    if (files_.UsedBytes() + bytes - file_->live.size() > files_.space) {
      return FailureOf(Fault::kNoSpace);
    }
    Resize(bytes);
    return {};
  }

  Status DataSync() override {
    const Fault fault = files_.Ask(Operation::kDataSync);
    if (fault != Fault::kNone) {
      for (const auto& change : file_->pending) Apply(change, file_->durable, &files_.random_);
      file_->pending.clear();
      return FailureOf(fault);
    }
    for (const auto& change : file_->pending) Apply(change, file_->durable, nullptr);
    file_->pending.clear();
    return {};
  }

  Status Truncate(uint64_t bytes) override {
    const Fault fault = files_.Ask(Operation::kTruncate);
    if (fault != Fault::kNone) return FailureOf(fault);
    Resize(bytes);
    return {};
  }

 private:
  void Resize(uint64_t bytes) {
    file_->live.resize(bytes);
    file_->pending.push_back({false, bytes, {}});
  }

  FaultyFiles& files_;
  const FaultyFiles::FilePointer file_;
};

FaultyFiles::FaultyFiles(uint64_t seed, const Image& image) : random_(seed) {
  for (const auto& [path, bytes] : image) {
    auto file = std::make_shared<MemoryFile>();
    file->live = file->durable = *bytes;
    live_[path] = durable_[path] = std::move(file);
  }
}

Image FaultyFiles::AfterPowerCut(const PendingWrite* write, size_t bytes, Rng* random) const {
  const Names* names = &live_;
  Names survived;
  if (random && !pending_.empty()) {
    survived = durable_;
    const size_t count = random->Below(pending_.size() + 1);
    for (size_t i = 0; i < count; ++i) Apply(pending_[i], survived);
    names = &survived;
  }
  Image image;
  for (const auto& [path, file] : *names) {
    const bool torn = write && write->file == file.get();
    if (file->pending.empty() && !torn) {
      image[path] = std::shared_ptr<const std::string>(file, &file->durable);
      continue;
    }
    auto content = std::make_shared<std::string>(file->durable);
    for (const auto& change : file->pending) testing::Apply(change, *content, random);
    if (torn) {
      const std::string_view data = write->data.substr(0, bytes);
      if (random) {
        PutSomeSectors(*content, write->offset, data, *random);
      } else {
        Put(*content, write->offset, data);
      }
    }
    image[path] = std::move(content);
  }
  return image;
}

Image FaultyFiles::AfterKill() const {
  Image image;
  for (const auto& [path, file] : live_) {
    image[path] = std::shared_ptr<const std::string>(file, &file->live);
  }
  return image;
}

MemoryFile* FaultyFiles::Find(const std::string& path) {
  const auto file = live_.find(path);
  return file == live_.end() ? nullptr : file->second.get();
}

uint64_t FaultyFiles::UsedBytes() const {
  uint64_t bytes = 0;
  for (const auto& [path, file] : live_) bytes += file->live.size();
  return bytes;
}

Fault FaultyFiles::Ask(Operation operation, const PendingWrite* write) {
  if (before_change) before_change(write);
  return fault ? fault(operation) : Fault::kNone;
}

void FaultyFiles::Apply(const NameChange& change, Names& names) {
  if (!change.removed.empty()) names.erase(change.removed);
  if (!change.added.empty()) names[change.added] = change.file;
}

void FaultyFiles::Change(NameChange change) {
  Apply(change, live_);
  pending_.push_back(std::move(change));
}

Result<std::unique_ptr<File>> FaultyFiles::Create(const std::filesystem::path& path) {
  // Truncates what is there, as open(2) does: the file keeps its identity.
  if (const auto found = live_.find(path.string()); found != live_.end()) {
    auto file = std::make_unique<FaultyFile>(*this, found->second);
    COHORT_RETURN_IF_ERROR(file->Truncate(0));
    return std::unique_ptr<File>(std::move(file));
  }
  if (before_change) before_change(nullptr);
  auto content = std::make_shared<MemoryFile>();
  Change({"", path.string(), content});
  return std::unique_ptr<File>(std::make_unique<FaultyFile>(*this, std::move(content)));
}

Result<std::unique_ptr<File>> FaultyFiles::Open(const std::filesystem::path& path) {
  const auto file = live_.find(path.string());
  if (file == live_.end()) return NotFound("no file " + path.string());
  return std::unique_ptr<File>(std::make_unique<FaultyFile>(*this, file->second));
}

Status FaultyFiles::Rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  const Fault fault = Ask(Operation::kRename);
  if (fault != Fault::kNone) return FailureOf(fault);
  const auto file = live_.find(from.string());
  if (file == live_.end()) return NotFound("no file " + from.string());
  Change({from.string(), to.string(), file->second});
  return {};
}

Status FaultyFiles::Remove(const std::filesystem::path& path) {
  const Fault fault = Ask(Operation::kRemove);
  if (fault != Fault::kNone) return FailureOf(fault);
  if (!live_.contains(path.string())) return NotFound("no file " + path.string());
  Change({path.string(), "", nullptr});
  return {};
}

Status FaultyFiles::SyncDirectory(const std::filesystem::path&) {
  const Fault fault = Ask(Operation::kSyncDirectory);
  if (fault != Fault::kNone) return FailureOf(fault);
  for (const NameChange& change : pending_) Apply(change, durable_);
  pending_.clear();
  return {};
}

Result<std::vector<std::string>> FaultyFiles::List(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (const auto& [path, file] : live_) {
    const std::filesystem::path entry(path);
    if (entry.parent_path() == directory) names.push_back(entry.filename().string());
  }
  return names;
}

Result<std::unique_ptr<DirectoryLock>> FaultyFiles::Lock(const std::filesystem::path&) {
  return std::make_unique<DirectoryLock>();
}

}  // namespace cohort::testing
