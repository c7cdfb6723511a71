#include "libs/tokenizer/tokenizer_json.h"

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

namespace cohort {
namespace {

using Json = nlohmann::json;

Result<Json> ParseObject(std::string_view text) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception& error) {
    return InvalidArgument("not valid JSON, was it cut short? " + std::string(error.what()));
  }
  if (!json.is_object()) return InvalidArgument("not a JSON object");
  return json;
}

// Nothing when the key is missing or null.
const Json* Find(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<bool> ReadBool(const Json& object, const char* key, bool otherwise) {
  const Json* value = Find(object, key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) return InvalidArgument(std::string(key) + " is not true or false");
  return value->get<bool>();
}

Result<std::string> ReadString(const Json& object, const char* key) {
  const Json* value = Find(object, key);
  if (value == nullptr) return InvalidArgument(std::string(key) + " is missing");
  if (!value->is_string()) return InvalidArgument(std::string(key) + " is not a string");
  return value->get<std::string>();
}

Result<int32_t> ReadId(const Json& value) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() > kHighestTokenId) {
    return InvalidArgument("id " + value.dump() + " is not a whole number from 0 to " +
                           std::to_string(kHighestTokenId));
  }
  return static_cast<int32_t>(value.get<uint64_t>());
}

Result<std::string> ReadType(const Json& value) {
  if (!value.is_object()) return InvalidArgument("not an object with a type");
  return ReadString(value, "type");
}

Result<SplitStage> ReadSplit(const Json& value) {
  SplitStage stage;
  const Json* pattern = Find(value, "pattern");
  if (pattern == nullptr || !pattern->is_object()) {
    return InvalidArgument("Split: pattern is missing or not an object");
  }
  stage.is_literal = pattern->contains("String");
  COHORT_ASSIGN_OR_RETURN(stage.pattern,
                          ReadString(*pattern, stage.is_literal ? "String" : "Regex"));
  COHORT_ASSIGN_OR_RETURN(stage.invert, ReadBool(value, "invert", false));
  COHORT_ASSIGN_OR_RETURN(const std::string behavior, ReadString(value, "behavior"));
  if (behavior == "Isolated") {
    stage.behavior = SplitBehavior::kIsolated;
  } else if (behavior == "Removed") {
    stage.behavior = SplitBehavior::kRemoved;
  } else {
    return InvalidArgument("Split: behavior '" + behavior +
                           "' is not supported (Isolated, Removed)");
  }
  return stage;
}

// A Sequence holds stages only, so that a damaged file cannot nest without end.
Status ReadStage(const Json& value, bool in_sequence, std::vector<PreTokenizerStage>* stages) {
  COHORT_ASSIGN_OR_RETURN(const std::string type, ReadType(value));
  if (type == "Digits") {
    DigitsStage stage;
    COHORT_ASSIGN_OR_RETURN(stage.individual_digits, ReadBool(value, "individual_digits", false));
    stages->emplace_back(stage);
  } else if (type == "Split") {
    COHORT_ASSIGN_OR_RETURN(SplitStage stage, ReadSplit(value));
    stages->emplace_back(std::move(stage));
  } else if (type == "ByteLevel") {
    ByteLevelStage stage;
    COHORT_ASSIGN_OR_RETURN(stage.add_prefix_space, ReadBool(value, "add_prefix_space", true));
    COHORT_ASSIGN_OR_RETURN(stage.use_regex, ReadBool(value, "use_regex", true));
    stages->emplace_back(stage);
  } else if (type == "Sequence" && !in_sequence) {
    const Json* parts = Find(value, "pretokenizers");
    if (parts == nullptr || !parts->is_array()) {
      return InvalidArgument("pretokenizers is missing or not a list");
    }
    for (const Json& part : *parts) COHORT_RETURN_IF_ERROR(ReadStage(part, true, stages));
  } else {
    return InvalidArgument("type '" + type +
                           "' is not supported here (Digits, Split, ByteLevel, Sequence of them)");
  }
  return {};
}

Status ReadVocabulary(const Json& model, BpeSpec* bpe) {
  const Json* vocabulary = Find(model, "vocab");
  if (vocabulary == nullptr || !vocabulary->is_object() || vocabulary->empty()) {
    return InvalidArgument("vocab is missing, empty or not an object of token: id");
  }
  std::unordered_set<int32_t> ids;
  for (const auto& [token, value] : vocabulary->items()) {
    const Result<int32_t> id = ReadId(value);
    if (!id.ok()) return id.status().WithContext("vocab, token '" + token + "'");
    if (!ids.insert(*id).second) {
      return InvalidArgument("vocab, token '" + token + "': id " + std::to_string(*id) +
                             " belongs to another token too");
    }
    bpe->vocabulary.emplace(token, *id);
  }
  return {};
}

Status ReadMerges(const Json& model, BpeSpec* bpe) {
  const Json* merges = Find(model, "merges");
  if (merges == nullptr || !merges->is_array()) {
    return InvalidArgument(
        "merges is missing or not a list; a byte-level BPE needs it (for single characters: [])");
  }
  for (const Json& merge : *merges) {
    const std::string place = "merges, entry " + std::to_string(bpe->merges.size());
    if (merge.is_string()) {
      const auto& text = merge.get_ref<const std::string&>();
      const size_t space = text.find(' ');
      if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
        return InvalidArgument(place + ": '" + text + "' is not two tokens with a space between");
      }
      bpe->merges.emplace_back(text.substr(0, space), text.substr(space + 1));
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      bpe->merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
    } else {
      return InvalidArgument(place + ": neither \"left right\" nor [\"left\", \"right\"]");
    }
  }
  return {};
}

Status ReadModel(const Json& root, BpeSpec* bpe) {
  const Json* model = Find(root, "model");
  if (model == nullptr || !model->is_object()) return InvalidArgument("missing or not an object");
  if (const Json* type = Find(*model, "type"); type != nullptr && *type != "BPE") {
    return InvalidArgument("type " + type->dump(-1, ' ', true) + " is not supported (BPE)");
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (const Json* affix = Find(*model, key); affix != nullptr && *affix != "") {
      return InvalidArgument(std::string(key) + " is not supported; it has to be empty");
    }
  }
  if (const Json* dropout = Find(*model, "dropout"); dropout != nullptr && *dropout != 0) {
    return InvalidArgument("dropout is not supported; set it to null");
  }
  COHORT_ASSIGN_OR_RETURN(const bool byte_fallback, ReadBool(*model, "byte_fallback", false));
  if (byte_fallback) return InvalidArgument("byte_fallback is not supported; set it to false");
  COHORT_ASSIGN_OR_RETURN(bpe->ignore_merges, ReadBool(*model, "ignore_merges", false));
  COHORT_ASSIGN_OR_RETURN(bpe->fuse_unknown, ReadBool(*model, "fuse_unk", false));
  if (Find(*model, "unk_token") != nullptr) {
    COHORT_ASSIGN_OR_RETURN(bpe->unknown, ReadString(*model, "unk_token"));
  }
  COHORT_RETURN_IF_ERROR(ReadVocabulary(*model, bpe));
  return ReadMerges(*model, bpe);
}

Result<AddedToken> ReadAddedToken(const Json& value) {
  if (!value.is_object()) return InvalidArgument("not an object");
  AddedToken token;
  COHORT_ASSIGN_OR_RETURN(token.content, ReadString(value, "content"));
  if (token.content.empty()) return InvalidArgument("content is empty");
  const Json* id = Find(value, "id");
  if (id == nullptr) return InvalidArgument("id is missing");
  COHORT_ASSIGN_OR_RETURN(token.id, ReadId(*id));
  COHORT_ASSIGN_OR_RETURN(token.special, ReadBool(value, "special", false));
  COHORT_ASSIGN_OR_RETURN(token.normalized, ReadBool(value, "normalized", !token.special));
  COHORT_ASSIGN_OR_RETURN(token.lstrip, ReadBool(value, "lstrip", false));
  COHORT_ASSIGN_OR_RETURN(token.rstrip, ReadBool(value, "rstrip", false));
  COHORT_ASSIGN_OR_RETURN(const bool single_word, ReadBool(value, "single_word", false));
  if (single_word) return InvalidArgument("single_word is not supported; set it to false");
  return token;
}

Status ReadAddedTokens(const Json& root, TokenizerSpec* spec) {
  const Json* list = Find(root, "added_tokens");
  if (list == nullptr) return {};
  if (!list->is_array()) return InvalidArgument("not a list");
  std::unordered_set<int32_t> vocabulary_ids;
  for (const auto& [token, id] : spec->bpe.vocabulary) vocabulary_ids.insert(id);
  std::unordered_set<int32_t> ids;
  std::unordered_set<std::string> contents;
  for (const Json& value : *list) {
    Result<AddedToken> token = ReadAddedToken(value);
    const std::string place = "entry " + std::to_string(spec->added_tokens.size());
    if (!token.ok()) return token.status().WithContext(place);
    if (!ids.insert(token->id).second || !contents.insert(token->content).second) {
      return InvalidArgument(place + ": '" + token->content + "' or its id occurs twice");
    }
    const auto known = spec->bpe.vocabulary.find(token->content);
    const bool agrees = known != spec->bpe.vocabulary.end() ? known->second == token->id
                                                            : !vocabulary_ids.contains(token->id);
    if (!agrees) {
      return InvalidArgument(place + ": '" + token->content + "' has id " +
                             std::to_string(token->id) + ", the vocabulary says otherwise");
    }
    spec->added_tokens.push_back(*std::move(token));
  }
  return {};
}

Status RefuseNormalizer(const Json& root) {
  const Json* normalizer = Find(root, "normalizer");
  if (normalizer == nullptr) return {};
  COHORT_ASSIGN_OR_RETURN(const std::string type, ReadType(*normalizer));
  return InvalidArgument("type '" + type + "' is not supported (null)");
}

Status CheckDecoder(const Json& root) {
  const Json* decoder = Find(root, "decoder");
  if (decoder == nullptr) return InvalidArgument("missing; ByteLevel is needed");
  COHORT_ASSIGN_OR_RETURN(const std::string type, ReadType(*decoder));
  if (type != "ByteLevel") {
    return InvalidArgument("type '" + type + "' is not supported (ByteLevel)");
  }
  return {};
}

Status ReadPreTokenizer(const Json& root, std::vector<PreTokenizerStage>* stages) {
  const Json* pre_tokenizer = Find(root, "pre_tokenizer");
  if (pre_tokenizer == nullptr) return InvalidArgument("missing; ByteLevel is needed");
  return ReadStage(*pre_tokenizer, /*in_sequence=*/false, stages);
}

Status InPart(const char* part, Status status) {
  return status.ok() ? status : status.WithContext(part);
}

}  // namespace

Result<TokenizerSpec> ParseTokenizerJson(std::string_view text) {
  COHORT_ASSIGN_OR_RETURN(const Json root, ParseObject(text));
  TokenizerSpec spec;
  COHORT_RETURN_IF_ERROR(InPart("normalizer", RefuseNormalizer(root)));
  COHORT_RETURN_IF_ERROR(InPart("pre_tokenizer", ReadPreTokenizer(root, &spec.stages)));
  COHORT_RETURN_IF_ERROR(InPart("decoder", CheckDecoder(root)));
  COHORT_RETURN_IF_ERROR(InPart("model", ReadModel(root, &spec.bpe)));
  COHORT_RETURN_IF_ERROR(InPart("added_tokens", ReadAddedTokens(root, &spec)));
  return spec;
}

Result<std::optional<std::string>> ParseEosToken(std::string_view text) {
  COHORT_ASSIGN_OR_RETURN(const Json root, ParseObject(text));
  const Json* value = Find(root, "eos_token");
  if (value == nullptr) return std::optional<std::string>();
  COHORT_ASSIGN_OR_RETURN(std::string token, value->is_object() ? ReadString(*value, "content")
                                                                : ReadString(root, "eos_token"));
  return std::optional<std::string>(std::move(token));
}

}  // namespace cohort
