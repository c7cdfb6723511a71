// safetensors files: https://huggingface.co/docs/safetensors — eight bytes of header length, a JSON
// header (name → dtype, shape, data_offsets), the tensors' bytes.
//
// Reading maps the file and checks all of the header before anything is handed out: length, JSON,
// types, shape × type = bytes, order, overlaps, holes, the end of the file. A damaged file is
// kDataLoss with one line that names the file and the tensor. Thread-safe once open.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "libs/checkpoint/tensor.h"

namespace cohort {

class SafetensorsFile {
 public:
  static Result<SafetensorsFile> Open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  // In the order of their bytes. The views live as long as any copy of this object; where the
  // header's length is odd, tensors lie unaligned: copy, or read them bytewise.
  const std::vector<TensorView>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  // kNotFound names the file.
  Result<TensorView> Find(std::string_view name) const;

 private:
  std::filesystem::path path_;
  std::shared_ptr<const void> mapping_;
  std::vector<TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

// Appears whole or not at all, synced. Tensors keep the given order, but those of wider elements
// come first, so that all lie aligned; names must differ and bytes fit shapes (kInvalidArgument).
Status WriteSafetensors(const std::filesystem::path& path, std::span<const TensorView> tensors,
                        const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

}  // namespace cohort
