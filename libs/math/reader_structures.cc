// The grammar from lists down to quantities: what is made of values.
#include <optional>
#include <utility>

#include "libs/math/reader_grammar.h"
#include "libs/math/units.h"

namespace cohort {
namespace {

char RelationSign(const Token& token) {
  if (token.kind != Token::Kind::kSign) return 0;
  if (token.text == "=") return kEqualTo;
  if (token.text == "<") return kLess;
  if (token.text == ">") return kGreater;
  if (token.text == "<=") return kLessOrEqual;
  if (token.text == ">=") return kGreaterOrEqual;
  if (token.text == "!=") return kNotEqualTo;
  return 0;
}

bool IsSeparatorWord(const Token& token) {
  return token.kind == Token::Kind::kWord && (token.text == "and" || token.text == "or");
}

}  // namespace

// ", and" is one separator.
bool Grammar::ReadSeparator(char* separator) {
  *separator = 0;
  if (TakeSign(",") || TakeSign(";")) *separator = kComma;
  if (IsSeparatorWord(Peek())) {
    *separator = Peek().text == "and" ? kAnd : kOr;
    ++at_;
  }
  return *separator != 0;
}

bool Grammar::ReadList(Node* out) {
  Node list;
  list.kind = NodeKind::kList;
  char separator = 0;
  do {
    if (separator != 0) list.ops += separator;
    Node item;
    if (!ReadItem(&item)) return false;
    list.children.push_back(std::move(item));
  } while (ReadSeparator(&separator));
  if (list.children.size() == 1) {
    Node only = std::move(list.children[0]);
    *out = std::move(only);
  } else {
    *out = std::move(list);
  }
  return true;
}

bool Grammar::ReadItem(Node* out) {
  const Nesting nesting(this);
  if (!nesting.ok()) return false;
  Node first;
  if (!ReadUnion(&first)) return false;
  if (TakeSign("in")) {
    Node set;
    if (!ReadUnion(&set)) return false;
    *out = MakeNodeOf(NodeKind::kMember, std::move(first), std::move(set));
    return true;
  }
  Node relation;
  relation.kind = NodeKind::kRelation;
  while (const char sign = RelationSign(Peek())) {
    ++at_;
    Node next;
    if (!ReadUnion(&next)) return false;
    if (relation.children.empty()) relation.children.push_back(std::move(first));
    relation.ops += sign;
    relation.children.push_back(std::move(next));
  }
  *out = relation.children.empty() ? std::move(first) : std::move(relation);
  return true;
}

bool Grammar::ReadUnion(Node* out) {
  if (!ReadRatio(out)) return false;
  if (!AtSign("cup")) return true;
  Node joined = MakeNodeOf(NodeKind::kUnion, std::move(*out));
  while (TakeSign("cup")) {
    Node next;
    if (!ReadRatio(&next)) return false;
    joined.children.push_back(std::move(next));
  }
  *out = std::move(joined);
  return true;
}

bool Grammar::ReadRatio(Node* out) {
  if (!ReadQuantity(out)) return false;
  if (!AtSign(":")) return true;
  if (!RequireValue(*out)) return false;
  Node ratio = MakeNodeOf(NodeKind::kRatio, std::move(*out));
  while (TakeSign(":")) {
    Node next;
    if (!ReadQuantity(&next) || !RequireValue(next)) return false;
    ratio.children.push_back(std::move(next));
  }
  *out = std::move(ratio);
  return true;
}

bool Grammar::ReadQuantity(Node* out) {
  const std::string_view outer_money = std::exchange(money_, {});
  const std::string_view outer_scale = std::exchange(degree_scale_, {});
  if (!ReadSum(out)) return false;
  std::vector<UnitWord> words;
  for (const std::string_view sign :
       {std::exchange(money_, outer_money), std::exchange(degree_scale_, outer_scale)}) {
    if (!sign.empty()) words.push_back({std::string(sign)});
  }
  if (!ReadUnitWords(&words)) return false;
  if (words.empty()) return true;
  if (words.size() == 2 && words[0].word == words[1].word) words.pop_back();  // $5 dollars
  std::optional<Unit> unit = ReadUnit(words);
  const bool counted = unit && unit->kind == Unit::Kind::kWords;
  if (!unit || !IsValue(*out) || (counted && !SymbolsOf(*out).empty())) {
    return Fail(InvalidArgument("\"" + words[0].word.substr(0, 20) + "\" is no unit"));
  }
  if (unit->kind == Unit::Kind::kPercent) {
    if (Contains(*out, NodeKind::kPercent)) return Fail(InvalidArgument("percent of percent"));
    *out = MakeNodeOf(NodeKind::kPercent, std::move(*out));
    return true;
  }
  Node quantity = MakeNodeOf(NodeKind::kQuantity, std::move(*out));
  quantity.unit = std::make_shared<const Unit>(*std::move(unit));
  *out = std::move(quantity);
  return true;
}

bool Grammar::ReadUnitWords(std::vector<UnitWord>* words) {
  bool below = false;
  for (;;) {
    const bool slash = AtSign("/") && Peek(1).kind == Token::Kind::kWord && !words->empty();
    if (slash) ++at_;
    if (Peek().kind != Token::Kind::kWord || IsSeparatorWord(Peek())) return !slash || Unexpected();
    UnitWord word{Peek().text};
    word.joined = words->empty() && !Peek().space_before && !Peek().in_text;
    ++at_;
    if (word.word == "per" && !words->empty() && Peek().kind == Token::Kind::kWord) {
      word.word = Peek().text;
      ++at_;
      below = true;
    }
    below = below || slash;
    word.below = std::exchange(below, false);
    if (AtSign(".") && Peek(1).kind != Token::Kind::kNumber) ++at_;  // of an abbreviation
    if (TakeSign("^")) {
      const bool group = TakeSign("{");
      if (Peek().kind != Token::Kind::kNumber || Peek().text.size() != 1) return Unexpected();
      word.power = Peek().text[0] - '0';
      word.has_power = true;
      ++at_;
      if (group && !ExpectSign("}")) return false;
    }
    const int named_power = At(Token::Kind::kWord, "squared") ? 2
                            : At(Token::Kind::kWord, "cubed") ? 3
                                                              : 0;
    if (named_power > 0) {
      if (word.has_power) return Unexpected();
      word.power = named_power;
      word.has_power = true;
      ++at_;
    }
    words->push_back(std::move(word));
    if (words->size() > 8) return Fail(InvalidArgument("too many words"));
  }
}

// "( … )": a value in brackets, a tuple or an interval.
bool Grammar::ReadBrackets(Node* out) {
  const std::string open = Peek().text;
  ++at_;
  const int bars = std::exchange(bars_, 0);
  Node inside;
  if (!ReadList(&inside)) return false;
  bars_ = bars;
  const std::string close = Peek().text;
  if (Peek().kind != Token::Kind::kSign || (close != ")" && close != "]")) return Unexpected();
  ++at_;
  const bool several = inside.kind == NodeKind::kList;
  if (!several) {
    const bool matching = (open == "(") == (close == ")");
    if (!matching) return Fail(InvalidArgument("brackets that do not match"));
    *out = std::move(inside);
    return true;
  }
  if (inside.children.size() != 2 && (open == "(") != (close == ")"))
    return Fail(InvalidArgument("brackets that do not match"));
  if (inside.ops.find_first_not_of(kComma) != std::string::npos)
    return Fail(InvalidArgument("words inside brackets"));
  *out = MakeNode(NodeKind::kBrackets, std::move(inside.children), open + close);
  return true;
}

bool Grammar::ReadAngleBrackets(Node* out) {
  ++at_;
  Node inside;
  if (!ReadList(&inside) || !ExpectSign(">>")) return false;
  if (inside.kind != NodeKind::kList) return Fail(InvalidArgument("one value in angle brackets"));
  *out = MakeNode(NodeKind::kBrackets, std::move(inside.children), "<>");
  return true;
}

bool Grammar::ReadSet(Node* out) {
  ++at_;
  *out = MakeNode(NodeKind::kSet, {});
  if (TakeSign("\\}")) return true;
  const int bars = std::exchange(bars_, 0);
  Node inside;
  if (!ReadList(&inside) || !ExpectSign("\\}")) return false;
  bars_ = bars;
  if (inside.kind == NodeKind::kList) {
    out->children = std::move(inside.children);
  } else {
    out->children.push_back(std::move(inside));
  }
  return true;
}

bool Grammar::ReadMatrix(std::string_view environment, Node* out) {
  const Nesting nesting(this);
  if (!nesting.ok()) return false;
  const std::string end = "end:" + std::string(environment);
  const bool bars = environment == "vmatrix";
  if (environment == "array" && AtSign("{")) {
    // Where the columns stand and lines between them.
    for (++at_; !AtSign("}"); ++at_) {
      if (Peek().text.empty() || Peek().text.find_first_not_of("lcr|") != std::string::npos)
        return Unexpected();
    }
    ++at_;
  } else if (!bars && environment != "pmatrix" && environment != "bmatrix" &&
             environment != "matrix" && environment != "smallmatrix" && environment != "array") {
    return Fail(FailedPrecondition("the environment " + std::string(environment.substr(0, 20)) +
                                   " is not read"));
  }
  *out = MakeNode(NodeKind::kMatrix, {}, bars ? "v" : "p");
  const int outer_bars = std::exchange(bars_, 0);
  while (!At(Token::Kind::kCommand, end)) {
    Node row = MakeNode(NodeKind::kRow, {});
    do {
      Node cell;
      if (!ReadQuantity(&cell)) return false;
      if (!IsValue(cell)) return Fail(InvalidArgument("a matrix with an entry that is no value"));
      row.children.push_back(std::move(cell));
    } while (TakeSign("&"));
    if (!out->children.empty() && row.children.size() != out->children[0].children.size()) {
      return Fail(InvalidArgument("a matrix with rows of different length"));
    }
    out->children.push_back(std::move(row));
    if (!TakeSign("\\\\") && !At(Token::Kind::kCommand, end)) return Unexpected();
  }
  ++at_;
  bars_ = outer_bars;
  if (out->children.empty()) return Fail(InvalidArgument("an empty matrix"));
  if (bars && out->children.size() != out->children[0].children.size()) {
    return Fail(InvalidArgument("the determinant of a matrix that is not square"));
  }
  return true;
}

}  // namespace cohort
