#include "libs/math/reader.h"

#include <algorithm>
#include <utility>

#include "libs/math/reader_grammar.h"
#include "libs/math/words.h"
#include "libs/math/wrapping.h"

namespace cohort {

Result<Node> ReadAnswer(std::string_view text, const ReadOptions& options) {
  COHORT_ASSIGN_OR_RETURN(std::vector<Token> tokens,
                          ReadTokens(WithoutWrapping(text), options.decimal_comma));
  SortWords(options.symbols, &tokens);
  return Grammar(std::move(tokens)).ReadAll();
}

Result<ReadTree> ReadTokensAndTree(std::string_view text, const ReadOptions& options) {
  COHORT_ASSIGN_OR_RETURN(std::vector<Token> tokens,
                          ReadTokens(WithoutWrapping(text), options.decimal_comma));
  SortWords(options.symbols, &tokens);
  const bool has_words = HasWords(tokens);
  const bool has_mathematics = std::any_of(tokens.begin(), tokens.end(), [](const Token& token) {
    return token.kind == Token::Kind::kNumber || token.kind == Token::Kind::kCommand;
  });
  return ReadTree{Grammar(std::move(tokens)).ReadAll(), has_words, has_words && !has_mathematics};
}

Result<Node> Grammar::ReadAll() {
  if (Peek().kind == Token::Kind::kEnd) return InvalidArgument("nothing to read");
  Node answer;
  if (!ReadList(&answer)) return failure_;
  if (Peek().kind != Token::Kind::kEnd) {
    Unexpected();
    return failure_;
  }
  return answer;
}

bool Grammar::Fail(Status status) {
  if (failure_.ok()) failure_ = std::move(status);
  return false;
}

bool Grammar::Unexpected() {
  if (Peek().kind == Token::Kind::kEnd) return Fail(InvalidArgument("it ends too early"));
  const std::string& text = Peek().text;
  return Fail(InvalidArgument(text.empty()
                                  ? "a number where none belongs"
                                  : "\"" + text.substr(0, 20) + "\" where it does not belong"));
}

bool Grammar::TakeSign(std::string_view sign) {
  if (!AtSign(sign)) return false;
  ++at_;
  return true;
}

bool Grammar::ExpectSign(std::string_view sign) { return TakeSign(sign) || Unexpected(); }

bool Grammar::RequireValue(const Node& node) {
  return IsValue(node) || Fail(InvalidArgument("something that is no value is computed with"));
}

}  // namespace cohort
