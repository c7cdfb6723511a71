#include "libs/checkpoint/weights_buffer.h"

#include <sys/mman.h>

namespace cohort {
namespace {

constexpr uint64_t kAlignment = 64;

// Weights that touch the one before them.
bool ContinuesFusedSet(std::string_view name) {
  return name.ends_with(".k_proj.weight") || name.ends_with(".v_proj.weight") ||
         name.ends_with(".up_proj.weight");
}

uint64_t AlignUp(uint64_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

TensorManifest ManifestFor(const ModelConfig& config, DType dtype) {
  TensorManifest manifest;
  uint64_t offset = 0;
  for (auto& [name, shape] : config.Weights()) {
    TensorEntry entry;
    entry.name = name;
    entry.dtype = dtype;
    entry.shape = shape;
    entry.bytes = static_cast<uint64_t>(DTypeBytes(dtype));
    for (int64_t size : shape) entry.bytes *= static_cast<uint64_t>(size);
    entry.offset = ContinuesFusedSet(name) ? offset : AlignUp(offset);
    offset = entry.offset + entry.bytes;
    manifest.tensors.push_back(std::move(entry));
  }
  manifest.total_bytes = AlignUp(offset);
  return manifest;
}

Status CheckManifest(const TensorManifest& manifest) {
  uint64_t end = 0;
  for (const TensorEntry& entry : manifest.tensors) {
    const std::string where = "manifest: tensor \"" + entry.name + "\"";
    const int64_t element = DTypeBytes(entry.dtype);
    if (element == 0) return InvalidArgument(where + " has an unknown dtype");
    auto elements = ElementsOf(entry.shape);
    if (!elements.ok()) return elements.status().WithContext(where);
    int64_t bytes = 0;
    if (__builtin_mul_overflow(*elements, element, &bytes) ||
        static_cast<uint64_t>(bytes) != entry.bytes) {
      return InvalidArgument(where + ": its bytes do not fit its shape " +
                             ShapeToString(entry.shape));
    }
    if (entry.offset % static_cast<uint64_t>(element) != 0) {
      return InvalidArgument(where + " lies unaligned");
    }
    if (entry.offset < end) return InvalidArgument(where + " overlaps the one before it");
    if (entry.offset > manifest.total_bytes || entry.bytes > manifest.total_bytes - entry.offset) {
      return InvalidArgument(where + " ends behind the buffer");
    }
    end = entry.offset + entry.bytes;
  }
  return {};
}

std::shared_ptr<std::byte[]> AllocateWeights(uint64_t bytes) {
  const uint64_t size = bytes == 0 ? kAlignment : bytes;
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  return {static_cast<std::byte*>(memory), [size](std::byte* mapped) { munmap(mapped, size); }};
}

}  // namespace cohort
