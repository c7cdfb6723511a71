// The grammar of arithmetic: sums, products, powers.
#include <algorithm>
#include <optional>
#include <utility>

#include "libs/math/reader_grammar.h"
#include "libs/math/symbols.h"
#include "libs/math/units.h"

namespace cohort {
namespace {

constexpr int kMaxPlusMinus = 8;

constexpr size_t kMaxScaled = 10'000;  // nodes of a matrix whose entries are multiplied out

size_t SizeOf(const Node& node) {
  size_t size = 1;
  for (const Node& child : node.children) size += SizeOf(child);
  return size;
}

constexpr std::string_view kBaseNames[] = {"two",   "three", "four", "five",   "six",   "seven",
                                           "eight", "nine",  "ten",  "eleven", "twelve"};

// 8 for "eight"; 0 for another word.
long NamedBase(std::string_view word) {
  const auto found = std::find(std::begin(kBaseNames), std::end(kBaseNames), word);
  return found == std::end(kBaseNames) ? 0 : 2 + (found - std::begin(kBaseNames));
}

Node Single(NodeKind kind, std::vector<Node> children) {
  return children.size() == 1 ? std::move(children[0]) : MakeNode(kind, std::move(children));
}

}  // namespace

bool Grammar::ReadSum(Node* out) {
  std::vector<Node> terms;
  std::string_view sign;
  for (bool first = true;; first = false) {
    sign = {};
    for (const std::string_view candidate : {"+", "-", "+-", "-+"}) {
      if (AtSign(candidate)) sign = candidate;
    }
    if (!sign.empty()) ++at_;
    if (sign.empty() && !first) break;
    Node term;
    if (!ReadProduct(&term)) return false;
    const bool alone =
        first && sign.empty() && !AtSign("+") && !AtSign("-") && !AtSign("+-") && !AtSign("-+");
    if (alone) {
      *out = std::move(term);
      return true;
    }
    if (term.kind == NodeKind::kMatrix && terms.empty() && sign == "-") {
      return MakeProduct({NumberNode(Rational(-1)), std::move(term)}, {}, out);
    }
    if (!RequireValue(term)) return false;
    if (sign == "-") {
      // A minus in front of a number belongs to it.
      if (term.kind == NodeKind::kNumber && term.decimals == 0) {
        term.number = Rational(0) - term.number;
        term.text.clear();
        terms.push_back(std::move(term));
      } else {
        terms.push_back(MakeNodeOf(NodeKind::kNegate, std::move(term)));
      }
    } else if (sign == "+-" || sign == "-+") {
      if (++plus_minus_ > kMaxPlusMinus) return Fail(ResourceExhausted("too many ±"));
      Node left =
          terms.empty() ? NumberNode(Rational(0)) : Single(NodeKind::kAdd, std::move(terms));
      terms.clear();
      Node both = MakeNodeOf(NodeKind::kPlusMinus, std::move(left), std::move(term));
      both.text = std::string(sign);
      terms.push_back(std::move(both));
    } else {
      terms.push_back(std::move(term));
    }
  }
  *out = Single(NodeKind::kAdd, std::move(terms));
  return true;
}

bool Grammar::ReadProduct(Node* out) {
  std::vector<Node> above;
  std::vector<Node> below;
  bool applied = false;
  Node factor;
  if (!ReadSignedPower(&factor)) return false;
  above.push_back(std::move(factor));
  for (;;) {
    if (Peek().kind == Token::Kind::kWord) {
      const std::optional<Rational> power = NumberWord(Peek().text);
      if (!power) break;
      ++at_;
      above.push_back(NumberNode(*power));
      continue;
    }
    const bool times = TakeSign("*");
    const bool over = !times && AtSign("/") && Peek(1).kind != Token::Kind::kWord && TakeSign("/");
    if (!times && !over) {
      if (!StartsOperand()) break;
      if (Peek().kind == Token::Kind::kNumber) return Unexpected();  // two numbers side by side
    }
    applied =
        !times && !over && AtSign("(") && above.size() == 1 && above[0].kind == NodeKind::kSymbol;
    Node next;
    if (!(times || over ? ReadSignedPower(&next) : ReadPower(&next))) return false;
    (over ? below : above).push_back(std::move(next));
  }
  applied = applied && above.size() == 2 && below.empty();
  if (!MakeProduct(std::move(above), std::move(below), out)) return false;
  if (applied && out->kind == NodeKind::kMultiply) out->text = kApplied;
  return true;
}

// A number times a matrix is a matrix; other products are of values.
bool Grammar::MakeProduct(std::vector<Node> above, std::vector<Node> below, Node* out) {
  if (above.size() == 1 && below.empty()) {
    *out = std::move(above[0]);
    return true;
  }
  const auto is_matrix = [](const Node& node) {
    return node.kind == NodeKind::kMatrix && node.text != "v";
  };
  const auto matrix = std::find_if(above.begin(), above.end(), is_matrix);
  Node scaled;
  if (matrix != above.end()) {
    scaled = std::move(*matrix);
    above.erase(matrix);
    if (above.empty()) above.push_back(NumberNode(Rational(1)));
  }
  for (const std::vector<Node>* nodes : {&above, &below}) {
    for (const Node& node : *nodes) {
      if (!RequireValue(node)) return false;
    }
  }
  Node product = Single(NodeKind::kMultiply, std::move(above));
  if (!below.empty()) {
    product = MakeNodeOf(NodeKind::kDivide, std::move(product),
                         Single(NodeKind::kMultiply, std::move(below)));
  }
  if (scaled.kind != NodeKind::kMatrix) {
    *out = std::move(product);
    return true;
  }
  if (scaled.children.size() * scaled.children[0].children.size() * SizeOf(product) > kMaxScaled)
    return Fail(ResourceExhausted("a matrix times too long a product"));
  for (Node& row : scaled.children) {
    for (Node& cell : row.children)
      cell = MakeNodeOf(NodeKind::kMultiply, product, std::move(cell));
  }
  *out = std::move(scaled);
  return true;
}

bool Grammar::ReadSignedPower(Node* out) {
  bool negative = false;
  while (AtSign("-") || AtSign("+")) negative = (Peek().text == "-") != negative, ++at_;
  if (!ReadPower(out)) return false;
  if (!negative) return true;
  if (!RequireValue(*out)) return false;
  *out = MakeNodeOf(NodeKind::kNegate, std::move(*out));
  return true;
}

bool Grammar::ReadPower(Node* out) {
  const Nesting nesting(this);
  if (!nesting.ok() || !ReadPostfix(out)) return false;
  while (AtSign("^")) {
    bool degrees = false;
    if (!ReadDegreeSign(out, &degrees)) return false;
    if (degrees) continue;
    ++at_;
    if (!ReadExponent(out)) return false;
    if (AtSign("^")) return Unexpected();
  }
  return true;
}

bool Grammar::ReadExponent(Node* base) {
  if (!RequireValue(*base)) return false;
  Node exponent;
  if (AtSign("{")) {
    if (!ReadGroup(&exponent)) return false;
  } else {
    const bool negative = TakeSign("-");
    if (!negative) TakeSign("+");
    if (!ReadBareOperand(&exponent)) return false;
    if (negative) exponent = MakeNodeOf(NodeKind::kNegate, std::move(exponent));
  }
  if (!RequireValue(exponent)) return false;
  if (AtSign("^")) {  // 2^3^2 is 2^9
    const Nesting nesting(this);
    ++at_;
    if (!nesting.ok() || !ReadExponent(&exponent)) return false;
  }
  *base = MakeNodeOf(NodeKind::kPower, std::move(*base), std::move(exponent));
  return true;
}

// ^\circ, ^{\circ} or °, and the scale of a temperature behind it.
bool Grammar::ReadDegreeSign(Node* out, bool* read) {
  size_t length = 0;
  if (AtSign("deg")) length = 1;
  if (AtSign("^") && AtSign("deg", 1)) length = 2;
  if (AtSign("^") && AtSign("{", 1) && AtSign("deg", 2) && AtSign("}", 3)) length = 4;
  *read = length > 0;
  if (length == 0) return true;
  if (!RequireValue(*out)) return false;
  at_ += length;
  const Token& next = Peek();
  if ((next.kind == Token::Kind::kWord || next.kind == Token::Kind::kName) &&
      (next.text == "C" || next.text == "F")) {
    degree_scale_ = next.text == "C" ? "celsius" : "fahrenheit";
    ++at_;
    return true;
  }
  if (Contains(*out, NodeKind::kDegrees)) return Unexpected();
  *out = MakeNodeOf(NodeKind::kDegrees, std::move(*out));
  return true;
}

bool Grammar::ReadPostfix(Node* out) {
  if (!ReadOperand(out)) return false;
  if (TakeSign("!")) {
    if (!RequireValue(*out)) return false;
    if (AtSign("!")) return Unexpected();
    *out = MakeNode(NodeKind::kCall, {std::move(*out)}, "factorial");
  }
  if (AtBase() && !ReadBase(out)) return false;
  bool degrees = false;
  if (AtSign("deg") && !ReadDegreeSign(out, &degrees)) return false;
  if (TakeSign("%")) {
    if (!RequireValue(*out)) return false;
    if (AtSign("%") || Contains(*out, NodeKind::kPercent)) return Unexpected();
    *out = MakeNodeOf(NodeKind::kPercent, std::move(*out));
  }
  return true;
}

// 204_5, 204_{\text{five}}, 204 base 5, 204 (base five): digits in a base.
bool Grammar::ReadBase(Node* out) {
  if (out->kind != NodeKind::kNumber || out->text.empty()) return Unexpected();
  const bool below = TakeSign("_");
  const std::string_view open = below ? "{" : "(";
  const bool group = TakeSign(open);
  if (At(Token::Kind::kWord, "base")) ++at_;
  const Token& base = Peek();
  long value = 0;
  if (base.kind == Token::Kind::kWord) value = NamedBase(base.text);
  const bool digits = base.kind == Token::Kind::kNumber && !base.text.empty();
  if (!digits && value == 0) return Unexpected();
  Node based = MakeNodeOf(NodeKind::kBased, NumberNode(digits ? base.number : Rational(value)));
  ++at_;
  if (group && !ExpectSign(below ? "}" : ")")) return false;
  based.text = out->text;
  *out = std::move(based);
  return true;
}

bool Grammar::AtBase() const {
  return AtSign("_") || At(Token::Kind::kWord, "base") ||
         (AtSign("(") && At(Token::Kind::kWord, "base", 1));
}

}  // namespace cohort
