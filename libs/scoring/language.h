// How much of a text is written in one language: the language consistency reward.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace cohort {

// The targets, by ISO 639-1 code: en, zh, …
std::vector<std::string_view> TargetLanguages();

// The share of the words of a text that are of the target language, from 0 to 1; nothing where
// there is no word to judge, which is a case of its own and not 1. Source: the language consistency
// reward of DeepSeek-R1 (arXiv 2501.12948, section 2.3.2: the proportion of target language words
// in the chain of thought).
//
// Math and code are taken out first (libs/scoring/prose.h). Words are those of ICU's word breaker,
// which has dictionaries for Chinese, Japanese and Thai. Single letters of the Latin, Greek and
// Cyrillic alphabets do not count (variables), nor does a lone Latin word in text of another script
// that looks like a variable, unit, acronym or name: of at most three letters, in capitals or
// capitalised, and no everyday English word.
//
// The script decides Chinese, Japanese (Han characters near kana), Korean, Greek, Hebrew and Thai.
// Latin, Cyrillic, Arabic and Devanagari words are judged by CLD2 per run: words of one script in
// one sentence, 300 letters at most, cut where another script or a sentence begins. A run of fewer
// than 20 letters takes the language of the run of its script before it, else of the one after it;
// where all are short, CLD2's guess for all of them together, or English for Latin words in text of
// another script. In doubt the guess is for the target: a false alarm would punish what the model
// does right.
//
// Reads the first kProseBytes (1 MiB) only; invalid UTF-8 is skipped. Time is linear in the text.
// May be called from any thread. `target` must be one of TargetLanguages(); else the share is 0.
std::optional<double> LanguageShare(std::string_view text, std::string_view target);

}  // namespace cohort
