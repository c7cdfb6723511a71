// How much of the machine this process may use, and how many children fit into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace cohort {

struct Room {
  double cpus = 1;
  uint64_t memory_mb = 0;  // MiB that nobody uses now
};

// The least of what affinity and control groups (v1 and v2) leave. `root` is / but in tests.
Room MachineRoom(const std::filesystem::path& root = "/");

// Children of a scorer that fit, by the cores that one keeps busy and its memory; at least one.
size_t ChildrenByCost(const Room& room, double cpus, int64_t memory_mb);

}  // namespace cohort
