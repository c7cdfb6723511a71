#include "reward_workers/plugins/canaries.h"

#include <nlohmann/json.hpp>

namespace cohort {
namespace {

constexpr size_t kKept = 4;

}  // namespace

void Canaries::Add(const std::string& fields) {
  fields_.push_back(fields);
  if (fields_.size() > kKept) fields_.pop_front();
}

std::string Canaries::For(const std::string& fields) {
  using Json = nlohmann::json;
  Json task = Json::parse(fields, nullptr, /*allow_exceptions=*/false);
  if (!task.is_object()) return fields;
  Json other = {{"completion", "0"}, {"finish", "stop"}, {"tokens", 1}, {"completion_ids", {0}}};
  if (!fields_.empty()) {
    next_ = (next_ + 1) % fields_.size();
    other = Json::parse(fields_[fields_.size() - 1 - next_], nullptr, /*allow_exceptions=*/false);
  }
  for (const char* key : {"completion", "finish", "tokens", "completion_ids"}) {
    if (task.contains(key) && other.contains(key)) task[key] = other[key];
  }
  return task.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

void Canaries::DropLast() {
  if (fields_.empty()) return;
  fields_.erase(fields_.end() - 1 - static_cast<std::ptrdiff_t>(next_));
  next_ = 0;
}

}  // namespace cohort
