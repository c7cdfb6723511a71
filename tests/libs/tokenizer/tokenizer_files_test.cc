// Tokenizer files that are damaged or ask for more than Cohort does: one line that names the place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "libs/tokenizer/tokenizer.h"

namespace cohort {
namespace {

using Json = nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kValid[] = R"({
  "normalizer": null,
  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
  "decoder": {"type": "ByteLevel"},
  "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]},
  "added_tokens": [{"id": 3, "content": "<eos>", "special": true}]
})";

class TokenizerFiles : public ::testing::Test {
 protected:
  TokenizerFiles()
      : directory_(std::filesystem::temp_directory_path() /
                   ("cohort_tokenizer_files_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(directory_);
  }
  ~TokenizerFiles() override { std::filesystem::remove_all(directory_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }
  Status LoadText(const std::string& text) {
    Write("tokenizer.json", text);
    return Tokenizer::Load(directory_).status();
  }
  // The valid file with one value replaced or added.
  Status LoadWith(const std::string& pointer, const std::string& value) {
    Json json = Json::parse(kValid);
    json[Json::json_pointer(pointer)] = Json::parse(value);
    return LoadText(json.dump());
  }
  Status LoadWithout(const std::string& object, const std::string& key) {
    Json json = Json::parse(kValid);
    json[Json::json_pointer(object)].erase(key);
    return LoadText(json.dump());
  }
  static void ExpectRefused(const Status& status, const std::string& reason) {
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.ToString();
    EXPECT_THAT(status.message(),
                AllOf(HasSubstr("tokenizer.json"), HasSubstr(reason), Not(HasSubstr("\n"))));
  }

  std::filesystem::path directory_;
};

TEST_F(TokenizerFiles, LoadsWhatIsValid) {
  EXPECT_TRUE(LoadText(kValid).ok());
  EXPECT_TRUE(LoadWith("/model/merges", R"([["a", "b"]])").ok());
  EXPECT_TRUE(LoadWith("/model/merges", "[]").ok());
}

TEST_F(TokenizerFiles, RefusesATokenizerWithoutMerges) {
  ExpectRefused(LoadWithout("/model", "merges"), "model: merges is missing");
}

TEST_F(TokenizerFiles, NamesAMissingFile) {
  const Status status = Tokenizer::Load(directory_ / "nowhere").status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("nowhere/tokenizer.json"));
}

TEST_F(TokenizerFiles, RefusesAFileThatWasCutShortAnywhere) {
  const std::string text = kValid;
  for (size_t length = 0; length < text.rfind('}'); ++length) {
    ExpectRefused(LoadText(text.substr(0, length)), "not valid JSON");
  }
}

TEST_F(TokenizerFiles, RefusesWhatItDoesNotDoByName) {
  ExpectRefused(LoadWith("/normalizer", R"({"type": "NFC"})"), "normalizer: type 'NFC'");
  ExpectRefused(LoadWith("/pre_tokenizer", R"({"type": "Metaspace"})"),
                "pre_tokenizer: type 'Metaspace'");
  ExpectRefused(LoadWith("/pre_tokenizer", R"({"type": "Digits"})"), "no ByteLevel stage");
  ExpectRefused(LoadWith("/pre_tokenizer", "null"), "pre_tokenizer: missing");
  ExpectRefused(LoadWith("/decoder", R"({"type": "Metaspace"})"), "decoder: type 'Metaspace'");
  ExpectRefused(LoadWith("/decoder", "null"), "decoder: missing");
  ExpectRefused(LoadWith("/model/type", R"("WordPiece")"), "model: type \"WordPiece\"");
  ExpectRefused(LoadWith("/model/byte_fallback", "true"), "byte_fallback");
  ExpectRefused(LoadWith("/model/dropout", "0.1"), "dropout");
  ExpectRefused(LoadWith("/model/end_of_word_suffix", R"("</w>")"), "end_of_word_suffix");
  ExpectRefused(LoadWith("/added_tokens/0/single_word", "true"), "single_word");
}

TEST_F(TokenizerFiles, RefusesSplitsThatItDoesNotDo) {
  const auto load = [&](const std::string& split) {
    return LoadWith("/pre_tokenizer",
                    R"({"type": "Sequence", "pretokenizers": [{"type": "Split", )" + split +
                        R"(}, {"type": "ByteLevel"}]})");
  };
  EXPECT_TRUE(load(R"("pattern": {"Regex": "a+"}, "behavior": "Isolated")").ok());
  ExpectRefused(load(R"("pattern": {"Regex": "a+"}, "behavior": "Contiguous")"), "'Contiguous'");
  ExpectRefused(load(R"("pattern": {"Regex": "(a"}, "behavior": "Isolated")"), "byte 2");
  ExpectRefused(load(R"("behavior": "Isolated")"), "pattern is missing");
}

TEST_F(TokenizerFiles, RefusesVocabulariesAndMergesThatDoNotFit) {
  ExpectRefused(LoadWith("/model/vocab", "{}"), "vocab is missing, empty");
  ExpectRefused(LoadWith("/model/vocab/a", "-1"), "token 'a': id -1");
  ExpectRefused(LoadWith("/model/vocab/a", "1e9"), "token 'a': id");
  ExpectRefused(LoadWith("/model/vocab/a", "99999999999"), "token 'a': id");
  ExpectRefused(LoadWith("/model/vocab/a", R"("x")"), "token 'a': id");
  ExpectRefused(LoadWith("/model/vocab/a", "1"), "belongs to another token");
  ExpectRefused(LoadWith("/model/merges/0", R"("a c")"), "merge 0: token 'c' is not in");
  ExpectRefused(LoadWith("/model/merges/0", R"("a b c")"), "merges, entry 0");
  ExpectRefused(LoadWith("/model/merges/0", "7"), "merges, entry 0");
  ExpectRefused(LoadWith("/model/unk_token", R"("?")"), "unk_token '?'");
}

TEST_F(TokenizerFiles, RefusesAddedTokensThatContradictTheVocabulary) {
  ExpectRefused(LoadWith("/added_tokens/0/id", "1"), "the vocabulary says otherwise");
  ExpectRefused(LoadWith("/added_tokens/0/content", R"("")"), "content is empty");
  ExpectRefused(LoadWith("/added_tokens/1", R"({"id": 3, "content": "<x>"})"), "occurs twice");
  ExpectRefused(LoadWithout("/added_tokens/0", "id"), "id is missing");
}

TEST_F(TokenizerFiles, RefusesPartsOfTheWrongType) {
  for (const std::string part : {"/normalizer", "/pre_tokenizer", "/decoder", "/model",
                                 "/model/vocab", "/model/merges", "/added_tokens"}) {
    for (const std::string value : {"7", "\"text\"", "true", "[7]", R"({"type": 7})"}) {
      EXPECT_FALSE(LoadWith(part, value).ok()) << part << " " << value;
    }
  }
}

TEST_F(TokenizerFiles, ReadsTheEndTokenAsTextOrAsAnObject) {
  Write("tokenizer.json", kValid);
  Write("tokenizer_config.json", R"({"eos_token": "<eos>"})");
  EXPECT_EQ(Tokenizer::Load(directory_)->eos(), 3);
  Write("tokenizer_config.json", R"({"eos_token": {"content": "<eos>"}})");
  EXPECT_EQ(Tokenizer::Load(directory_)->eos(), 3);
  Write("tokenizer_config.json", R"({"eos_token": null})");
  EXPECT_EQ(Tokenizer::Load(directory_)->eos(), std::nullopt);
}

TEST_F(TokenizerFiles, RefusesAnEndTokenThatDoesNotExist) {
  Write("tokenizer.json", kValid);
  Write("tokenizer_config.json", R"({"eos_token": "</s>"})");
  EXPECT_THAT(Tokenizer::Load(directory_).status().message(),
              AllOf(HasSubstr("tokenizer_config.json"), HasSubstr("'</s>'")));
  Write("tokenizer_config.json", R"({"eos_token": )");
  EXPECT_THAT(Tokenizer::Load(directory_).status().message(), HasSubstr("not valid JSON"));
}

}  // namespace
}  // namespace cohort
