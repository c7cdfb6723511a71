// The input as a file in memory, for decoders that read files. One for each process.
#pragma once

#include <string>
#include <string_view>

namespace cohort {

class InputFile {
 public:
  InputFile();
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  // The file holds these bytes from now on, and nothing else.
  void Write(std::string_view bytes);
  const std::string& path() const { return path_; }

 private:
  int fd_ = -1;
  std::string path_;
};

}  // namespace cohort
