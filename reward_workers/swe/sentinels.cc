#include "reward_workers/swe/sentinels.h"

#include <algorithm>
#include <set>

#include "libs/base/rng.h"

namespace cohort {
namespace {

constexpr size_t kPerFile = 2;
constexpr size_t kMostWords = 200;

// What fails in one way each; the first kAsserting ones by an assertion.
constexpr size_t kAsserting = 5;
constexpr const char* kBodies[] = {
    "    values = [3, 1, 2]\n    assert sorted(values) == [3, 2, 1]\n",
    "    text = 'a,b'\n    assert text.split(',') == ['a', 'b', 'c']\n",
    "    assert len({1, 2, 2}) == 3\n",
    "    assert not any([True, False])\n",
    "    assert [x * 2 for x in range(3)] == [0, 2, 5]\n",
    "    table = {'a': 1}\n    table['b']\n",
    "    raise ValueError('not supported')\n",
};

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Names of functions that begin with test_.
std::vector<std::string> TestNames(const std::string& file) {
  constexpr std::string_view kDef = "def test_";
  std::vector<std::string> names;
  for (size_t at = file.find(kDef); at != std::string::npos && names.size() < kMostWords;
       at = file.find(kDef, at + 1)) {
    size_t end = at + 4;
    while (end < file.size() && IsWordByte(file[end])) ++end;
    names.push_back(file.substr(at + 4, end - at - 4));
  }
  return names;
}

std::vector<std::string> WordsOf(const std::vector<std::string>& names) {
  std::vector<std::string> words;
  for (const std::string& name : names) {
    for (size_t begin = 5; begin < name.size();) {
      const size_t end = std::min(name.find('_', begin), name.size());
      if (end > begin) words.push_back(name.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  if (words.empty()) words = {"values", "empty", "order", "nested", "default"};
  return words;
}

}  // namespace

Sentinels MakeSentinels(const std::string& test_file, uint64_t seed) {
  Rng rng(seed);
  const std::vector<std::string> names = TestNames(test_file);
  const std::vector<std::string> words = WordsOf(names);
  std::set<std::string> taken(names.begin(), names.end());
  Sentinels sentinels;
  size_t body = rng.Below(kAsserting);
  while (sentinels.names.size() < kPerFile) {
    std::string name =
        "test_" + words[rng.Below(words.size())] + "_" + words[rng.Below(words.size())];
    while (!taken.insert(name).second) name += std::to_string(rng.Below(10));
    sentinels.source += "\n\ndef " + name + "():\n" + kBodies[body];
    sentinels.names.push_back(std::move(name));
    body = (body + 1 + rng.Below(std::size(kBodies) - 1)) % std::size(kBodies);
  }
  return sentinels;
}

}  // namespace cohort
