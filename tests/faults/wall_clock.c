// libwall_clock.so (LD_PRELOAD): a wall clock that can be stepped from outside.
//
// The file WALL_CLOCK holds nanoseconds (int64) that are added to the time of day. Steady clocks
// are left alone, as an administrator's `date -s` leaves them alone.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t* offset_;
static int (*real_)(clockid_t, struct timespec*);

__attribute__((constructor)) static void Start(void) {
  real_ = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  const char* path = getenv("WALL_CLOCK");
  const int descriptor = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  void* map = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, descriptor, 0);
  close(descriptor);
  if (map != MAP_FAILED) offset_ = map;
}

int clock_gettime(clockid_t clock, struct timespec* time) {
  if (real_ == NULL) Start();
  const int result = real_(clock, time);
  if (result != 0 || offset_ == NULL || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
    return result;
  const int64_t shifted = (int64_t)time->tv_sec * 1000000000 + time->tv_nsec + *offset_;
  time->tv_sec = shifted / 1000000000;
  time->tv_nsec = shifted % 1000000000;
  return 0;
}

int gettimeofday(struct timeval* time, void* zone) {
  (void)zone;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}
