// What /readyz and /status answer. Thread-safe.
#pragma once

#include <functional>
#include <string>

#include "libs/base/guarded.h"

namespace cohort {

class Health {
 public:
  // A process starts as not ready, "starting". `why` is one line for people.
  void SetReady(bool ready, std::string why = "");
  // The body of /status, a JSON object: see StatusReport. Called on the server's threads, one call
  // at a time; it must not block for long. An empty function takes it away again.
  void SetStatus(std::function<std::string()> json);

  bool ready() const;
  std::string why() const;
  std::string StatusJson() const;

 private:
  struct Readiness {
    bool ready = false;
    std::string why = "starting";
  };
  Guarded<Readiness> readiness_;
  Guarded<std::function<std::string()>> status_;
};

}  // namespace cohort
