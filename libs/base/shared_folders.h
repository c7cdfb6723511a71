// Folders that are made once and then only read, shared by the processes of a machine.
//
// A folder appears whole, by rename, and is never changed afterwards. When there are more than
// `most`, the least recently used go that nobody holds.
// Safe from any thread and process.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "libs/base/descriptor.h"
#include "libs/base/status.h"

namespace cohort {

// Stays where it is while this lives.
class SharedFolder {
 public:
  SharedFolder(std::filesystem::path path, Descriptor lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  Descriptor lock_;  // shared
};

class SharedFolders {
 public:
  // `folder` is made, for this user alone; it holds nothing else.
  static Result<std::unique_ptr<SharedFolders>> Open(const std::filesystem::path& folder,
                                                     size_t most);
  // Below the temporary folder, with the user's id in its name: `what` is a word.
  static std::filesystem::path Default(const std::string& what);

  // The folder of this name, a plain one. Where there is none, `make` first fills an empty one
  // whose path it is given, while others wait for it, until `give_up` says that they do not any
  // more.
  Result<std::shared_ptr<const SharedFolder>> Get(
      const std::string& name, const std::function<Status(const std::filesystem::path&)>& make,
      const std::function<bool()>& give_up = {});

 private:
  SharedFolders(std::filesystem::path folder, size_t most)
      : folder_(std::move(folder)), most_(most) {}
  void RemoveSome();

  const std::filesystem::path folder_;
  const size_t most_;
};

}  // namespace cohort
