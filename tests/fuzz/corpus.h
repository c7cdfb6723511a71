// The parts of fuzz_make_corpus: each writes the seeds of some targets.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace cohort {

// Where seeds go: root/TARGET/seed-NAME.
class Corpus {
 public:
  explicit Corpus(std::filesystem::path root) : root_(std::move(root)) {}
  void Seed(const std::string& target, const std::string& name, std::string_view bytes) const;

 private:
  std::filesystem::path root_;
};

void SeedEnvelopes(const Corpus& corpus);
void SeedBodies(const Corpus& corpus);
void SeedWeightsMessages(const Corpus& corpus);
void SeedFiles(const Corpus& corpus);
void SeedJournal(const Corpus& corpus);
void SeedMath(const Corpus& corpus);
void SeedTestLogs(const Corpus& corpus);

}  // namespace cohort
