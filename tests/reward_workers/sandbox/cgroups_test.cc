// Counters of both versions, from files as the kernel writes them.
#include "reward_workers/sandbox/cgroups.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/test_folder.h"

namespace cohort {
namespace {

int Open(const TestFolder& folder, const std::string& name, const std::string& text) {
  return open(folder.Write(name, text).c_str(), O_RDONLY | O_CLOEXEC);
}

TEST(BoxCgroups, ReadVersion1) {
  const TestFolder folder;
  BoxCgroup box;
  box.cpu = Open(folder, "cpuacct.usage", "7000000\n");
  box.cpu_before = 2'000'000;
  box.memory_stat =
      Open(folder, "memory.stat", "cache 4096\nrss 81920\nrss_huge 0\nshmem 4096\ntotal_rss 999\n");
  box.memory_peak = Open(folder, "memory.max_usage_in_bytes", "123456\n");
  box.out_of_memory =
      Open(folder, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
  box.kills_before = 1;
  box.process_events = Open(folder, "pids.events", "max 4\n");
  box.refusals_before = 4;
  EXPECT_EQ(box.CpuNanoseconds(), 5'000'000U);
  EXPECT_EQ(box.MemoryHeld(), 81920U);
  EXPECT_EQ(box.MemoryPeak(), 123456U);
  EXPECT_EQ(box.Kills(), 2U);
  EXPECT_EQ(box.Refusals(), 0U);
}

TEST(BoxCgroups, ReadVersion2) {
  const TestFolder folder;
  BoxCgroup box;
  box.version2 = true;
  box.cpu = Open(folder, "cpu.stat", "usage_usec 7000\nuser_usec 6000\nsystem_usec 1000\n");
  box.memory_stat = Open(folder, "memory.stat", "anon 81920\nfile 4096\nkernel 1\nshmem 4096\n");
  box.memory_peak = Open(folder, "memory.peak", "123456\n");
  box.out_of_memory =
      Open(folder, "memory.events", "low 0\nhigh 0\nmax 17\noom 2\noom_kill 2\noom_group_kill 1\n");
  box.process_events = Open(folder, "pids.events", "max 4\n");
  EXPECT_EQ(box.CpuNanoseconds(), 7'000'000U);
  EXPECT_EQ(box.MemoryHeld(), 81920U);
  EXPECT_EQ(box.MemoryPeak(), 123456U);
  EXPECT_EQ(box.Kills(), 2U);
  EXPECT_EQ(box.Refusals(), 4U);
}

TEST(BoxCgroups, AreZeroWhereNothingCanBeRead) {
  const BoxCgroup box;
  EXPECT_EQ(box.CpuNanoseconds(), 0U);
  EXPECT_EQ(box.MemoryHeld(), 0U);
  EXPECT_EQ(box.Kills(), 0U);
}

// A delegated folder of version 2, as far as files can play it.
TEST(CgroupPools, MakeVersion2FoldersWhereTheyAreTold) {
  const TestFolder parent;
  parent.Write("cgroup.controllers", "cpu memory pids\n");
  parent.Write("cgroup.subtree_control", "memory pids\n");
  CgroupPool pool({true, parent.path().string(), 0});
  // The kernel would make the new group's files: here it cannot be delegated further.
  for (const Mechanism& mechanism : pool.mechanisms()) {
    EXPECT_FALSE(mechanism.present);
    EXPECT_NE(mechanism.detail.find("cannot delegate"), std::string::npos) << mechanism.detail;
  }
}

TEST(CgroupPools, TellThatTheyAreSwitchedOff) {
  CgroupPool pool({false, "", 0});
  for (const Mechanism& mechanism : pool.mechanisms()) {
    EXPECT_FALSE(mechanism.present);
    EXPECT_EQ(mechanism.detail, "switched off");
  }
  EXPECT_EQ(*pool.Take(SandboxLimits()), nullptr);
}

}  // namespace
}  // namespace cohort
