// What was used last, up to a bound: the least recently used goes first. Belongs to one thread.
#pragma once

#include <cstddef>
#include <list>
#include <unordered_map>
#include <utility>

namespace cohort {

template <typename Key, typename Value, typename Hash>
class Lru {
 public:
  // `most`: of the costs of all entries together.
  explicit Lru(size_t most) : most_(most) {}

  // Null when it is not there; else valid until the next Add.
  const Value* Find(const Key& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return &found->second->value;
  }

  // Does nothing for a key that is there, and for what would never fit.
  void Add(const Key& key, Value value, size_t cost = 1) {
    if (cost > most_ || places_.contains(key)) return;
    order_.push_front({key, std::move(value), cost});
    places_[key] = order_.begin();
    total_ += cost;
    while (total_ > most_) {
      total_ -= order_.back().cost;
      places_.erase(order_.back().key);
      order_.pop_back();
    }
  }

  size_t size() const { return order_.size(); }

 private:
  struct Entry {
    Key key;
    Value value;
    size_t cost;
  };
  using Order = std::list<Entry>;

  size_t most_;
  size_t total_ = 0;
  Order order_;  // the last one used first
  std::unordered_map<Key, typename Order::iterator, Hash> places_;
};

}  // namespace cohort
