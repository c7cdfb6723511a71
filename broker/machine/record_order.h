// Entries of the machine in the order of their newest record in the journal, oldest first.
//
// A journal's oldest segment can go once nothing in it is current: the machine writes the oldest
// entries anew until then. An intrusive list, so that a placed entry costs no allocation. Internal
// to the machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cohort {

// What can be placed. It must be removed before it dies.
struct Recorded {
  Recorded* older = nullptr;
  Recorded* newer = nullptr;
  uint64_t record = 0;  // sequence of its newest whole record; 0: it has none
  size_t bytes = 0;     // … and what that takes in the journal
};

class RecordOrder {
 public:
  RecordOrder() { ends_.older = ends_.newer = &ends_; }
  RecordOrder(const RecordOrder&) = delete;
  RecordOrder& operator=(const RecordOrder&) = delete;

  // `record` is higher than that of all others.
  void Place(Recorded* entry, uint64_t record, size_t bytes) {
    Remove(entry);
    entry->record = record;
    entry->bytes = bytes;
    entry->older = ends_.older;
    entry->newer = &ends_;
    ends_.older->newer = entry;
    ends_.older = entry;
    bytes_ += bytes;
  }
  void Remove(Recorded* entry) {
    if (entry->record == 0) return;
    entry->older->newer = entry->newer;
    entry->newer->older = entry->older;
    bytes_ -= entry->bytes;
    *entry = Recorded();
  }
  // Null when there is none.
  Recorded* oldest() { return ends_.newer == &ends_ ? nullptr : ends_.newer; }
  uint64_t bytes() const { return bytes_; }

 private:
  Recorded ends_;  // closes the circle
  uint64_t bytes_ = 0;
};

}  // namespace cohort
