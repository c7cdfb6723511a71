// The inside of a box: what its first process does, from its making to its report.
//
// That process is the watcher. It lays out the box, starts the program as its child, takes the
// program's output as it comes, keeps the limits and reports to the library through a socket that
// no other process in the box has. It runs no foreign code; the program can neither see nor stop
// it, and nothing outlives it.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "reward_workers/sandbox/base_tree.h"
#include "reward_workers/sandbox/cgroups.h"
#include "reward_workers/sandbox/sandbox_spec.h"

namespace cohort {

// What the launcher hands to a box. All descriptors are the box' own copies.
struct BoxPlan {
  SandboxSpec spec;
  const BaseTree* base = nullptr;
  const std::vector<sock_filter>* filter = nullptr;
  const BoxCgroup* cgroup = nullptr;  // may be null
  bool root = false;       // made by root: the program gets `uid`; else a user namespace is there
  uid_t uid = 0;           // of the program, as seen in the box
  int report = -1;         // the library's socket
  int input = -1;          // the program's stdin
  bool channel = false;    // `input` is its stdout, too
  std::vector<int> trees;  // of spec.binds
};

// In the new process of the new namespaces. Reports and ends.
[[noreturn]] void LiveInBox(const BoxPlan& plan);

// In a new user namespace: says whom its only user, and group, stand for. (become_program.cc)
Status MapUser(uid_t inside, uid_t user, gid_t group);

// The box' folders, devices and files; leaves the launcher's tree for good. ResourceExhausted when
// the files do not fit on its disk. (box_tree.cc)
Status LayOutBox(const BoxPlan& plan);
// Whether overlays and a /proc of one's own can be had: tried in a process of its own namespaces.
struct BoxTrial {
  bool overlay = false;
  bool proc = false;
  bool trees = false;  // overlays that can be written
};
BoxTrial TryBoxTree(bool root);
// Unavailable if it needs trees that may be changed and there are none.
Status CheckTrees(const BaseTree& base, const SandboxSpec& spec);
// What the specification removes from trees and places in /work. (box_files.cc)
Status LayFiles(const BoxPlan& plan);

// Becomes the program: gives up all rights and never returns. Called in a child that shares the
// watcher's memory until then, so a failure is simply left there. (become_program.cc)
struct StartFailure {
  int error = 0;         // 0: it runs
  bool program = false;  // the program is to blame: it cannot be executed
  const char* step = "";
};
struct ProgramEnds {
  int input, output, errors;
};
[[noreturn]] void BecomeProgram(const BoxPlan& plan, const ProgramEnds& ends,
                                StartFailure* failure);

// No exec of this process or its children gives rights back: neither root's id nor a file's bits.
// It keeps those that it has. (become_program.cc)
Status ForgetRights();
// The watcher's: to end the others and to look at them, and no more. (become_program.cc)
Status KeepWatchersRights();

}  // namespace cohort
