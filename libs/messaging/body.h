// The bytes of a task: immutable, shared, never read by the broker.
//
// A body owns what it points to, be it a string of ours or a frame that ZeroMQ received, so large
// ones travel from socket to socket without a copy. Values; copies share the bytes, from any
// thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace cohort {

class Body {
 public:
  Body() = default;

  // Takes the string over.
  static Body Own(std::string bytes) {
    if (bytes.empty()) return {};
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    const std::string_view view = *owner;
    return Body(std::move(owner), view);
  }
  static Body Copy(std::string_view bytes) { return Own(std::string(bytes)); }
  // `view` lies within what `owner` keeps alive.
  static Body Share(std::shared_ptr<const void> owner, std::string_view view) {
    return Body(std::move(owner), view);
  }

  std::string_view view() const { return view_; }
  size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }

 private:
  Body(std::shared_ptr<const void> owner, std::string_view view)
      : owner_(std::move(owner)), view_(view) {}

  std::shared_ptr<const void> owner_;
  std::string_view view_;
};

}  // namespace cohort
