#include "libs/base/logging.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <vector>

namespace cohort {
namespace {

struct Loggers {
  std::shared_ptr<spdlog::logger> people;   // standard error
  std::shared_ptr<spdlog::logger> records;  // JSON lines; may be null
  std::string process;
};

std::shared_ptr<spdlog::logger> MakeStderrLogger(const std::string& process) {
  auto logger =
      std::make_shared<spdlog::logger>("people", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(process.empty() ? "%H:%M:%S.%e %L %v" : "%H:%M:%S.%e %L " + process + ": %v");
  return logger;
}

// Replaced once by StartLogging before threads start, read afterwards.
Loggers& Current() {
  static Loggers loggers{MakeStderrLogger(""), nullptr, ""};
  return loggers;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string ValueText(const LogField& field) {
  return std::visit([](const auto& value) { return fmt::format("{}", value); }, field.value);
}

std::string JsonRecord(std::string_view process, std::string_view level, std::string_view message,
                       std::initializer_list<LogField> fields) {
  std::string out = "\"level\":\"" + std::string(level) + "\",\"process\":";
  AppendJsonString(out, process);
  out += ",\"message\":";
  AppendJsonString(out, message);
  for (const LogField& field : fields) {
    out += ',';
    AppendJsonString(out, field.key);
    out += ':';
    if (std::holds_alternative<std::string>(field.value)) {
      AppendJsonString(out, std::get<std::string>(field.value));
    } else {
      out += ValueText(field);
    }
  }
  return out + '}';
}

}  // namespace

Status StartLogging(const LoggingOptions& options) {
  Loggers loggers;
  loggers.process = options.process;
  loggers.people = MakeStderrLogger(options.process);
  loggers.people->set_level(ToSpdlog(options.stderr_level));
  if (!options.file.empty()) {
    try {
      loggers.records = std::make_shared<spdlog::logger>(
          "records", std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file));
    } catch (const spdlog::spdlog_ex& error) {
      return InvalidArgument("cannot write the log " + options.file + ": " + error.what());
    }
    loggers.records->set_pattern("{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",%v",
                                 spdlog::pattern_time_type::utc);
    loggers.records->set_level(ToSpdlog(options.level));
    loggers.records->flush_on(spdlog::level::debug);
  }
  Current() = std::move(loggers);
  return {};
}

Result<LogLevel> ParseLogLevel(std::string_view name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "info") return LogLevel::kInfo;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  return InvalidArgument("\"" + std::string(name) +
                         "\" is no log level; use debug, info, warning or error");
}

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  const Loggers& loggers = Current();
  const auto spd = ToSpdlog(level);
  if (loggers.people->should_log(spd)) {
    std::string line(message);
    for (const LogField& field : fields) {
      line += ' ';
      line += field.key;
      line += '=';
      line += ValueText(field);
    }
    loggers.people->log(spd, "{}", line);
  }
  if (loggers.records && loggers.records->should_log(spd)) {
    const auto name = spdlog::level::to_string_view(spd);
    loggers.records->log(spd, "{}",
                         JsonRecord(loggers.process, {name.data(), name.size()}, message, fields));
  }
}

}  // namespace cohort
