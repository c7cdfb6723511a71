// What a process of the fault harness has seen, line by line, so that kill -9 loses nothing.
//
// Each line is one write(2) to a file opened for appending: it is in the page cache, and thereby
// safe from the death of its writer, before the process does the next thing. A line that a kill has
// cut short is ended on reopening, and ignored by readers. One thread.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace cohort::faults {

class History {
 public:
  using Words = std::vector<std::string>;

  // Opens, or makes, the file.
  explicit History(const std::string& path)
      : path_(path),
        descriptor_(open(path.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0) {
      std::perror(path.c_str());
      std::exit(2);
    }
  }
  History(const History&) = delete;
  ~History() { close(descriptor_); }

  // The lines so far, in words: "put 3 17 ." is {"put", "3", "17"}. Whole lines end in a dot.
  std::vector<Words> Read() {
    std::vector<Words> lines;
    std::ifstream file(path_);
    bool whole = true;
    for (std::string line; std::getline(file, line);) {
      whole = !file.eof();
      std::istringstream text(line);
      Words words;
      for (std::string word; text >> word;) words.push_back(std::move(word));
      if (!words.empty() && words.back() == ".") {
        words.pop_back();
        lines.push_back(std::move(words));
      }
    }
    if (!whole) Write("\n");
    return lines;
  }

  // Several lines with one write.
  void Write(const std::string& lines) {
    size_t done = 0;
    while (done < lines.size()) {
      const ssize_t count = write(descriptor_, lines.data() + done, lines.size() - done);
      if (count < 0) {
        std::perror(path_.c_str());
        std::exit(2);
      }
      done += static_cast<size_t>(count);
    }
  }
  template <typename... Words>
  void Note(const Words&... words) {
    Write(Line(words...));
  }
  void Sync() { fdatasync(descriptor_); }

  template <typename... Words>
  static std::string Line(const Words&... words) {
    std::string line;
    ((line += Text(words), line += ' '), ...);
    return line + ".\n";
  }

 private:
  static std::string Text(const char* word) { return word; }
  static std::string Text(const std::string& word) { return word; }
  static std::string Text(uint64_t word) { return std::to_string(word); }

  const std::string path_;
  const int descriptor_;
};

}  // namespace cohort::faults
