// 18: endless recursion.
#include <stdio.h>
static volatile int sink;
__attribute__((noinline)) int Deeper(int depth) {
  volatile char frame[4096];
  frame[0] = (char)depth;
  sink += frame[0];
  return Deeper(depth + 1) + frame[0];
}
int main(void) { return Deeper(0); }
