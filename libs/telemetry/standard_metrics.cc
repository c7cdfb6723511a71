// Metrics that every process has, read from /proc at each scrape.
#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>

#include "libs/telemetry/process_telemetry.h"

namespace cohort {
namespace {

double CpuSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double total_pages = 0, resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double OpenDescriptors() {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  double count = -3;  // ".", ".." and the directory's own
  while (readdir(directory) != nullptr) count += 1;
  closedir(directory);
  return count;
}

double NowSeconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

Gauge& AddStandardMetrics(Metrics& metrics, const std::string& role, const std::string& instance) {
  metrics
      .AddGauge("cohort_build_info", "Always 1; the labels say what runs here.",
                {{"version", COHORT_VERSION}, {"role", role}, {"instance", instance}})
      .Set(1);
  metrics.AddGauge("process_start_time_seconds", "Start time of the process, seconds since 1970.")
      .Set(NowSeconds());
  Counter& cpu = metrics.AddCounter("process_cpu_seconds_total", "User and system CPU time.");
  Gauge& memory = metrics.AddGauge("process_resident_memory_bytes", "Resident memory.");
  Gauge& descriptors = metrics.AddGauge("process_open_fds", "Open file descriptors.");
  metrics.OnScrape([&cpu, &memory, &descriptors] {
    cpu.RaiseTo(CpuSeconds());
    memory.Set(ResidentBytes());
    descriptors.Set(OpenDescriptors());
  });
  return metrics.AddGauge("cohort_draining", "1 while the process finishes its work and leaves.");
}

}  // namespace cohort
