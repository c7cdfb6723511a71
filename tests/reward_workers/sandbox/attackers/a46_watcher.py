"""46: the watcher: traced, read, signalled, limited, its descriptors taken."""
import ctypes
import os
import signal
import resource

from attack import cannot, done, readable, refused, say_open, syscall, write

for request in (16, 0x4206, 0):  # ATTACH, SEIZE, TRACEME
    refused("ptrace", request, 1, 0, 0)
buffer = ctypes.create_string_buffer(16)
refused("process_vm_readv", 1, buffer, 1, buffer, 1, 0)
refused("process_vm_writev", 1, buffer, 1, buffer, 1, 0)
pidfd = syscall("pidfd_open", 1, 0)
if pidfd >= 0:
    for fd in range(8):
        refused("pidfd_getfd", pidfd, fd, 0)
refused("kcmp", 1, os.getpid(), 0, 0, 0)
for name in ("mem", "environ", "maps", "auxv", "fd", "root/etc/passwd", "cwd", "ns/mnt", "syscall", "stack", "fdinfo"):
    path = f"/proc/1/{name}"
    if readable(path) is not None:
        say_open(path)
    cannot(path, lambda: os.listdir(path))
for name in ("mem", "oom_score_adj", "clear_refs", "comm", "timerslack_ns"):
    cannot(f"/proc/1/{name}", lambda: write(f"/proc/1/{name}"))
limits = (ctypes.c_ulong * 2)(0, 0)
for limit in (resource.RLIMIT_CPU, resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE):
    refused("prlimit64", 1, limit, limits, 0)
before = [os.getpriority(os.PRIO_PROCESS, 1), os.sched_getscheduler(1), os.sched_getaffinity(1), syscall(252, 1, 1)]
for attack in (lambda: os.setpriority(os.PRIO_PROCESS, 1, 19), lambda: os.setpriority(os.PRIO_USER, 0, 19),
               lambda: os.setpriority(os.PRIO_USER, os.getuid(), 19), lambda: os.setpriority(os.PRIO_PGRP, 1, 19),
               lambda: os.sched_setaffinity(1, [0]), lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)),
               lambda: syscall(251, 1, 1, 3 << 13), lambda: syscall(251, 3, os.getuid(), 3 << 13), lambda: syscall(314, 1, buffer, 0)):
    try:
        attack()
    except OSError:
        pass
after = [os.getpriority(os.PRIO_PROCESS, 1), os.sched_getscheduler(1), os.sched_getaffinity(1), syscall(252, 1, 1)]
if before != after:
    say_open(f"the watcher's place in the queue: {before} {after}")
for number in range(1, 65):
    try:
        os.kill(1, number)
    except OSError:
        pass
for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV):
    try:
        os.kill(1, number)
        os.kill(-1, 0)
    except OSError:
        pass
done()
