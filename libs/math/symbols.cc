#include "libs/math/symbols.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace cohort {
namespace {

using Unicode = UnicodeSign::Meaning;
using Latex = LatexCommand::Meaning;

struct UnicodeRow {
  std::string_view sign;
  Unicode meaning;
  std::string_view text;
};

constexpr UnicodeRow kUnicode[] = {
    {"\u00a0", Unicode::kSpace, ""},      {"\u2002", Unicode::kSpace, ""},
    {"\u2003", Unicode::kSpace, ""},      {"\u2009", Unicode::kSpace, ""},
    {"\u200a", Unicode::kSpace, ""},      {"\u200b", Unicode::kSpace, ""},
    {"\u202f", Unicode::kSpace, ""},      {"\u3000", Unicode::kSpace, ""},
    {"\ufeff", Unicode::kSpace, ""},      {"−", Unicode::kSign, "-"},
    {"–", Unicode::kSign, "-"},           {"—", Unicode::kSign, "-"},
    {"－", Unicode::kSign, "-"},          {"×", Unicode::kSign, "*"},
    {"·", Unicode::kSign, "*"},           {"⋅", Unicode::kSign, "*"},
    {"∙", Unicode::kSign, "*"},           {"∗", Unicode::kSign, "*"},
    {"÷", Unicode::kSign, "/"},           {"∕", Unicode::kSign, "/"},
    {"⁄", Unicode::kSign, "/"},           {"±", Unicode::kSign, "+-"},
    {"∓", Unicode::kSign, "-+"},          {"≤", Unicode::kSign, "<="},
    {"≥", Unicode::kSign, ">="},          {"≠", Unicode::kSign, "!="},
    {"≈", Unicode::kSign, "~="},          {"∪", Unicode::kSign, "cup"},
    {"∈", Unicode::kSign, "in"},          {"°", Unicode::kSign, "deg"},
    {"º", Unicode::kSign, "deg"},         {"⟨", Unicode::kSign, "<<"},
    {"⟩", Unicode::kSign, ">>"},          {"，", Unicode::kSign, ","},
    {"；", Unicode::kSign, ";"},          {"：", Unicode::kSign, ":"},
    {"∶", Unicode::kSign, ":"},           {"（", Unicode::kSign, "("},
    {"）", Unicode::kSign, ")"},          {"＝", Unicode::kSign, "="},
    {"＋", Unicode::kSign, "+"},          {"％", Unicode::kSign, "%"},
    {"\u2010", Unicode::kSign, "-"},      {"\u2011", Unicode::kSign, "-"},
    {"€", Unicode::kSign, "€"},           {"£", Unicode::kSign, "£"},
    {"…", Unicode::kSign, "ellipsis"},    {"⋯", Unicode::kSign, "ellipsis"},
    {"′", Unicode::kSign, "'"},           {"√", Unicode::kCommand, "usqrt"},
    {"∛", Unicode::kCommand, "ucbrt"},    {"∜", Unicode::kCommand, "ufrt"},
    {"π", Unicode::kCommand, "pi"},       {"∞", Unicode::kCommand, "infty"},
    {"∅", Unicode::kCommand, "emptyset"}, {"Ø", Unicode::kCommand, "emptyset"},
    {"ℝ", Unicode::kCommand, "reals"},    {"α", Unicode::kName, "alpha"},
    {"β", Unicode::kName, "beta"},        {"γ", Unicode::kName, "gamma"},
    {"δ", Unicode::kName, "delta"},       {"ε", Unicode::kName, "epsilon"},
    {"θ", Unicode::kName, "theta"},       {"λ", Unicode::kName, "lambda"},
    {"μ", Unicode::kName, "mu"},          {"ρ", Unicode::kName, "rho"},
    {"σ", Unicode::kName, "sigma"},       {"τ", Unicode::kName, "tau"},
    {"φ", Unicode::kName, "phi"},         {"ϕ", Unicode::kName, "phi"},
    {"ψ", Unicode::kName, "psi"},         {"ω", Unicode::kName, "omega"},
    {"½", Unicode::kFraction, "12"},      {"⅓", Unicode::kFraction, "13"},
    {"⅔", Unicode::kFraction, "23"},      {"¼", Unicode::kFraction, "14"},
    {"¾", Unicode::kFraction, "34"},      {"⅕", Unicode::kFraction, "15"},
    {"⅖", Unicode::kFraction, "25"},      {"⅗", Unicode::kFraction, "35"},
    {"⅘", Unicode::kFraction, "45"},      {"⅙", Unicode::kFraction, "16"},
    {"⅚", Unicode::kFraction, "56"},      {"⅛", Unicode::kFraction, "18"},
    {"⅜", Unicode::kFraction, "38"},      {"⅝", Unicode::kFraction, "58"},
    {"⅞", Unicode::kFraction, "78"},      {"⁰", Unicode::kRaised, "0"},
    {"¹", Unicode::kRaised, "1"},         {"²", Unicode::kRaised, "2"},
    {"³", Unicode::kRaised, "3"},         {"⁴", Unicode::kRaised, "4"},
    {"⁵", Unicode::kRaised, "5"},         {"⁶", Unicode::kRaised, "6"},
    {"⁷", Unicode::kRaised, "7"},         {"⁸", Unicode::kRaised, "8"},
    {"⁹", Unicode::kRaised, "9"},         {"⁻", Unicode::kRaised, "-"},
    {"₀", Unicode::kLowered, "0"},        {"₁", Unicode::kLowered, "1"},
    {"₂", Unicode::kLowered, "2"},        {"₃", Unicode::kLowered, "3"},
    {"₄", Unicode::kLowered, "4"},        {"₅", Unicode::kLowered, "5"},
    {"₆", Unicode::kLowered, "6"},        {"₇", Unicode::kLowered, "7"},
    {"₈", Unicode::kLowered, "8"},        {"₉", Unicode::kLowered, "9"},
};

struct LatexRow {
  std::string_view names;  // separated by spaces
  Latex meaning;
  std::string_view text;  // empty: the name itself
};

constexpr LatexRow kLatex[] = {
    {"left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm displaystyle "
     "textstyle limits nolimits "
     "rm bf it mathstrut strut",
     Latex::kNothing, ""},
    {"quad qquad enspace enskip thinspace medspace thickspace space hfill", Latex::kSpace, ""},
    {"cdot times ast star", Latex::kSign, "*"},
    {"div", Latex::kSign, "/"},
    {"pm", Latex::kSign, "+-"},
    {"mp", Latex::kSign, "-+"},
    {"le leq leqslant", Latex::kSign, "<="},
    {"ge geq geqslant", Latex::kSign, ">="},
    {"lt", Latex::kSign, "<"},
    {"gt", Latex::kSign, ">"},
    {"ne neq", Latex::kSign, "!="},
    {"approx approxeq sim simeq doteq", Latex::kSign, "~="},
    {"cup bigcup", Latex::kSign, "cup"},
    {"in", Latex::kSign, "in"},
    {"circ degree", Latex::kSign, "deg"},
    {"lbrace", Latex::kSign, "\\{"},
    {"rbrace", Latex::kSign, "\\}"},
    {"lbrack", Latex::kSign, "["},
    {"rbrack", Latex::kSign, "]"},
    {"vert lvert rvert", Latex::kSign, "|"},
    {"langle", Latex::kSign, "<<"},
    {"rangle", Latex::kSign, ">>"},
    {"lfloor rfloor lceil rceil", Latex::kSign, ""},
    {"colon", Latex::kSign, ":"},
    {"prime", Latex::kSign, "'"},
    {"dollar", Latex::kSign, "$"},
    {"ldots dots cdots dotsc dotsb", Latex::kSign, "ellipsis"},
    {"frac dfrac tfrac cfrac", Latex::kCommand, "frac"},
    {"binom dbinom tbinom", Latex::kCommand, "binom"},
    {"sqrt", Latex::kCommand, ""},
    {"pi", Latex::kCommand, ""},
    {"infty", Latex::kCommand, ""},
    {"emptyset varnothing", Latex::kCommand, "emptyset"},
    {"sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth log ln lg exp gcd lcm max "
     "min",
     Latex::kWord, ""},
    {"land", Latex::kWord, "and"},
    {"lor", Latex::kWord, "or"},
    {"alpha beta gamma delta theta lambda mu rho sigma tau phi psi omega eta zeta kappa nu xi chi "
     "iota Delta Gamma "
     "Lambda Omega Phi Pi Psi Sigma Theta ell hbar",
     Latex::kName, ""},
    {"epsilon varepsilon", Latex::kName, "epsilon"},
    {"varphi", Latex::kName, "phi"},
    {"vartheta", Latex::kName, "theta"},
    {"text mbox textbf textit textsf texttt textnormal mathit mathsf mathtt emph bold hbox",
     Latex::kText, ""},
    {"mathrm textrm operatorname", Latex::kRoman, ""},
    {"mathbf boldsymbol vec hat overrightarrow overline bar tilde widehat underline mathcal "
     "mathscr mathfrak",
     Latex::kDecoration, ""},
    {"mathbb Bbb", Latex::kBoard, ""},
    {"begin end", Latex::kEnvironment, ""},
    {"int iint iiint oint sum prod lim limsup liminf partial nabla bigcap bigoplus bmod pmod mod "
     "cap setminus mid to "
     "rightarrow Rightarrow implies iff forall exists subset subseteq cong equiv propto det dim "
     "ker arg deg Re Im "
     "inf sup",
     Latex::kUnsupported, ""},
};

constexpr std::string_view kFunctions[] = {
    "arcsin", "arccos", "arctan", "sinh", "cosh",  "tanh", "coth", "sqrt", "cbrt", "sin",
    "cos",    "tan",    "cot",    "sec",  "csc",   "log",  "ln",   "lg",   "exp",  "abs",
    "gcd",    "lcm",    "max",    "min",  "floor", "ceil", "asin", "acos", "atan", "binom"};

}  // namespace

std::optional<UnicodeSign> FindUnicodeSign(std::string_view text) {
  for (const UnicodeRow& row : kUnicode) {
    if (text.substr(0, row.sign.size()) == row.sign)
      return UnicodeSign{row.meaning, row.text, row.sign.size()};
  }
  return {};
}

std::optional<LatexCommand> FindLatexCommand(std::string_view name) {
  static const std::unordered_map<std::string_view, LatexCommand> table = [] {
    std::unordered_map<std::string_view, LatexCommand> made;
    for (const LatexRow& row : kLatex) {
      std::string_view names = row.names;
      while (!names.empty()) {
        const size_t end = std::min(names.find(' '), names.size());
        const std::string_view one = names.substr(0, end);
        made.emplace(one, LatexCommand{row.meaning, row.text.empty() ? one : row.text});
        names.remove_prefix(std::min(end + 1, names.size()));
      }
    }
    return made;
  }();
  const auto found = table.find(name);
  if (found == table.end()) return {};
  return found->second;
}

bool IsFunctionName(std::string_view name) {
  return std::find(std::begin(kFunctions), std::end(kFunctions), name) != std::end(kFunctions);
}

std::string_view LeadingFunctionName(std::string_view word) {
  std::string_view longest;
  for (const std::string_view function : kFunctions) {
    if (word.substr(0, function.size()) == function && function.size() > longest.size())
      longest = function;
  }
  return longest;
}

}  // namespace cohort
