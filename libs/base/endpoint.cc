#include "libs/base/endpoint.h"

namespace cohort {
namespace {

constexpr std::string_view kTcp = "tcp://";
constexpr std::string_view kDigits = "0123456789";

bool IsLoopback(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  // No host that is named so.
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
}

bool IsPort(std::string_view port) {
  return port == "*" || (!port.empty() && port.find_first_not_of(kDigits) == port.npos);
}

}  // namespace

bool NeedsKeys(std::string_view endpoint) {
  if (endpoint.find("://") == endpoint.npos) return false;  // no endpoint at all
  if (endpoint.starts_with("ipc://") || endpoint.starts_with("inproc://")) return false;
  if (!endpoint.starts_with(kTcp)) return true;
  const std::string_view address = endpoint.substr(kTcp.size());
  const size_t colon = address.rfind(':');
  if (colon == address.npos) return true;
  return !IsLoopback(address.substr(0, colon)) || !IsPort(address.substr(colon + 1));
}

}  // namespace cohort
