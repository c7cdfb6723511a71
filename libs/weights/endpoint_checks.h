// Whether the learner may listen at an endpoint. Pure but for a look at the socket.
#pragma once

#include <string>

#include "libs/base/status.h"

namespace cohort {

// Without keys only this machine may connect. kPermissionDenied names the endpoint.
Status CheckLocalEndpoint(const std::string& endpoint);
// An ipc socket that somebody listens on: libzmq's bind would take its name away silently.
Status CheckEndpointFree(const std::string& endpoint);

}  // namespace cohort
