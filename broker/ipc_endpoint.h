// Before the broker listens on a socket of the file system.
#pragma once

#include <string>

#include "libs/base/status.h"

namespace cohort {

// Makes the folders of an `ipc:///path`, for their owner only; other endpoints need nothing. Fails
// when somebody listens there (libzmq would silently take the socket away), the path is too long
// for a socket or a folder cannot be made. Thread-safe.
Status PrepareIpc(const std::string& endpoint);

}  // namespace cohort
