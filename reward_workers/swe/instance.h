// A row of a software-engineering data set: what is to be repaired, and which tests tell.
// SWE-bench's names for the columns; lists may be written as their JSON text, as that data set
// does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

struct SweInstance {
  std::string id;                         // instance_id
  std::string environment;                // or, where the row has none, repo with __ for /
  std::string base_commit;                // empty: the environment's tree is the base
  std::string patch;                      // the reference solution; may be empty
  std::string test_patch;                 // what the tests need changed; may be empty
  std::vector<std::string> fail_to_pass;  // never empty
  std::vector<std::string> pass_to_pass;
};

// `columns` is a JSON object. Pure. Fails with the key that is missing or broken.
Result<SweInstance> ReadSweInstance(std::string_view columns);

}  // namespace cohort
