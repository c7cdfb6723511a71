// Which letters of an answer are mathematics and which are words. The tokens know letters only:
// "xy" may be a product, "sinx" a function of x, "cm" a unit, "or" a separator.
#pragma once

#include <string>
#include <vector>

#include "libs/math/tokens.h"

namespace cohort {

// Rewrites the words among the tokens: a variable becomes a kName, a function or constant a
// kCommand, a product of letters several kNames; what stays a kWord is a unit, a separator or
// something that cannot be read. `symbols` are the variables of the gold answer, in whose light an
// answer is read; null when the gold itself is read.
void SortWords(const std::vector<std::string>* symbols, std::vector<Token>* tokens);

// All of it as words, for comparing answers that are no mathematics: in lower case, single spaces,
// without articles in front, without brackets around a single letter and without full stops.
std::string WordForm(std::string_view text);

// Among sorted tokens: letters in \text{…}, or a word that is no separator.
bool HasWords(const std::vector<Token>& tokens);

}  // namespace cohort
