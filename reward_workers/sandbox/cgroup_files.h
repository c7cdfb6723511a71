// The files of control groups, and where this process' own groups lie.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace cohort {

// From the start of an open control file; empty when it cannot be read.
std::string ReadControl(int fd);
std::string ReadControlFile(const std::string& path);
// 0, or errno.
int WriteControlFile(const std::string& path, const std::string& text);

// The folder of this process' group in the hierarchy with this controller; empty: not mounted, or
// not seen from here.
std::string OwnVersion1Folder(const std::string& controller);
std::string OwnVersion2Folder();

// Tells processes apart over time and namespaces: when a process started (0: there is none), and
// the namespace that this process counts in.
uint64_t StartOf(pid_t pid);
std::string ProcessNamespace();

}  // namespace cohort
