"""21, 22, 48: secrets in environment and files, rights, set-user-id programs. argv: words that must not be found."""
import os
import subprocess

from attack import cannot, done, readable, refused, say_open

import sys
secret = sys.argv[1].encode()[::-1]  # given backwards, or it would be found in /proc/self/cmdline
for path in ("/proc/1/environ", "/proc/self/environ", "/proc/1/cmdline", "/proc/1/maps", "/proc/cmdline_of_the_launcher"):
    text = readable(path)
    if text and secret in text:
        say_open(f"{path} tells")
if set(os.environ) - {"PATH", "HOME", "LANG", "TMPDIR", "LC_CTYPE"}:
    say_open(f"environment: {sorted(os.environ)}")
allowed = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "dev", "proc", "run", "tmp", "work"}
if set(os.listdir("/")) - allowed:
    say_open(f"/: {sorted(set(os.listdir('/')) - allowed)}")
for path in ("/etc/shadow", "/etc/ssh", "/root", "/home", "/var", "/sys", "/boot", "/mnt", "/opt", "/srv", "/proc/1/root/etc"):
    if os.path.exists(path):
        say_open(path)
names = set(os.listdir("/dev")) - {"null", "zero", "full", "random", "urandom", "shm", "fd", "stdin", "stdout", "stderr"}
if names:
    say_open(f"/dev: {names}")
with open("/proc/self/status") as file:
    status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
    if int(status[name], 16) != 0:
        say_open(f"{name} {status[name]}")
if status["NoNewPrivs"] != "1" or status["Seccomp"] != "2":
    say_open("no_new_privs or seccomp")
if os.getuid() == 0 or os.geteuid() == 0 or os.getgroups() not in ([], [os.getgid()]):
    if os.getuid() == 0:
        say_open("root")
cannot("setuid(0)", lambda: os.setuid(0))
cannot("setgid(0)", lambda: os.setgid(0))
cannot("chroot", lambda: os.chroot("/tmp"))
cannot("nice", lambda: os.nice(-5))
for program in ("/usr/bin/su", "/usr/bin/passwd", "/usr/bin/mount", "/usr/bin/newgrp"):
    if not os.access(program, os.X_OK):
        continue
    if os.statvfs(program).f_flag & os.ST_NOSUID == 0:
        say_open(f"{program} may set its user id")
fds = [int(fd) for fd in os.listdir("/proc/self/fd")]
if [fd for fd in fds if fd > 3]:  # 3 is the listing itself
    say_open(f"descriptors {fds}")
done()
