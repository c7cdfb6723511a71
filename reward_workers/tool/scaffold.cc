#include "reward_workers/tool/scaffold.h"

#include <string_view>

#include "reward_workers/tool/scaffold_files.h"

namespace cohort {
namespace {

// Two right ones, a wrong one.
constexpr char kRows[] =
    R"({"prompt": "What is 6 times 7?", "completion": "6 times 7 is 42.\nAnswer: 42", "answer": "42", "expected": 1}
{"prompt": "Which city is the capital of France?", "completion": "It is Paris.\nAnswer: Paris", "answer": "Paris", "expected": 1}
{"prompt": "What is 3 plus 4?", "completion": "3 plus 4 is 8.\nAnswer: 8", "answer": "7", "expected": 0}
)";
constexpr char kUrl[] = "http://127.0.0.1:18300/";

bool IsWord(std::string_view name) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  constexpr std::string_view kDigits = "0123456789";
  if (name.empty() || kDigits.find(name.front()) != std::string_view::npos) return false;
  for (const char c : name) {
    if (kLetters.find(c) == std::string_view::npos && kDigits.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

// The templates say NAME where the scorer's stands, and nowhere else.
std::string Named(std::string_view text, const std::string& name) {
  constexpr std::string_view kMark = "NAME";
  std::string named(text);
  for (size_t at = 0; (at = named.find(kMark, at)) != std::string::npos; at += name.size()) {
    named.replace(at, kMark.size(), name);
  }
  return named;
}

}  // namespace

Result<Scaffold> MakeScaffold(const std::string& name, ScorerTier tier) {
  if (!IsWord(name)) {
    return InvalidArgument("\"" + name + "\" is no name for a scorer: letters, digits and _, and " +
                           "no digit first");
  }
  Scaffold made;
  std::string key;
  std::string target;
  switch (tier) {
    case ScorerTier::kPython:
      made.files.push_back({name + ".py", kPythonTemplate});
      target = name + ".py";
      key = "kind = \"python\"\nsource = \"" + target + "\"\n";
      break;
    case ScorerTier::kC:
      made.files.push_back({name + ".c", Named(kCTemplate, name)});
      made.files.push_back({"cohort_scorer.h", kCHeader, /*shared=*/true});
      made.commands.push_back("cc -std=c11 -O2 -shared -fPIC -o " + name + ".so " + name + ".c");
      target = name + ".so";
      key = "kind = \"library\"\nlibrary = \"" + target + "\"\n";
      break;
    case ScorerTier::kHttp:
      made.files.push_back({name + "_server.py", Named(kServerTemplate, name)});
      made.commands.push_back("python3 " + name + "_server.py &");
      target = kUrl;
      key = "kind = \"http\"\nurl = \"" + target + "\"\n";
      break;
  }
  made.files.push_back({name + ".jsonl", kRows});
  made.commands.push_back("cohort scorer test " + target + " --rows " + name + ".jsonl");
  made.commands.push_back("cohort score " + target + " --in " + name + ".jsonl");
  made.toml = "[[scorers]]\nname = \"" + name + "\"\n" + key + "passes = true\n";
  return made;
}

}  // namespace cohort
