// Which of the sockets' addresses this machine alone can reach.
#pragma once

#include <string_view>

namespace cohort {

// ipc, inproc and loopback addresses reach no other machine; every other transport and address
// needs keys, and so does what does not read as one address ("tcp://127.0.0.1:1;0.0.0.0:2" is two).
bool NeedsKeys(std::string_view endpoint);

}  // namespace cohort
