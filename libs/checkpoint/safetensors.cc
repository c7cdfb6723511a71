#include "libs/checkpoint/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "libs/base/files.h"

namespace cohort {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kMostHeaderBytes = 100'000'000;  // the format's own bound
constexpr std::string_view kCure = "; write or download the file again";

struct Mapping {
  std::shared_ptr<const void> memory;
  std::span<const std::byte> bytes;
};

Result<Mapping> MapFile(const std::filesystem::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const StatusCode code = errno == ENOENT ? StatusCode::kNotFound : StatusCode::kUnavailable;
    return Status(code, "cannot read " + path.string() + ": " + std::strerror(errno));
  }
  struct stat facts = {};
  if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    close(fd);
    return InvalidArgument("cannot read " + path.string() + ": it is not a regular file");
  }
  const auto size = static_cast<size_t>(facts.st_size);
  if (size < kLengthBytes) {
    close(fd);
    return DataLoss(path.string() + " holds " + std::to_string(size) +
                    " bytes, too few for a safetensors file" + std::string(kCure));
  }
  void* address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  const int error = errno;
  close(fd);
  if (address == MAP_FAILED) {
    return Unavailable("cannot map " + path.string() + ": " + std::strerror(error));
  }
  std::shared_ptr<const void> memory(
      address, [size](const void* mapped) { munmap(const_cast<void*>(mapped), size); });
  return Mapping{std::move(memory), {static_cast<const std::byte*>(address), size}};
}

// One entry of the header. `data` is what follows the header.
Result<TensorView> ParseEntry(const std::string& name, const Json& entry,
                              std::span<const std::byte> data) {
  const std::string where = "tensor \"" + name + "\"";
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets") || !entry["dtype"].is_string() ||
      !entry["shape"].is_array() || !entry["data_offsets"].is_array() ||
      entry["data_offsets"].size() != 2) {
    return DataLoss(where + " lacks a proper dtype, shape or data_offsets");
  }
  TensorView tensor;
  tensor.name = name;
  auto dtype = ParseDType(entry["dtype"].get<std::string>());
  if (!dtype.ok()) return dtype.status().WithContext(where);
  tensor.dtype = *dtype;
  for (const Json& size : entry["shape"]) {
    if (!size.is_number_integer()) return DataLoss(where + " has a shape that is not of integers");
    tensor.shape.push_back(size.get<int64_t>());
  }
  auto elements = ElementsOf(tensor.shape);
  if (!elements.ok()) return elements.status().WithContext(where);
  for (const Json& offset : entry["data_offsets"]) {
    if (!offset.is_number_unsigned()) return DataLoss(where + " has offsets that are no integers");
  }
  const auto begin = entry["data_offsets"][0].get<uint64_t>();
  const auto end = entry["data_offsets"][1].get<uint64_t>();
  if (end < begin) return DataLoss(where + " ends before it begins");
  if (end > data.size()) {
    return DataLoss(where + " ends at byte " + std::to_string(end) + " of the data, which has " +
                    std::to_string(data.size()) + ": the file is cut short");
  }
  int64_t expected = 0;
  if (__builtin_mul_overflow(*elements, DTypeBytes(tensor.dtype), &expected) ||
      static_cast<uint64_t>(expected) != end - begin) {
    return DataLoss(where + " of dtype " + std::string(DTypeName(tensor.dtype)) + " and shape " +
                    ShapeToString(tensor.shape) + " occupies " + std::to_string(end - begin) +
                    " bytes, not " + std::to_string(expected));
  }
  tensor.bytes = data.subspan(begin, end - begin);
  return tensor;
}

// The tensors fill the data: no overlap, no hole, nothing behind the last.
Status CheckLayout(std::vector<TensorView>& tensors, std::span<const std::byte> data) {
  std::stable_sort(tensors.begin(), tensors.end(), [](const TensorView& a, const TensorView& b) {
    return std::pair(a.bytes.data(), a.bytes.size()) < std::pair(b.bytes.data(), b.bytes.size());
  });
  const std::byte* next = data.data();
  for (const TensorView& tensor : tensors) {
    if (tensor.bytes.data() < next) {
      return DataLoss("tensor \"" + tensor.name + "\" overlaps the one before it");
    }
    if (tensor.bytes.data() > next) {
      return DataLoss("there is a hole before tensor \"" + tensor.name + "\"");
    }
    next += tensor.bytes.size();
  }
  const auto behind = data.data() + data.size() - next;
  if (behind > 0) {
    return DataLoss("there are " + std::to_string(behind) + " bytes behind the last tensor");
  }
  return {};
}

std::string HeaderFor(std::span<const TensorView> tensors,
                      const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const TensorView& tensor : tensors) {
    header[tensor.name] = {{"dtype", DTypeName(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');
  return text;
}

Status CheckForWriting(std::span<const TensorView> tensors) {
  std::set<std::string_view> names;
  for (const TensorView& tensor : tensors) {
    const std::string where = "tensor \"" + tensor.name + "\"";
    if (tensor.name == "__metadata__" || !names.insert(tensor.name).second) {
      return InvalidArgument(where + ": its name is taken");
    }
    auto elements = ElementsOf(tensor.shape);
    if (!elements.ok()) return elements.status().WithContext(where);
    const int64_t element = DTypeBytes(tensor.dtype);
    if (element == 0 ||
        static_cast<uint64_t>(*elements) * static_cast<uint64_t>(element) != tensor.bytes.size()) {
      return InvalidArgument(where + ": its bytes do not fit its shape");
    }
  }
  return {};
}

Status WriteAll(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const StatusCode code =
          errno == ENOSPC ? StatusCode::kResourceExhausted : StatusCode::kUnavailable;
      return Status(code, std::strerror(errno));
    }
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

}  // namespace

Result<SafetensorsFile> SafetensorsFile::Open(const std::filesystem::path& path) {
  COHORT_ASSIGN_OR_RETURN(Mapping mapping, MapFile(path));
  const auto fail = [&](const Status& status) {
    return DataLoss(path.string() + ": " + status.message() + std::string(kCure));
  };
  uint64_t header_bytes = 0;
  for (size_t i = kLengthBytes; i-- > 0;) {
    header_bytes = header_bytes << 8 | std::to_integer<uint64_t>(mapping.bytes[i]);
  }
  if (header_bytes > kMostHeaderBytes || header_bytes > mapping.bytes.size() - kLengthBytes) {
    return fail(DataLoss("its header would be " + std::to_string(header_bytes) +
                         " bytes long, the file has " + std::to_string(mapping.bytes.size())));
  }
  const auto* text = reinterpret_cast<const char*>(mapping.bytes.data()) + kLengthBytes;
  const Json header = Json::parse(text, text + header_bytes, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) return fail(DataLoss("its header is not a JSON object"));

  SafetensorsFile file;
  file.path_ = path;
  const auto data = mapping.bytes.subspan(kLengthBytes + header_bytes);
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      if (!entry.is_object()) return fail(DataLoss("its __metadata__ is not an object"));
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) return fail(DataLoss("its __metadata__ holds more than strings"));
        file.metadata_[key] = value.get<std::string>();
      }
      continue;
    }
    auto tensor = ParseEntry(name, entry, data);
    if (!tensor.ok()) return fail(tensor.status());
    file.tensors_.push_back(*std::move(tensor));
  }
  if (Status status = CheckLayout(file.tensors_, data); !status.ok()) return fail(status);
  file.mapping_ = std::move(mapping.memory);
  return file;
}

Result<TensorView> SafetensorsFile::Find(std::string_view name) const {
  for (const TensorView& tensor : tensors_) {
    if (tensor.name == name) return tensor;
  }
  return NotFound(path_.string() + " has no tensor \"" + std::string(name) + "\"");
}

Status WriteSafetensors(const std::filesystem::path& path, std::span<const TensorView> given,
                        const std::map<std::string, std::string>& metadata) {
  if (Status status = CheckForWriting(given); !status.ok()) {
    return status.WithContext("cannot write " + path.string());
  }
  std::vector<TensorView> tensors(given.begin(), given.end());
  std::stable_sort(tensors.begin(), tensors.end(), [](const TensorView& a, const TensorView& b) {
    return DTypeBytes(a.dtype) > DTypeBytes(b.dtype);
  });
  const std::string header = HeaderFor(tensors, metadata);
  std::byte length[kLengthBytes];
  for (size_t i = 0; i < kLengthBytes; ++i) length[i] = std::byte(header.size() >> (8 * i) & 0xff);

  const std::filesystem::path beside = path.string() + ".partial";
  const auto fail = [&](const Status& status) {
    return status.WithContext("cannot write " + beside.string());
  };
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return fail(Unavailable(std::strerror(errno)));
  Status status = WriteAll(fd, length);
  if (status.ok()) status = WriteAll(fd, std::as_bytes(std::span(header)));
  for (const TensorView& tensor : tensors) {
    if (status.ok()) status = WriteAll(fd, tensor.bytes);
  }
  if (status.ok() && fsync(fd) != 0) status = Unavailable(std::strerror(errno));
  close(fd);
  if (status.ok() && rename(beside.c_str(), path.c_str()) != 0) {
    status = Unavailable(std::strerror(errno));
  }
  if (!status.ok()) return fail(status);
  return SyncDirectory(path.has_parent_path() ? path.parent_path() : ".");
}

}  // namespace cohort
