"""58: reaches for what is behind a tree that may be changed: its source, the place of the changes, other boxes' of the same."""
import ctypes
import fcntl
import mmap
import os
import shutil
import struct

from attack import cannot, done, readable, refused, say_open, syscall

TREE = "/work/tree"
FILE, FOLDER = f"{TREE}/file", f"{TREE}/folder"
MS_REMOUNT, MS_BIND = 32, 4096
SETXATTR, NAME_TO_HANDLE_AT = 188, 303
FS_IOC_SETFLAGS, FICLONE = 0x40086602, 0x40049409

# Other ways to the layers: by the names that the overlay has of them, by those of the launcher, by other processes' roots.
places = ["/disk", "/new", "/tree-0", "/kept-0", "/system", "/devices", "/empty"]
with open("/proc/self/mountinfo") as file:
    for line in file:
        for option in line.split()[-1].split(",") if line.split()[4] == TREE else []:
            name, _, value = option.partition("=")
            if name in ("lowerdir", "lowerdir+", "upperdir", "workdir"):
                places += [place for path in value.split(":") for place in (path, f"{TREE}/..{path}", f"/proc/1/root{path}", f"/proc/self/root{path}")]
for place in places:
    if os.path.exists(place):
        say_open(place)
for name in os.listdir("/"):
    if name not in ("bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin", "tmp", "usr", "work"):
        say_open(f"/{name}")

# Other mounts of them, and this one taken off.
for source, target in ((b"none", TREE.encode()), (b"/", b"/tmp"), (TREE.encode(), b"/tmp")):
    for kind, flags in ((b"overlay", 0), (None, MS_BIND), (None, MS_REMOUNT)):
        refused("mount", source, target, kind, flags, b"lowerdir=/tree-0,upperdir=/tmp,workdir=/tmp")
refused("umount2", TREE.encode(), 2)
refused("open_tree", -100, TREE.encode(), 1)
refused("open_by_handle_at", -100, ctypes.create_string_buffer(128), 0)
refused(NAME_TO_HANDLE_AT, -100, FILE.encode(), ctypes.create_string_buffer(128), ctypes.create_string_buffer(4), 0)
for descriptor in os.listdir("/proc/self/fd"):
    if int(descriptor) > 2 and os.path.exists(f"/proc/self/fd/{descriptor}"):
        say_open(f"descriptor {descriptor}")

# Through a descriptor and a mapping of the source's bytes, which were only read.
fd = os.open(FILE, os.O_RDONLY)
cannot("write to a descriptor for reading", lambda: os.write(fd, b"evil"))
cannot("cut it", lambda: os.ftruncate(fd, 0))
cannot("map it for writing", lambda: mmap.mmap(fd, 0, mmap.MAP_SHARED, mmap.PROT_WRITE))
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
memory = libc.mmap(None, ctypes.c_size_t(4096), mmap.PROT_READ, mmap.MAP_SHARED, fd, ctypes.c_long(0))
if libc.mprotect(ctypes.c_void_p(memory), ctypes.c_size_t(4096), mmap.PROT_READ | mmap.PROT_WRITE) == 0:
    say_open("a mapping for reading becomes one for writing")
cannot("a file of the kernel's maps", lambda: os.open(f"/proc/self/map_files/{memory:x}-{memory + 4096:x}", os.O_RDWR))
# These are allowed: they must end in a copy.
os.fchmod(fd, 0o600)
os.utime(fd, (1, 1))
again = os.open(f"/proc/self/fd/{fd}", os.O_RDWR)
os.write(again, b"evil")
with mmap.mmap(again, 0) as changed:
    changed[0:4] = b"EVIL"
os.fsync(again)
for action in (lambda: fcntl.ioctl(fd, FS_IOC_SETFLAGS, struct.pack("L", 0x10)), lambda: fcntl.ioctl(again, FICLONE, fd),
               lambda: os.setxattr(FOLDER, "user.evil", b"x")):
    try:
        action()
    except OSError:
        pass

# The overlay's own marks: to show the source elsewhere, or as something else.
for name in ("trusted.overlay.redirect", "trusted.overlay.opaque", "trusted.overlay.origin"):
    cannot(f"set {name}", lambda: os.setxattr(FOLDER, name, b"/"))
for name in ("user.overlay.redirect", "user.overlay.origin", "user.overlay.opaque", "user.overlay.metacopy"):
    try:
        os.setxattr(FOLDER, name, b"/etc")
    except OSError:
        pass
cannot("make what an overlay means by removed", lambda: os.mknod(f"{TREE}/none", 0o020000, os.makedev(0, 0)))
cannot("a device", lambda: os.mknod(f"{TREE}/disk", 0o060666, os.makedev(254, 0)))
cannot("a link out", lambda: os.link(FILE, "/tmp/file"))
cannot("a link in", lambda: os.link("/usr/bin/id", f"{TREE}/id"))
cannot("a swap across", lambda: os.rename(FILE, "/tmp/file"))
cannot("another's", lambda: os.chown(FILE, 0, 0))

# All of it gone, and the root folder with it.
shutil.rmtree(FOLDER)
os.mkdir(FOLDER)
if os.listdir(FOLDER):
    say_open("a folder comes back")
cannot("remove the root", lambda: os.rmdir(TREE))
cannot("move the root", lambda: os.rename(TREE, "/work/moved"))
if readable("/work/tree/../tree/file") != b"EVILce\n":
    say_open("its own change is not there")
done()
