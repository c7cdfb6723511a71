// A wire that can be cut: forwards bytes between a socket path of its own and another, until Cut.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "libs/messaging/sockets.h"

namespace cohort {

class CutProxy {
 public:
  // Paths of ipc sockets, without the scheme.
  CutProxy(std::string listen_path, std::string target_path);
  ~CutProxy();
  // Every connection that stands now breaks; new ones are let through.
  void Cut();

 private:
  void Run();
  void Accept();
  bool Forward(int from, int to);
  void CloseAll();

  const std::string listen_path_;
  const std::string target_path_;
  int listener_ = -1;
  struct Pair {
    int near = -1, far = -1;
  };
  std::vector<Pair> pairs_;
  std::atomic<int> cuts_{0};
  std::atomic<bool> stop_{false};
  Wakeup wakeup_;
  std::thread thread_;
};

}  // namespace cohort
