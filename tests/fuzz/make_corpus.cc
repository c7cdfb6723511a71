// Writes the seeds of every target's corpus: valid messages and files, from which fuzzing starts.
//
//   fuzz_make_corpus tests/fuzz/corpus        (run it in the root of the repository)
//
// Files that fuzzing found are called by their digest and stay.
#include <cstdio>
#include <fstream>

#include "tests/fuzz/corpus.h"

namespace cohort {

void Corpus::Seed(const std::string& target, const std::string& name,
                  std::string_view bytes) const {
  const std::filesystem::path folder = root_ / target;
  std::filesystem::create_directories(folder);
  std::ofstream(folder / ("seed-" + name), std::ios::binary) << bytes;
}

}  // namespace cohort

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  const cohort::Corpus corpus(argv[1]);
  cohort::SeedEnvelopes(corpus);
  cohort::SeedBodies(corpus);
  cohort::SeedWeightsMessages(corpus);
  cohort::SeedFiles(corpus);
  cohort::SeedJournal(corpus);
  cohort::SeedMath(corpus);
  cohort::SeedTestLogs(corpus);
  return 0;
}
