// Runs a fuzz target without libFuzzer: every file of its corpus, then mutations of them.
//
//   fuzz_replay_TARGET CORPUS MUTATIONS [SEED]
//
// The same arguments give the same inputs on every machine. When the target ends the process, the
// input at fault is left in TARGET.crash in the current directory.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "libs/base/rng.h"
#include "tests/fuzz/fuzz.h"

namespace cohort {
namespace {

constexpr size_t kLongest = 1 << 16;

// What the signal handler writes down.
const char* g_input = nullptr;
size_t g_input_size = 0;
char g_crash_file[256] = "fuzz.crash";

void KeepInput(int signal) {
  const int fd = open(g_crash_file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd >= 0 && write(fd, g_input, g_input_size) >= 0) {
    constexpr char kText[] = "the input at fault is kept beside the test as *.crash\n";
    static_cast<void>(!write(STDERR_FILENO, kText, sizeof(kText) - 1));
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void RunOne(const std::string& input) {
  g_input = input.data();
  g_input_size = input.size();
  // A copy that ends where the input ends, so that a sanitizer sees a read beyond it.
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::vector<std::string> ReadCorpus(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> corpus;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return corpus;
}

class Mutator {
 public:
  Mutator(const std::vector<std::string>& corpus, uint64_t seed) : corpus_(corpus), rng_(seed) {}

  std::string Next() {
    std::string input = AnyFile();
    for (uint64_t changes = 1 + rng_.Below(5); changes > 0; --changes) Change(input);
    if (input.size() > kLongest) input.resize(kLongest);
    return input;
  }

 private:
  const std::string& AnyFile() { return corpus_[rng_.Below(corpus_.size())]; }
  size_t Place(const std::string& input) { return rng_.Below(input.size() + 1); }

  // A number at which decoders change their mind, 1 to 8 bytes wide.
  void PutNumber(std::string& input) {
    static constexpr uint64_t kNumbers[] = {0,
                                            1,
                                            2,
                                            7,
                                            8,
                                            64,
                                            127,
                                            128,
                                            255,
                                            256,
                                            4096,
                                            65535,
                                            0x7fffffff,
                                            0x80000000,
                                            0xffffffff,
                                            0x7fffffffffffffff,
                                            0x8000000000000000,
                                            UINT64_MAX};
    const uint64_t number = kNumbers[rng_.Below(std::size(kNumbers))] + rng_.Below(3) - 1;
    const size_t width = size_t{1} << rng_.Below(4);
    if (input.size() < width) return;
    const size_t at = rng_.Below(input.size() - width + 1) / width * width;
    std::memcpy(input.data() + at, &number, width);
  }

  void Change(std::string& input) {
    const size_t at = Place(input);
    switch (rng_.Below(8)) {
      case 0:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << rng_.Below(8)));
        return;
      case 1:
        if (at < input.size()) input[at] = static_cast<char>(rng_.Next());
        return;
      case 2:
        return PutNumber(input);
      case 3:  // whole words go, so that those behind stay aligned
        input.erase(at / 8 * 8, 8 * (1 + rng_.Below(4)));
        return;
      case 4:
        input.insert(at / 8 * 8, std::string(8 * (1 + rng_.Below(4)), '\0'));
        return;
      case 5: {  // a piece of another file
        const std::string& other = AnyFile();
        const size_t from = rng_.Below(other.size() + 1);
        const std::string piece = other.substr(from, 1 + rng_.Below(64));
        if (rng_.Below(2) == 0) {
          input.insert(at, piece);
        } else {
          input.replace(at, std::min(piece.size(), input.size() - at), piece);
        }
        return;
      }
      case 6:  // a piece of itself, again
        input.insert(at, input.substr(rng_.Below(input.size() + 1), 1 + rng_.Below(32)));
        return;
      default:
        if (rng_.Below(4) == 0) input.resize(at);
        return;
    }
  }

  const std::vector<std::string>& corpus_;
  Rng rng_;
};

}  // namespace
}  // namespace cohort

int main(int argc, char** argv) {
  using namespace cohort;
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s CORPUS MUTATIONS [SEED]\n", argv[0]);
    return 2;
  }
  const std::filesystem::path folder(argv[1]);
  std::snprintf(g_crash_file, sizeof(g_crash_file), "%s.crash", folder.filename().c_str());
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    std::signal(signal, KeepInput);
  }
  const std::vector<std::string> corpus = ReadCorpus(folder);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s holds no corpus: run fuzz_make_corpus\n", argv[1]);
    return 1;
  }
  RunOne("");
  for (const std::string& input : corpus) RunOne(input);
  const uint64_t mutations = std::strtoull(argv[2], nullptr, 10);
  Mutator mutator(corpus, argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1);
  for (uint64_t i = 0; i < mutations; ++i) RunOne(mutator.Next());
  std::printf("%s: %zu files and %llu mutations\n", folder.filename().c_str(), corpus.size(),
              static_cast<unsigned long long>(mutations));
  return 0;
}
