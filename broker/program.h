// The process cohort-broker: for its main, and for the twins of it that tests break on purpose.
#pragma once

#include <functional>

#include "broker/server.h"

namespace cohort {

// Runs the process to its end and returns its exit code. `adjust` may change what the configuration
// has led to.
int BrokerMain(int argc, char** argv,
               const std::function<void(BrokerServer::Options&)>& adjust = nullptr);

}  // namespace cohort
