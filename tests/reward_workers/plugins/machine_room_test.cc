#include "reward_workers/plugins/machine_room.h"

#include <gtest/gtest.h>

#include "tests/test_folder.h"

namespace cohort {
namespace {

// A machine made of files.
class Machine {
 public:
  void Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  Room room() const { return MachineRoom(folder_.path()); }

 private:
  TestFolder folder_;
};

TEST(MachineRoom, IsWhatTheMachineHasWithoutControlGroups) {
  Machine machine;
  machine.Write("proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable:    4194304 kB\n");
  EXPECT_EQ(machine.room().memory_mb, 4096u);
  EXPECT_GE(machine.room().cpus, 1);
  EXPECT_EQ(MachineRoom().cpus, machine.room().cpus);
  EXPECT_GT(MachineRoom().memory_mb, 0u);
}

TEST(MachineRoom, KeepsToControlGroupsOfTheSecondVersionAndThoseAbove) {
  Machine machine;
  machine.Write("proc/meminfo", "MemAvailable:    4194304 kB\n");
  machine.Write("proc/self/cgroup", "0::/fleet/worker\n");
  machine.Write("sys/fs/cgroup/fleet/worker/cpu.max", "max 100000\n");
  machine.Write("sys/fs/cgroup/fleet/worker/memory.max", "max\n");
  machine.Write("sys/fs/cgroup/fleet/cpu.max", "50000 100000\n");
  machine.Write("sys/fs/cgroup/fleet/memory.max", "1073741824\n");
  machine.Write("sys/fs/cgroup/fleet/memory.current", "536870912\n");
  EXPECT_EQ(machine.room().cpus, 0.5);
  EXPECT_EQ(machine.room().memory_mb, 512u);
  machine.Write("sys/fs/cgroup/fleet/memory.stat", "anon 1\ninactive_file 268435456\n");
  EXPECT_EQ(machine.room().memory_mb, 768u);
}

TEST(MachineRoom, KeepsToControlGroupsOfTheFirstVersion) {
  Machine machine;
  machine.Write("proc/meminfo", "MemAvailable:    4194304 kB\n");
  machine.Write("proc/self/cgroup", "5:cpu,cpuacct:/job\n4:memory:/job\n");
  machine.Write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "25000\n");
  machine.Write("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  machine.Write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  machine.Write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  machine.Write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "268435456\n");
  EXPECT_EQ(machine.room().cpus, 0.25);
  EXPECT_EQ(machine.room().memory_mb, 256u);
}

TEST(ChildrenByCost, IsBoundByTheScarcerOfTheTwo) {
  EXPECT_EQ(ChildrenByCost({8, 16384}, 1, 2048), 8u);
  EXPECT_EQ(ChildrenByCost({8, 16384}, 0.5, 2048), 8u);
  EXPECT_EQ(ChildrenByCost({8, 16384}, 0.5, 512), 16u);
  EXPECT_EQ(ChildrenByCost({8, 16384}, 3, 512), 2u);
  EXPECT_EQ(ChildrenByCost({0.5, 100}, 1, 2048), 1u);
}

}  // namespace
}  // namespace cohort
