// Structured logging: a message that never varies, and keys with values.
//
//   LogInfo("step done", {{"step", step}, {"reward", reward}});
//
// One line of JSON per record goes to the log file when there is one, one readable line to standard
// error. Before StartLogging records go to standard error alone. The library behind it (spdlog) is
// seen by logging.cc only: its fmt and libtorch's do not fit into one file. Thread-safe.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "libs/base/status.h"

namespace cohort {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogField {
  std::string_view key;
  std::variant<bool, int64_t, double, std::string> value;

  template <std::integral T>
  LogField(std::string_view k, T v) : key(k) {
    if constexpr (std::same_as<T, bool>) {
      value = v;
    } else {
      value = static_cast<int64_t>(v);
    }
  }
  LogField(std::string_view k, double v) : key(k), value(v) {}
  LogField(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  LogField(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, const Status& v) : key(k), value(v.ToString()) {}
};

struct LoggingOptions {
  std::string process;               // "learner", "actor-1": in every record
  std::string file;                  // empty: none
  LogLevel level = LogLevel::kInfo;  // records below are dropped
  LogLevel stderr_level = LogLevel::kInfo;
};

// Once, from main, before threads. Fails when the file cannot be written.
Status StartLogging(const LoggingOptions& options);
Result<LogLevel> ParseLogLevel(std::string_view name);

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});
inline void LogDebug(std::string_view m, std::initializer_list<LogField> f = {}) {
  Log(LogLevel::kDebug, m, f);
}
inline void LogInfo(std::string_view m, std::initializer_list<LogField> f = {}) {
  Log(LogLevel::kInfo, m, f);
}
inline void LogWarning(std::string_view m, std::initializer_list<LogField> f = {}) {
  Log(LogLevel::kWarning, m, f);
}
inline void LogError(std::string_view m, std::initializer_list<LogField> f = {}) {
  Log(LogLevel::kError, m, f);
}

}  // namespace cohort
