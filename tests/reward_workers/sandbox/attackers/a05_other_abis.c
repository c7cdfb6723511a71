// 5, 47: the i386 and x32 ABIs around the filter. Linked statically.
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static long I386(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
  return (int)result;
}

static void MustFail(const char* what, long result) {
  if (result >= 0) printf("OPEN: %s gives %ld\n", what, result);
}

int main(void) {
  MustFail("i386 getpid", I386(20, 0, 0, 0));
  MustFail("i386 keyctl", I386(288, 0, -3, 1));
  MustFail("i386 socketcall", I386(102, 1, 0, 0));
  MustFail("i386 ptrace", I386(26, 0, 0, 0));
  MustFail("i386 unshare", I386(310, 0x10000000, 0, 0));
  const long x32 = 0x40000000;
  MustFail("x32 getpid", syscall(x32 + SYS_getpid));
  MustFail("x32 unshare", syscall(x32 + SYS_unshare, 0x10000000));
  MustFail("x32 ptrace", syscall(x32 + 521, 0, 0, 0, 0));
  MustFail("a call of the future", syscall(1000));
  MustFail("another", syscall(470));
  puts("answer");
  return 0;
}
