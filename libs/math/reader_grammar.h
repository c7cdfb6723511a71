// The grammar behind reader.h, by recursive descent. Private to the reader's files.
//
//   list      item (("," | ";" | "and" | "or") item)*
//   item      union (relation-sign union)*
//   union     ratio ("∪" ratio)*
//   ratio     quantity (":" quantity)*
//   quantity  sum unit?
//   sum       product (("+" | "-" | "±") product)*
//   product   power (("*" | "/" | nothing) power)*       from the left: 1/2x is x/2
//   power     operand ("!" | "%" | "°" | base)* ("^" exponent)?
//
// Every function leaves the position behind what it read, or fails once and for all.
#pragma once

#include <string_view>
#include <vector>

#include "libs/math/reader.h"

namespace cohort {

class Grammar {
 public:
  explicit Grammar(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<Node> ReadAll();

 private:
  class Nesting;  // counts how deep the reading is

  // reader_structures.cc
  bool ReadList(Node* out);
  bool ReadItem(Node* out);
  bool ReadUnion(Node* out);
  bool ReadRatio(Node* out);
  bool ReadQuantity(Node* out);
  bool ReadUnitWords(std::vector<UnitWord>* words);
  bool ReadBrackets(Node* out);
  bool ReadSet(Node* out);
  bool ReadAngleBrackets(Node* out);
  bool ReadMatrix(std::string_view environment, Node* out);
  bool ReadSeparator(char* separator);

  // reader_values.cc
  bool ReadSum(Node* out);
  bool ReadProduct(Node* out);
  bool ReadSignedPower(Node* out);
  bool ReadPower(Node* out);
  bool ReadPostfix(Node* out);
  bool ReadExponent(Node* base);
  bool ReadBase(Node* out);
  bool AtBase() const;
  bool ReadDegreeSign(Node* out, bool* read);
  bool MakeProduct(std::vector<Node> above, std::vector<Node> below, Node* out);

  // reader_operands.cc
  bool ReadOperand(Node* out);
  bool ReadBareOperand(Node* out);  // a number without a mixed part
  bool ReadNumber(Node* out);
  void ReadWholeNumber(Node* out);
  bool ReadMixedPart(Node* whole);
  size_t IntegerAhead(size_t ahead, Rational* value) const;
  void SplitFractionDigits();
  bool ReadName(Node* out);
  bool ReadSubscript(std::string* name);
  bool ReadCommand(Node* out);
  bool ReadFraction(Node* out);
  bool ReadRoot(Node* out);
  bool ReadSignRoot(long index, Node* out);
  bool ReadFunction(Node* out);
  bool ReadArgument(Node* out);
  bool ReadBars(std::string_view close, const char* function, Node* out);
  bool ReadGroup(Node* out);         // { … }: one value
  bool ReadGroupOrToken(Node* out);  // { … }, or as LaTeX does one digit, letter or command
  bool StartsOperand() const;

  const Token& Peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  bool At(Token::Kind kind, std::string_view text, size_t ahead = 0) const {
    return Peek(ahead).kind == kind && Peek(ahead).text == text;
  }
  bool AtSign(std::string_view sign, size_t ahead = 0) const {
    return At(Token::Kind::kSign, sign, ahead);
  }
  bool TakeSign(std::string_view sign);
  bool ExpectSign(std::string_view sign);
  bool RequireValue(const Node& node);

  bool Fail(Status status);
  bool Unexpected();  // fails naming the token at the position

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int nesting_ = 0;
  int bars_ = 0;                   // open |
  int plus_minus_ = 0;             // so far
  std::string_view money_;         // a sign of money that was read and belongs to this quantity
  std::string_view degree_scale_;  // "celsius" or "fahrenheit", likewise
  Status failure_;
};

class Grammar::Nesting {
 public:
  explicit Nesting(Grammar* grammar) : grammar_(grammar) { ++grammar_->nesting_; }
  ~Nesting() { --grammar_->nesting_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

  // Fails the reading and is false when this is too deep.
  bool ok() const {
    return grammar_->nesting_ <= kMaxNesting ||
           grammar_->Fail(ResourceExhausted("nested too deeply"));
  }

 private:
  Grammar* grammar_;
};

}  // namespace cohort
