// What of this machine a run could have changed.
#pragma once

#include <map>
#include <string>

namespace cohort {

class HostState {
 public:
  static HostState Now();
  // Empty: nothing has changed. What ends soon after a run (its processes' last moments) is waited
  // for.
  std::string DifferenceTo(HostState later) const;

 private:
  std::map<std::string, std::string> facts_;
};

}  // namespace cohort
