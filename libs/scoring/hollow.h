// Answers that say nothing, which fool models that judge. Pure; linear in the text.
#pragma once

#include <string_view>

namespace cohort {

// True for a text of white space, invisible characters, punctuation and symbols alone, and for one
// that besides those has only what announces an answer and does not give it, in any mix: "Thought
// process:", "Let's solve this problem step by step.", "**Solution**", "So the final answer is",
// "解", "かいせつ", "Respuesta", an empty \boxed{}, tags such as <think>. Neither case nor accents
// nor full-width and mathematical letters make a difference, and bytes that are not UTF-8 count as
// symbols. All digits and all other words are answers ("42", "B", "No.", "是"), and so are ∞ and ∅.
// Source: the master keys of "One Token to Fool LLM-as-a-Judge" (arXiv 2507.08794), which judges
// call right far too often; their kin in other wordings and languages are Cohort's own.
bool IsHollow(std::string_view text);

}  // namespace cohort
