// Status and Result<T>: how expected failures travel (bad configuration, bad files, bad peers,
// timeouts).
//
// A message is one line that names the file, line, key or peer and says what to do. Checks that
// abort are for programmer's errors only. Values; safe to copy between threads.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cohort {

enum class StatusCode {
  kOk,
  kInvalidArgument,     // the caller's or the user's input is wrong; a retry cannot help
  kNotFound,            // what was named does not exist
  kFailedPrecondition,  // right request at the wrong time
  kResourceExhausted,   // a bound is reached: memory, queue, disk
  kUnavailable,         // the other side is not there now; a retry may help
  kDeadlineExceeded,    // it took too long
  kDataLoss,            // bytes are damaged or cut short
  kPermissionDenied,    // identity or role does not allow it
  kCancelled,           // asked to stop
  kInternal,            // our own fault
};

std::string_view StatusCodeName(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same failure, told from further out: "context: message".
  Status WithContext(std::string_view context) const;
  // "invalid argument: message", or "ok".
  std::string ToString() const;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

inline Status InvalidArgument(std::string message) {
  return {StatusCode::kInvalidArgument, std::move(message)};
}
inline Status NotFound(std::string message) { return {StatusCode::kNotFound, std::move(message)}; }
inline Status FailedPrecondition(std::string message) {
  return {StatusCode::kFailedPrecondition, std::move(message)};
}
inline Status ResourceExhausted(std::string message) {
  return {StatusCode::kResourceExhausted, std::move(message)};
}
inline Status Unavailable(std::string message) {
  return {StatusCode::kUnavailable, std::move(message)};
}
inline Status DeadlineExceeded(std::string message) {
  return {StatusCode::kDeadlineExceeded, std::move(message)};
}
inline Status DataLoss(std::string message) { return {StatusCode::kDataLoss, std::move(message)}; }
inline Status PermissionDenied(std::string message) {
  return {StatusCode::kPermissionDenied, std::move(message)};
}
inline Status Cancelled(std::string message) {
  return {StatusCode::kCancelled, std::move(message)};
}
inline Status Internal(std::string message) { return {StatusCode::kInternal, std::move(message)}; }

// A value or the reason why there is none. Reading the value of a failure aborts: check ok() first,
// or use COHORT_ASSIGN_OR_RETURN.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT: implicit by design
  Result(Status status) : status_(std::move(status)) {}  // NOLINT: implicit by design

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  T& value();
  const T& value() const { return const_cast<Result*>(this)->value(); }

 private:
  Status status_;
  std::optional<T> value_;
};

[[noreturn]] void AbortOnBadResult(const Status& status);

template <typename T>
T& Result<T>::value() {
  if (!value_) AbortOnBadResult(status_);
  return *value_;
}

}  // namespace cohort

#define COHORT_RETURN_IF_ERROR(expression)                                                        \
  do {                                                                                            \
    if (::cohort::Status cohort_status = (expression); !cohort_status.ok()) return cohort_status; \
  } while (false)

#define COHORT_CONCAT_INNER(a, b) a##b
#define COHORT_CONCAT(a, b) COHORT_CONCAT_INNER(a, b)

// COHORT_ASSIGN_OR_RETURN(auto rows, ReadRows(path));
#define COHORT_ASSIGN_OR_RETURN(target, expression) \
  COHORT_ASSIGN_OR_RETURN_IMPL(COHORT_CONCAT(cohort_result_, __LINE__), target, expression)
#define COHORT_ASSIGN_OR_RETURN_IMPL(result, target, expression) \
  auto result = (expression);                                    \
  if (!result.ok()) return result.status();                      \
  target = *std::move(result)
