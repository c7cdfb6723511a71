#include "libs/scoring/language.h"

#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utext.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "libs/scoring/language_guess.h"
#include "libs/scoring/prose.h"

namespace cohort {
namespace {

constexpr size_t kJudgedLetters = 20;   // from here on CLD2 is right about a run
constexpr size_t kLettersOfARun = 300;  // beyond, text without a full stop is judged in parts
constexpr double kKanaOfJapanese = 0.2;

constexpr std::array<std::string_view, 24> kTargets = {
    "en", "zh", "ar", "cs", "de", "el", "es", "fi", "fr", "he", "hi", "hu",
    "id", "it", "ja", "ko", "nl", "pl", "pt", "ru", "sv", "th", "tr", "vi"};

// Words with which English glues sentences together: next to another script they are English.
constexpr std::array<std::string_view, 118> kEverydayEnglish = {
    "actually",  "after",  "again",     "all",     "also",  "although", "and",       "another",
    "any",       "are",    "as",        "at",      "be",    "because",  "before",    "both",
    "but",       "by",     "can",       "check",   "do",    "does",     "each",      "either",
    "else",      "every",  "few",       "finally", "first", "for",      "from",      "given",
    "good",      "has",    "have",      "hence",   "here",  "hmm",      "how",       "however",
    "if",        "in",     "indeed",    "instead", "into",  "is",       "it",        "its",
    "just",      "last",   "let",       "like",    "many",  "maybe",    "meanwhile", "more",
    "moreover",  "most",   "much",      "need",    "next",  "no",       "not",       "note",
    "now",       "of",     "ok",        "okay",    "on",    "one",      "only",      "or",
    "other",     "our",    "perhaps",   "please",  "right", "say",      "second",    "see",
    "she",       "should", "similarly", "since",   "so",    "some",     "still",     "such",
    "suppose",   "sure",   "that",      "the",     "their", "them",     "then",      "there",
    "therefore", "these",  "they",      "this",    "those", "three",    "thus",      "to",
    "two",       "until",  "wait",      "was",     "we",    "well",     "what",      "when",
    "where",     "which",  "while",     "who",     "why",   "with"};

struct Word {
  UScriptCode script = USCRIPT_UNKNOWN;
  size_t begin = 0, end = 0;  // bytes of the prose
  size_t letters = 0;
  size_t han = 0, kana = 0;
  size_t sentence = 0;
  std::string_view language;  // "" while unknown, and for other languages
};

struct Letters {
  UScriptCode script = USCRIPT_UNKNOWN;  // of the first letter that is not Latin, else Latin
  size_t count = 0, han = 0, kana = 0;
};

Letters LettersOf(std::string_view piece) {
  Letters letters;
  const auto size = static_cast<int32_t>(piece.size());
  for (int32_t at = 0; at < size;) {
    UChar32 c = 0;
    U8_NEXT(piece.data(), at, size, c);
    if (c < 0 || !u_isalpha(c)) continue;
    ++letters.count;
    UErrorCode error = U_ZERO_ERROR;
    const UScriptCode script = uscript_getScript(c, &error);
    if (script == USCRIPT_COMMON || script == USCRIPT_INHERITED) continue;
    letters.han += script == USCRIPT_HAN;
    letters.kana += script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA;
    if (letters.script == USCRIPT_UNKNOWN || letters.script == USCRIPT_LATIN) {
      letters.script = script;
    }
  }
  return letters;
}

// A full stop ends a sentence before white space, other marks always.
bool EndsSentence(std::string_view prose, size_t begin, size_t end) {
  const std::string_view gap = prose.substr(begin, end - begin);
  for (const std::string_view mark : {"\n", "!", "?", ":", ";", "。", "！", "？", "；", "："}) {
    if (gap.find(mark) != std::string_view::npos) return true;
  }
  for (size_t at = 0; (at = gap.find('.', at)) != std::string_view::npos; ++at) {
    if (at + 1 == gap.size() || gap[at + 1] < '0' || gap[at + 1] > '9') return true;
  }
  return false;
}

bool IsVariable(const Letters& letters) {
  const bool alphabet = letters.script == USCRIPT_LATIN || letters.script == USCRIPT_GREEK ||
                        letters.script == USCRIPT_CYRILLIC;
  return alphabet && letters.count == 1;
}

struct CloseText {
  void operator()(UText* text) const { utext_close(text); }
};
struct CloseBreaks {
  void operator()(UBreakIterator* breaks) const { ubrk_close(breaks); }
};

std::vector<Word> WordsOf(std::string_view prose) {
  std::vector<Word> words;
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<UText, CloseText> text(
      utext_openUTF8(nullptr, prose.data(), static_cast<int64_t>(prose.size()), &error));
  const std::unique_ptr<UBreakIterator, CloseBreaks> breaks(
      ubrk_open(UBRK_WORD, "en", nullptr, 0, &error));
  if (U_FAILURE(error)) return words;
  ubrk_setUText(breaks.get(), text.get(), &error);
  if (U_FAILURE(error)) return words;
  size_t begin = 0, gap = 0, sentence = 0;
  for (int32_t at = ubrk_first(breaks.get()); (at = ubrk_next(breaks.get())) != UBRK_DONE;) {
    const auto end = static_cast<size_t>(at);
    const Letters letters = LettersOf(prose.substr(begin, end - begin));
    if (letters.script != USCRIPT_UNKNOWN && !IsVariable(letters)) {
      if (EndsSentence(prose, gap, begin)) ++sentence;
      gap = end;
      words.push_back({.script = letters.script,
                       .begin = begin,
                       .end = end,
                       .letters = letters.count,
                       .han = letters.han,
                       .kana = letters.kana,
                       .sentence = sentence,
                       .language = {}});
    }
    begin = end;
  }
  return words;
}

bool IsCapital(char c) { return c >= 'A' && c <= 'Z'; }

bool IsEverydayEnglish(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) {
    if (IsCapital(c)) c = static_cast<char>(c - 'A' + 'a');
  }
  return std::ranges::find(kEverydayEnglish, lower) != kEverydayEnglish.end();
}

bool IsAcronym(std::string_view word) {
  return word.size() <= 6 && std::ranges::all_of(word, IsCapital);
}

bool LooksLikeAName(std::string_view word) {
  return (word.size() <= 3 || IsCapital(word.front())) && !IsEverydayEnglish(word);
}

// Takes out the lone Latin words in text of another script that are variables, units or names, and
// the acronyms there.
std::vector<Word> WithoutForeignNames(std::string_view prose, const std::vector<Word>& words) {
  std::vector<Word> kept;
  kept.reserve(words.size());
  for (size_t begin = 0; begin < words.size();) {
    size_t end = begin;
    while (end < words.size() && words[end].script == USCRIPT_LATIN) ++end;
    if (end == begin) {
      kept.push_back(words[begin++]);
      continue;
    }
    const bool among_others = begin > 0 || end < words.size();
    const auto text_of = [&](const Word& word) {
      return prose.substr(word.begin, word.end - word.begin);
    };
    std::vector<Word> run(words.begin() + static_cast<std::ptrdiff_t>(begin),
                          words.begin() + static_cast<std::ptrdiff_t>(end));
    if (among_others && run.size() <= 3) {
      std::erase_if(run, [&](const Word& word) { return IsAcronym(text_of(word)); });
      if (run.size() == 1 && LooksLikeAName(text_of(run[0]))) run.clear();
    }
    kept.insert(kept.end(), run.begin(), run.end());
    begin = end;
  }
  return kept;
}

// Chinese or Japanese: a sentence with a fair share of kana is Japanese, and so are a few
// characters without any in a text that is.
void JudgeHan(std::vector<Word>& words) {
  const auto share = [](size_t kana, size_t han) {
    return kana + han == 0 ? 0.0 : static_cast<double>(kana) / static_cast<double>(kana + han);
  };
  size_t all_kana = 0, all_han = 0;
  for (const Word& word : words) {
    all_kana += word.kana;
    all_han += word.han;
  }
  const bool japanese_text = share(all_kana, all_han) >= kKanaOfJapanese;
  for (size_t begin = 0; begin < words.size();) {
    size_t end = begin, kana = 0, han = 0;
    for (; end < words.size() && words[end].sentence == words[begin].sentence; ++end) {
      kana += words[end].kana;
      han += words[end].han;
    }
    const bool japanese =
        share(kana, han) >= kKanaOfJapanese || (japanese_text && (kana > 0 || han < 8));
    for (; begin < end; ++begin) {
      if (words[begin].kana > 0) words[begin].language = "ja";
      if (words[begin].script == USCRIPT_HAN) words[begin].language = japanese ? "ja" : "zh";
    }
  }
}

void JudgeByScriptAlone(std::vector<Word>& words) {
  for (Word& word : words) {
    if (word.script == USCRIPT_HANGUL) word.language = "ko";
    if (word.script == USCRIPT_GREEK) word.language = "el";
    if (word.script == USCRIPT_HEBREW) word.language = "he";
    if (word.script == USCRIPT_THAI) word.language = "th";
  }
}

struct Run {
  size_t begin = 0, end = 0;  // words
  size_t letters = 0;
};

std::vector<Run> RunsOf(const std::vector<Word>& words, UScriptCode script) {
  std::vector<Run> runs;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i].script != script) continue;
    const bool goes_on = !runs.empty() && runs.back().end == i &&
                         words[i - 1].sentence == words[i].sentence &&
                         runs.back().letters < kLettersOfARun;
    if (!goes_on) runs.push_back({i, i, 0});
    runs.back().end = i + 1;
    runs.back().letters += words[i].letters;
  }
  return runs;
}

// One guess for all words that stand in runs too short for a guess of their own.
std::string_view GuessTogether(std::string_view prose, const std::vector<Word>& words,
                               const std::vector<Run>& runs, UScriptCode script,
                               std::string_view target) {
  const bool among_others =
      std::ranges::any_of(words, [script](const Word& word) { return word.script != script; });
  if (script == USCRIPT_LATIN && among_others) return "en";
  std::string together;
  for (const Run& run : runs) {
    const size_t begin = words[run.begin].begin;
    together.append(prose.substr(begin, words[run.end - 1].end - begin)).append(". ");
    if (together.size() > 4 * kLettersOfARun) break;
  }
  return GuessLanguage(together, target);
}

void JudgeByRuns(std::string_view prose, UScriptCode script, std::string_view target,
                 std::vector<Word>& words) {
  const std::vector<Run> runs = RunsOf(words, script);
  if (runs.empty()) return;
  std::vector<std::string_view> guesses(runs.size());
  std::string_view first, last;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].letters < kJudgedLetters) continue;
    const size_t begin = words[runs[i].begin].begin;
    guesses[i] = GuessLanguage(prose.substr(begin, words[runs[i].end - 1].end - begin), target);
    if (first.empty()) first = guesses[i];
  }
  if (first.empty()) first = GuessTogether(prose, words, runs, script, target);
  last = first;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (!guesses[i].empty()) last = guesses[i];
    for (size_t w = runs[i].begin; w < runs[i].end; ++w) words[w].language = last;
  }
}

}  // namespace

std::vector<std::string_view> TargetLanguages() { return {kTargets.begin(), kTargets.end()}; }

std::optional<double> LanguageShare(std::string_view text, std::string_view target) {
  const std::string prose = ProseOf(text);
  std::vector<Word> words = WithoutForeignNames(prose, WordsOf(prose));
  if (words.empty()) return std::nullopt;
  JudgeHan(words);
  JudgeByScriptAlone(words);
  for (const UScriptCode script :
       {USCRIPT_LATIN, USCRIPT_CYRILLIC, USCRIPT_ARABIC, USCRIPT_DEVANAGARI}) {
    JudgeByRuns(prose, script, target, words);
  }
  const auto of_target = std::ranges::count(words, target, &Word::language);
  return static_cast<double>(of_target) / static_cast<double>(words.size());
}

}  // namespace cohort
