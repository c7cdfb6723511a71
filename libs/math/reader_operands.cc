// The grammar of operands: numbers, names, commands, functions.
#include <array>
#include <utility>

#include "libs/math/reader_grammar.h"
#include "libs/math/symbols.h"

namespace cohort {
namespace {

std::string_view MoneyOf(std::string_view sign) {
  if (sign == "$") return "dollars";
  if (sign == "€") return "euros";
  return sign == "£" ? "sterling" : "";
}

}  // namespace

bool Grammar::StartsOperand() const {
  const Token& token = Peek();
  switch (token.kind) {
    case Token::Kind::kNumber:
    case Token::Kind::kName:
      return true;
    case Token::Kind::kCommand:
      return token.text.substr(0, 4) != "end:";
    case Token::Kind::kSign:
      if (token.text == "|") return bars_ == 0;
      return token.text == "(" || token.text == "[" || token.text == "{" ||
             token.text == "lfloor" || token.text == "lceil";
    default:
      return false;
  }
}

bool Grammar::ReadOperand(Node* out) {
  const Nesting nesting(this);
  if (!nesting.ok()) return false;
  const Token& token = Peek();
  switch (token.kind) {
    case Token::Kind::kNumber:
      return ReadNumber(out);
    case Token::Kind::kName:
      return ReadName(out);
    case Token::Kind::kCommand:
      return ReadCommand(out);
    case Token::Kind::kSign:
      if (token.text == "(" || token.text == "[") return ReadBrackets(out);
      if (token.text == "{") return ReadGroup(out);
      if (token.text == "\\{") return ReadSet(out);
      if (token.text == "<<") return ReadAngleBrackets(out);
      if (token.text == "|") return ReadBars("|", "abs", out);
      if (token.text == "lfloor") return ReadBars("rfloor", "floor", out);
      if (token.text == "lceil") return ReadBars("rceil", "ceil", out);
      if (!MoneyOf(token.text).empty() && money_.empty() && Peek(1).kind != Token::Kind::kEnd) {
        money_ = MoneyOf(token.text);
        ++at_;
        return ReadOperand(out);
      }
      return Unexpected();
    default:
      return Unexpected();
  }
}

bool Grammar::ReadNumber(Node* out) {
  // 0.3(3) is a repeating decimal somewhere, and a product nowhere.
  const bool digits = Peek(2).kind == Token::Kind::kNumber && !Peek(2).text.empty();
  const bool point = Peek().text.empty() && !Peek().vulgar;
  if (point && AtSign("(", 1) && digits && AtSign(")", 3)) return ++at_, Unexpected();
  ReadWholeNumber(out);
  return out->text.empty() || ReadMixedPart(out);
}

// A number alone, as an exponent or a radicand without braces takes it.
void Grammar::ReadWholeNumber(Node* out) {
  const Token& token = Peek();
  *out = NumberNode(token.number);
  out->text = token.text;
  out->decimals = token.decimals;
  out->significant = token.significant;
  ++at_;
}

bool Grammar::ReadBareOperand(Node* out) {
  if (Peek().kind != Token::Kind::kNumber) return ReadOperand(out);
  ReadWholeNumber(out);
  return true;
}

// The fraction behind a whole number: 1\frac{1}{2}, 1 1/2, 1½.
bool Grammar::ReadMixedPart(Node* whole) {
  const auto add = [whole](const Rational& part) {
    whole->number = whole->number + part;
    whole->text.clear();
  };
  SplitFractionDigits();
  const Token& next = Peek();
  if (next.kind == Token::Kind::kNumber && next.vulgar) {
    add(next.number);
    ++at_;
  } else if (next.kind == Token::Kind::kNumber && next.space_before && !next.text.empty() &&
             AtSign("/", 1) && Peek(2).kind == Token::Kind::kNumber && !Peek(2).text.empty() &&
             !Peek(2).number.IsZero()) {
    add(next.number / Peek(2).number);
    at_ += 3;
  } else if (next.kind == Token::Kind::kCommand && next.text == "frac") {
    Rational above;
    Rational below;
    const size_t above_length = IntegerAhead(1, &above);
    if (above_length == 0) return true;
    const size_t below_length = IntegerAhead(1 + above_length, &below);
    if (below_length == 0 || below.IsZero()) return true;
    add(above / below);
    at_ += 1 + above_length + below_length;
  }
  return true;
}

// The tokens of "{12}" or of a single digit at `ahead`; 0 when there is no such integer.
size_t Grammar::IntegerAhead(size_t ahead, Rational* value) const {
  const bool group = AtSign("{", ahead);
  const Token& token = Peek(ahead + (group ? 1 : 0));
  if (token.kind != Token::Kind::kNumber || token.text.empty()) return 0;
  if (group ? !AtSign("}", ahead + 2) : token.text.size() != 1) return 0;
  *value = token.number;
  return group ? 3 : 1;
}

// \frac12 is \frac{1}{2}: the digits behind a \frac become a token each.
void Grammar::SplitFractionDigits() {
  if (!At(Token::Kind::kCommand, "frac")) return;
  const size_t at = at_ + 1;
  if (Peek(1).kind != Token::Kind::kNumber || Peek(1).text.size() < 2) return;
  Token first = tokens_[at];
  first.text.resize(1);
  first.number = DigitsValue(first.text);
  Token& rest = tokens_[at];
  rest.text.erase(0, 1);
  rest.number = DigitsValue(rest.text);
  rest.space_before = false;
  tokens_.insert(tokens_.begin() + static_cast<std::ptrdiff_t>(at), std::move(first));
}

bool Grammar::ReadName(Node* out) {
  std::string name = Peek().text;
  ++at_;
  if (AtSign("'")) return Fail(FailedPrecondition("derivatives are not computed"));
  const bool subscript = AtSign("_");
  if (subscript && !ReadSubscript(&name)) return false;
  if (!subscript && (name == "e" || name == "i")) {
    *out = ConstantNode(name);
  } else {
    *out = SymbolNode(std::move(name));
  }
  return true;
}

bool Grammar::ReadSubscript(std::string* name) {
  ++at_;
  *name += '_';
  if (!TakeSign("{")) {
    const Token& token = Peek();
    if (token.kind == Token::Kind::kEnd || token.text.empty() || token.kind == Token::Kind::kSign)
      return Unexpected();
    *name += token.text;
    ++at_;
    return true;
  }
  while (!AtSign("}")) {
    if (Peek().text.empty() || AtSign("{")) return Unexpected();
    if (Peek().kind == Token::Kind::kCommand) *name += '\\';
    *name += Peek().text;
    ++at_;
  }
  ++at_;
  return true;
}

bool Grammar::ReadCommand(Node* out) {
  const std::string name = Peek().text;
  if (name.substr(0, 6) == "begin:") {
    ++at_;
    return ReadMatrix(name.substr(6), out);
  }
  if (IsFunctionName(name) && name != "sqrt" && name != "cbrt" &&
      (name != "binom" || AtSign("(", 1))) {
    return ReadFunction(out);
  }
  ++at_;
  if (name == "frac") return ReadFraction(out);
  if (name == "sqrt") return ReadRoot(out);
  if (name == "usqrt") return ReadSignRoot(2, out);
  if (name == "ucbrt" || name == "cbrt") return ReadSignRoot(3, out);
  if (name == "ufrt") return ReadSignRoot(4, out);
  if (name == "pi") return *out = ConstantNode("pi"), true;
  if (name == "infty") return *out = ConstantNode("infinity"), true;
  if (name == "emptyset") return *out = MakeNode(NodeKind::kSet, {}), true;
  if (name == "reals") return *out = MakeNode(NodeKind::kReals, {}), true;
  if (name == "binom") {
    Node top;
    Node bottom;
    if (!ReadGroupOrToken(&top) || !ReadGroupOrToken(&bottom)) return false;
    *out = MakeNode(NodeKind::kCall, {std::move(top), std::move(bottom)}, "binom");
    return true;
  }
  --at_;
  return Unexpected();
}

bool Grammar::ReadFraction(Node* out) {
  Node above;
  Node below;
  if (!ReadGroupOrToken(&above) || !ReadGroupOrToken(&below)) return false;
  *out = MakeNodeOf(NodeKind::kDivide, std::move(above), std::move(below));
  return true;
}

bool Grammar::ReadRoot(Node* out) {
  Node index = NumberNode(Rational(2));
  if (TakeSign("[")) {
    if (!ReadSum(&index) || !RequireValue(index) || !ExpectSign("]")) return false;
  }
  Node radicand;
  if (!ReadBareOperand(&radicand) || !RequireValue(radicand)) return false;
  *out = MakeNodeOf(NodeKind::kRoot, std::move(radicand), std::move(index));
  return true;
}

bool Grammar::ReadSignRoot(long index, Node* out) {
  Node radicand;
  if (!ReadBareOperand(&radicand) || !RequireValue(radicand)) return false;
  *out = MakeNodeOf(NodeKind::kRoot, std::move(radicand), NumberNode(Rational(index)));
  return true;
}

bool Grammar::ReadFunction(Node* out) {
  const Nesting nesting(this);
  if (!nesting.ok()) return false;
  std::string name = Peek().text;
  ++at_;
  if (name == "asin" || name == "acos" || name == "atan") name.insert(1, "rc");
  if (name == "lg") name = "log";
  Node base;
  // log10(100), as programs write it.
  const bool joined = name == "log" && Peek().kind == Token::Kind::kNumber &&
                      !Peek().space_before && !Peek().text.empty() && AtSign("(", 1);
  const bool has_base = joined || (name == "log" && TakeSign("_"));
  if (has_base && Peek().kind == Token::Kind::kNumber &&
      (AtSign("(", 1) || Peek(1).kind == Token::Kind::kNumber)) {
    base = NumberNode(Peek().number);  // log_10(100), where LaTeX would take the 1 alone
    ++at_;
  } else if (has_base && !ReadGroupOrToken(&base)) {
    return false;
  }
  Node power;
  bool has_power = false;
  if (AtSign("^")) {
    ++at_;
    has_power = true;
    if (!ReadGroupOrToken(&power)) return false;
    if (power.kind == NodeKind::kNumber && power.number.Sign() < 0) {
      if (!(power.number == Rational(-1)) || (name != "sin" && name != "cos" && name != "tan")) {
        return Fail(InvalidArgument("a negative power behind " + name));
      }
      name = "arc" + name;
      has_power = false;
    }
    if (AtSign("-")) return Unexpected();  // \cos^2-\theta: a difference or an argument
  }
  Node call = MakeNode(NodeKind::kCall, {}, name);
  const bool several = name == "gcd" || name == "lcm" || name == "max" || name == "min";
  if (several && AtSign("\\{")) {
    Node arguments;
    if (!ReadSet(&arguments)) return false;
    call.children = std::move(arguments.children);
  } else if (AtSign("(")) {
    Node arguments;
    if (!ReadBrackets(&arguments)) return false;
    if (arguments.kind == NodeKind::kBrackets) {
      call.children = std::move(arguments.children);
    } else {
      call.children.push_back(std::move(arguments));
    }
  } else {
    Node argument;
    if (!ReadArgument(&argument)) return false;
    call.children.push_back(std::move(argument));
  }
  for (const Node& child : call.children) {
    if (!RequireValue(child)) return false;
  }
  if (has_base) call.children.push_back(std::move(base));
  const bool two = has_base || name == "binom";
  if (several ? call.children.size() < 2 : call.children.size() != (two ? 2U : 1U)) {
    return Fail(InvalidArgument("the wrong number of arguments of " + name));
  }
  *out =
      has_power ? MakeNodeOf(NodeKind::kPower, std::move(call), std::move(power)) : std::move(call);
  return true;
}

// Without brackets an argument goes on as far as its factors stand side by side.
bool Grammar::ReadArgument(Node* out) {
  std::vector<Node> factors;
  const bool negative = TakeSign("-");
  do {
    if (Peek().kind == Token::Kind::kCommand && IsFunctionName(Peek().text) &&
        Peek().text != "sqrt" && !factors.empty())
      break;
    if (Peek().kind == Token::Kind::kNumber && !factors.empty()) break;
    Node factor;
    if (!ReadPower(&factor) || !RequireValue(factor)) return false;
    factors.push_back(std::move(factor));
  } while (StartsOperand());
  Node product = factors.size() == 1 ? std::move(factors[0])
                                     : MakeNode(NodeKind::kMultiply, std::move(factors));
  *out = negative ? MakeNodeOf(NodeKind::kNegate, std::move(product)) : std::move(product);
  return true;
}

bool Grammar::ReadBars(std::string_view close, const char* function, Node* out) {
  ++at_;
  const int outer = std::exchange(bars_, close == "|" ? 1 : 0);
  Node inside;
  if (!ReadSum(&inside) || !RequireValue(inside) || !ExpectSign(close)) return false;
  bars_ = outer;
  *out = MakeNode(NodeKind::kCall, {std::move(inside)}, function);
  return true;
}

bool Grammar::ReadGroup(Node* out) {
  ++at_;
  const int outer = std::exchange(bars_, 0);
  Node inside;
  if (!ReadList(&inside) || !ExpectSign("}")) return false;
  bars_ = outer;
  if (inside.kind == NodeKind::kList) inside.kind = NodeKind::kSet, inside.ops.clear();
  *out = std::move(inside);
  return true;
}

bool Grammar::ReadGroupOrToken(Node* out) {
  if (AtSign("{")) return ReadGroup(out) && RequireValue(*out);
  Token& token = tokens_[at_];
  if (token.kind == Token::Kind::kNumber && !token.text.empty()) {
    // \frac43: one digit each.
    *out = NumberNode(DigitsValue(token.text.substr(0, 1)));
    out->text = token.text.substr(0, 1);
    if (token.text.size() == 1) {
      ++at_;
    } else {
      token.text.erase(0, 1);
      token.number = DigitsValue(token.text);
      token.space_before = false;
    }
    return true;
  }
  if (token.kind == Token::Kind::kSign && token.text != "(") return Unexpected();
  return ReadOperand(out) && RequireValue(*out);
}

}  // namespace cohort
