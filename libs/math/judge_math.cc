#include "libs/math/judge_math.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "libs/base/digest.h"
#include "libs/math/answers_equal.h"
#include "libs/math/quantities.h"
#include "libs/math/reader.h"
#include "libs/math/words.h"
#include "libs/math/wrapping.h"

namespace cohort {
namespace {

// A gold answer: a tree, or words.
struct Gold {
  Node tree;
  std::string words;  // when it is words
};

// What people write for the empty set.
bool SaysNothing(std::string_view words) {
  for (const std::string_view phrase :
       {"no solution", "no solutions", "none", "no real solution", "no real solutions", "empty set",
        "there are no solutions", "there is no solution"}) {
    if (words == phrase) return true;
  }
  return false;
}

bool IsEmptySet(const Node& node) { return node.kind == NodeKind::kSet && node.children.empty(); }

// A part of the gold without a value: nothing can be equal to it.
bool LacksValue(const Node& node, Budget* budget) {
  if (node.kind == NodeKind::kNumber || InfinitySign(node) != 0) return false;
  if (IsValue(node) && !Contains(node, NodeKind::kPlusMinus)) return IsUndefined(node, budget);
  return std::any_of(node.children.begin(), node.children.end(),
                     [budget](const Node& child) { return LacksValue(child, budget); });
}

Result<Gold> ReadGold(std::string_view text) {
  if (text.size() > kMaxAnswerBytes) return ResourceExhausted("it is longer than 4096 bytes");
  COHORT_ASSIGN_OR_RETURN(const ReadTree read, ReadTokensAndTree(text, {}));
  if (read.tree.ok() && !read.only_words) {
    Budget budget;
    if (LacksValue(*read.tree, &budget)) return InvalidArgument("it has no value");
    return Gold{*read.tree, ""};
  }
  std::string words = read.has_words ? WordForm(text) : "";
  if (words.empty())
    return read.tree.ok() ? InvalidArgument("nothing to read") : read.tree.status();
  if (SaysNothing(words)) return Gold{MakeNode(NodeKind::kSet, {}), ""};
  return Gold{{}, std::move(words)};
}

// The letter of "c", "option c" or "choice c"; 0 when it is none.
char ChoiceLetter(std::string_view words) {
  for (const std::string_view name : {"option ", "choice ", "answer "}) {
    if (words.substr(0, name.size()) == name) {
      words.remove_prefix(name.size());
      break;
    }
  }
  return words.size() == 1 && words[0] >= 'a' && words[0] <= 'z' ? words[0] : '\0';
}

// The same of a gold that is a letter from A to E: the letter of a choice, not a variable.
char ChoiceLetter(const Gold& gold) {
  if (!gold.words.empty()) return ChoiceLetter(gold.words);
  const std::string& name = gold.tree.text;
  const bool choice =
      gold.tree.kind == NodeKind::kSymbol && name.size() == 1 && name[0] >= 'A' && name[0] <= 'E';
  return choice ? static_cast<char>(name[0] - 'A' + 'a') : '\0';
}

bool SameWords(const std::string& gold, const std::string& answer) {
  const auto truth = [](const std::string& word) {
    return word == "yes" || word == "true" ? 1 : word == "no" || word == "false" ? 0 : -1;
  };
  if (gold == answer) return true;
  return truth(gold) >= 0 && truth(gold) == truth(answer);
}

MathVerdict VerdictOf(const Status& failure) {
  switch (failure.code()) {
    case StatusCode::kResourceExhausted:
      return MathVerdict::kTooCostly;
    case StatusCode::kFailedPrecondition:
      return MathVerdict::kUnsupported;
    default:
      return MathVerdict::kUnparsed;
  }
}

MathVerdict VerdictOf(Equality equality) {
  switch (equality) {
    case Equality::kEqual:
      return MathVerdict::kEqual;
    case Equality::kUndecided:
      return MathVerdict::kUndecided;
    case Equality::kTooCostly:
      return MathVerdict::kTooCostly;
    case Equality::kDifferent:
    case Equality::kUndefined:
      break;
  }
  return MathVerdict::kDifferent;
}

// The reader's words may quote the text.
std::string OneLine(std::string text) {
  constexpr size_t kMaxBytes = 120;
  if (text.size() > kMaxBytes) text.resize(kMaxBytes);
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

MathJudgement Failure(const Status& status) {
  return {VerdictOf(status), OneLine(status.message())};
}

MathJudgement Compared(Equality equality) {
  const MathVerdict verdict = VerdictOf(equality);
  if (verdict == MathVerdict::kTooCostly) return {verdict, "more than the budget to compute"};
  if (verdict == MathVerdict::kUndecided) return {verdict, "neither told apart nor proved equal"};
  return {verdict, ""};
}

bool IsOneNumber(const Node& node) {
  return (IsValue(node) || node.kind == NodeKind::kQuantity) &&
         !Contains(node, NodeKind::kPlusMinus) && SymbolsOf(node).empty();
}

bool IsDecimal(const Node& node) {
  return node.kind == NodeKind::kNumber ||
         (node.kind == NodeKind::kNegate && node.children[0].kind == NodeKind::kNumber);
}

MathJudgement Judge(const Gold& gold, std::string_view answer) {
  if (answer.size() > kMaxAnswerBytes) {
    return {MathVerdict::kTooCostly, "the answer is longer than 4096 bytes"};
  }
  if (const char letter = ChoiceLetter(gold); letter != 0) {
    if (ChoiceLetter(WordForm(answer)) == letter) return {MathVerdict::kEqual, ""};
  }
  if (!gold.words.empty()) {
    const std::string words = WordForm(answer);
    return {SameWords(gold.words, words) ? MathVerdict::kEqual : MathVerdict::kDifferent, ""};
  }
  if (IsEmptySet(gold.tree) && SaysNothing(WordForm(answer))) return {MathVerdict::kEqual, ""};
  const std::vector<std::string> symbols = SymbolsOf(gold.tree);
  Budget budget(DigestOf(answer).low);
  Result<Node> tree = ReadAnswer(answer, {&symbols, DecimalComma::kRefused});
  if (tree.ok() && tree->kind == NodeKind::kList && IsOneNumber(gold.tree)) {
    // "1,25" is a list of two, or, where one number is asked for, a decimal.
    Result<Node> decimal = ReadAnswer(answer, {&symbols, DecimalComma::kAccepted});
    if (decimal.ok() && IsDecimal(*decimal)) tree = std::move(decimal);
  }
  if (!tree.ok()) return Failure(tree.status());
  return Compared(AnswersEqual(gold.tree, *tree, &budget));
}

}  // namespace

std::string_view MathVerdictName(MathVerdict verdict) {
  switch (verdict) {
    case MathVerdict::kEqual:
      return "equal";
    case MathVerdict::kDifferent:
      return "different";
    case MathVerdict::kUndecided:
      return "undecided";
    case MathVerdict::kUnparsed:
      return "unparsed";
    case MathVerdict::kUnsupported:
      return "unsupported";
    case MathVerdict::kTooCostly:
      return "too_costly";
    case MathVerdict::kGoldInvalid:
      return "gold_invalid";
  }
  return "";
}

MathJudgement JudgeMath(std::string_view gold, std::string_view answer) {
  const Result<Gold> read = ReadGold(gold);
  if (!read.ok()) return {MathVerdict::kGoldInvalid, OneLine(read.status().message())};
  if (answer.size() <= kMaxAnswerBytes && WithoutWrapping(gold) == WithoutWrapping(answer)) {
    // The same text is equal, unless the gold is none: one that is not equal to itself by the
    // rules.
    if (Judge(*read, gold).verdict == MathVerdict::kEqual) return {MathVerdict::kEqual, ""};
    return {MathVerdict::kGoldInvalid, "it is not equal to itself by the rules"};
  }
  return Judge(*read, answer);
}

Status CheckMathGold(std::string_view gold) {
  const Result<Gold> read = ReadGold(gold);
  if (!read.ok()) return InvalidArgument(OneLine(read.status().message()));
  if (Judge(*read, gold).verdict != MathVerdict::kEqual)
    return InvalidArgument("it is not equal to itself by the rules");
  return {};
}

}  // namespace cohort
