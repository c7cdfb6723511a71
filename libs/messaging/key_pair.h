// Keys as values: what the options of clients and servers carry.
#pragma once

#include <filesystem>
#include <string>

namespace cohort {

struct CurveKeyPair {
  std::string public_key;  // 40 characters of Z85, both
  std::string secret_key;
};

// Of a process that connects.
struct CurveClient {
  CurveKeyPair own;
  std::string server_key;  // public
};

// Of a process that is connected to.
struct CurveServer {
  CurveKeyPair own;
  std::filesystem::path allowed;  // the allow-list
};

}  // namespace cohort
