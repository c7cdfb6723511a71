#include "libs/scoring/hollow.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

namespace cohort {
namespace {

// What announces an answer.
constexpr std::string_view kAnnouncements[] = {
    "answer", "answers", "answer is", "final answer", "final answer is", "correct answer",
    "correct answer is", "solution", "solution is", "final solution", "explanation", "response",
    "thought process", "thinking process", "reasoning process", "step by step", "let's solve this",
    "let's solve this problem", "let's solve the problem", "let us solve this problem",
    "let's think", "let us think", "let's think about this", "let me think", "let's begin",
    "let's start", "to solve this", "to solve this problem", "we need to solve",
    "we need to solve this problem", "let's solve it", "let's break it down",
    "let's break this down", "reasoning", "result is", "answer to the question is",
    "i think the answer is",
    // Chinese. Without "答案是": "答案：是" is an answer.
    "解", "解答", "答", "答案", "答案为", "答案為", "最终答案", "最終答案", "解析", "解题过程",
    "解題過程", "思考过程", "思考過程", "让我们一步一步地解决这个问题", "让我们一步一步思考",
    "让我们一步步思考",
    // Japanese
    "かいせつ", "正解は", "解説", "答え", "答えは", "こたえ", "回答", "最終的な答え",
    "思考プロセス",
    // Spanish, Portuguese, Italian, French, German
    "respuesta", "respuesta es", "respuesta final", "respuesta final es", "solución",
    "proceso de pensamiento", "resposta", "resposta é", "resposta final", "solução", "risposta",
    "risposta è", "risposta finale", "soluzione", "réponse", "réponse est", "réponse finale",
    "lösung", "antwort", "antwort ist", "antwort lautet",
    // Russian, Korean, Arabic
    "ответ", "решение", "окончательный ответ", "답", "정답", "정답은", "해설", "풀이", "الجواب",
    "الإجابة", "الحل"};

// What may stand before them. Behind them it could be the answer.
constexpr std::string_view kLeadIns[] = {
    "the",   "my",     "our",  "is",        "this",      "here", "and",   "so", "thus", "therefore",
    "hence", "here's", "sure", "of course", "certainly", "okay", "below", "la", "die"};

constexpr std::string_view kTags[] = {"think",        "thinking",  "thought",  "answer",
                                      "final_answer", "reasoning", "solution", "response"};
constexpr std::string_view kCommands[] = {"boxed",  "text",   "textbf", "textit", "textrm",
                                          "mathrm", "mathbf", "mathit", "emph",   "fbox",
                                          "quad",   "qquad",  "dots",   "ldots",  "cdots"};

constexpr UChar32 kInfinity = 0x221E;
constexpr UChar32 kEmptySet = 0x2205;

bool IsMark(UChar32 c) { return (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0; }
bool IsSpoken(UChar32 c) {
  return (U_GET_GC_MASK(c) & (U_GC_L_MASK | U_GC_N_MASK)) != 0 || c == kInfinity || c == kEmptySet;
}

template <typename Take>
void ForEachCharacter(std::string_view text, Take take) {
  const auto size = static_cast<int32_t>(text.size());
  for (int32_t at = 0; at < size;) {
    UChar32 c = 0;
    const int32_t begin = at;
    U8_NEXT(text.data(), at, size, c);
    take(c < 0 ? 0xFFFD : c, text.substr(begin, at - begin));
  }
}

// Marks go first: to sort a long run of them would take ICU quadratic time.
std::string WithoutMarks(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  ForEachCharacter(text, [&](UChar32 c, std::string_view bytes) {
    if (!IsMark(c)) plain += bytes;
  });
  return plain;
}

std::string Normalized(const icu::Normalizer2* how, const std::string& text) {
  UErrorCode error = U_ZERO_ERROR;
  std::string normal;
  icu::StringByteSink<std::string> sink(&normal);
  how->normalizeUTF8(0, text, sink, nullptr, error);
  return normal;
}

// Without case, invisible characters, compatibility forms and accents.
std::string Folded(std::string_view text) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* fold = icu::Normalizer2::getNFKCCasefoldInstance(error);
  const icu::Normalizer2* apart = icu::Normalizer2::getNFDInstance(error);
  if (U_FAILURE(error)) return std::string(text);  // ICU's own data is missing: never seen
  return WithoutMarks(Normalized(apart, Normalized(fold, WithoutMarks(text))));
}

// How many bytes a tag or a command of LaTeX takes that stands here; 0 for none.
template <size_t kCount>
size_t NameAt(std::string_view text, const std::string_view (&names)[kCount],
              std::string_view end) {
  for (const std::string_view name : names) {
    if (text.starts_with(name) && text.substr(name.size()).starts_with(end)) {
      return name.size() + end.size();
    }
  }
  return 0;
}

size_t MarkupAt(std::string_view text) {
  if (text.starts_with('\\')) {
    size_t name = 1;
    while (name < text.size() && text[name] >= 'a' && text[name] <= 'z') ++name;
    return std::ranges::find(kCommands, text.substr(1, name - 1)) == std::end(kCommands) ? 0 : name;
  }
  if (!text.starts_with('<')) return 0;
  const size_t slash = text.substr(1).starts_with('/') ? 2 : 1;
  const size_t name = NameAt(text.substr(slash), kTags, ">");
  return name == 0 ? 0 : slash + name;
}

// What is spoken of a folded text, with nothing between: letters and digits.
std::string SpokenOf(std::string_view folded) {
  std::string spoken;
  size_t inside = 0;  // bytes of markup that are left
  ForEachCharacter(folded, [&](UChar32 c, std::string_view bytes) {
    if (inside == 0) {
      inside = MarkupAt(folded.substr(static_cast<size_t>(bytes.data() - folded.data())));
    }
    if (inside > 0) {
      inside -= std::min(inside, bytes.size());
    } else if (IsSpoken(c)) {
      spoken += bytes;
    }
  });
  return spoken;
}

template <size_t kCount>
std::vector<std::string> Spoken(const std::string_view (&phrases)[kCount]) {
  std::vector<std::string> spoken;
  for (const std::string_view phrase : phrases) spoken.push_back(SpokenOf(Folded(phrase)));
  return spoken;
}

// How the text up to some byte can be made of the phrases; by the last of them.
enum Made : uint8_t { kNot, kLeadIn, kAnnouncement };

}  // namespace

bool IsHollow(std::string_view text) {
  static const std::vector<std::string> announcements = Spoken(kAnnouncements);
  static const std::vector<std::string> lead_ins = Spoken(kLeadIns);
  const std::string spoken = SpokenOf(Folded(text));
  if (spoken.empty()) return true;
  std::vector<Made> made(spoken.size() + 1, kNot);
  made[0] = kLeadIn;
  for (size_t at = 0; at < spoken.size(); ++at) {
    if (made[at] == kNot) continue;
    const std::string_view rest = std::string_view(spoken).substr(at);
    for (const std::string& phrase : announcements) {
      if (rest.starts_with(phrase)) made[at + phrase.size()] = kAnnouncement;
    }
    for (const std::string& phrase : lead_ins) {
      if (!rest.starts_with(phrase)) continue;
      made[at + phrase.size()] = std::max(made[at + phrase.size()], kLeadIn);
    }
  }
  return made.back() == kAnnouncement;
}

}  // namespace cohort
