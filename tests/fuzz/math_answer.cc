// A gold answer, a line break, and a model's text: the text is searched for an answer, and both are
// read and compared.
#include "libs/math/extract.h"
#include "libs/math/judge_math.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace cohort;

void CheckJudgement(const MathJudgement& judgement) {
  const bool plain =
      judgement.verdict == MathVerdict::kEqual || judgement.verdict == MathVerdict::kDifferent;
  FUZZ_CHECK(judgement.detail.empty() == plain);
  for (const char c : judgement.detail) FUZZ_CHECK(c >= ' ' && c <= '~');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = FuzzBytes(data, size);
  const size_t line = bytes.find('\n');
  const std::string_view gold = bytes.substr(0, line);
  const std::string_view text =
      line == std::string_view::npos ? std::string_view() : bytes.substr(line + 1);
  CheckJudgement(JudgeMath(gold, text));
  CheckJudgement(JudgeMath(text, gold));
  if (const std::optional<ExtractedAnswer> answer = ExtractAnswer(text)) {
    FUZZ_CHECK(!answer->text.empty() && answer->text.size() <= text.size());
    CheckJudgement(JudgeMath(gold, answer->text));
  }
  // A valid gold is its own answer.
  const MathJudgement itself = JudgeMath(gold, gold);
  FUZZ_CHECK((itself.verdict == MathVerdict::kEqual) == CheckMathGold(gold).ok());
  return 0;
}
