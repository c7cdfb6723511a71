"""47: rarely used corners of the kernel, nested namespaces, terminals."""
import ctypes
import os

from attack import cannot, done, refused, say_open, syscall, write

buffer = ctypes.create_string_buffer(256)
refused("bpf", 0, buffer, 72)
refused("perf_event_open", buffer, 0, -1 & 0xFFFFFFFFFFFFFFFF, -1 & 0xFFFFFFFFFFFFFFFF, 0)
refused("userfaultfd", 0)
refused("userfaultfd", 1)
for flag in (0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x80, 0):
    refused("unshare", flag)
    if flag and flag != 0x80:
        result = syscall("clone", flag | 17, 0, 0, 0, 0)
        if result == 0:
            os._exit(0)
        if result > 0:
            say_open(f"clone({flag:#x})")
refused("clone3", buffer, 88)
fd = os.open("/proc/self/ns/user", os.O_RDONLY)
refused("setns", fd, 0)
for name in ("mount", "umount2", "pivot_root", "open_tree", "move_mount", "fsopen", "chroot"):
    refused(name, b"/tmp", b"/tmp", 0, 0, 0)
for name in ("kexec_load", "init_module", "finit_module", "reboot", "swapon", "syslog", "settimeofday", "sethostname", "process_madvise",
             "open_by_handle_at", "fanotify_init", "quotactl"):
    refused(name, 0, 0, 0, 0, 0)
for request in (0x5412, 0x541C, 0x5423, 0x5412 | 1 << 32):  # TIOCSTI, TIOCLINUX, TIOCSETD
    if syscall(16, 0, request, buffer) != -1:  # EPERM: ENOTTY would mean that the filter let it through
        say_open(f"ioctl {request:#x}")
for call, words in (("memfd_create", (b"x", 4)), ("shmget", (0, 2 << 20, 0o4600))):
    refused(call, *words, allowed=(1, 22, 38))
import mmap
cannot("huge pages", lambda: mmap.mmap(-1, 2 << 20, flags=0x22 | 0x40000))
cannot("a terminal", lambda: os.openpty())
cannot("/dev/tty", lambda: os.open("/dev/tty", os.O_RDWR))
for path in ("/proc/sysrq-trigger", "/proc/sys/kernel/hostname", "/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/self/uid_map"):
    cannot(path, lambda: write(path))
for path in ("/proc/kcore", "/proc/kmsg", "/proc/timer_list"):
    cannot(path, lambda: open(path, "rb").read(16))
for path in ("/proc/kallsyms", "/proc/key-users"):
    with open(path, "rb") as file:
        if file.read(16):
            say_open(path)
done()
