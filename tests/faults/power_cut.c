// libpower_cut.so (LD_PRELOAD): remembers what a power cut could take back.
//
// kill -9 proves little about a journal, since the page cache outlives the process. This library
// stands between a process and the files below POWER_CUT_DIRECTORY. Before each write it copies the
// bytes that are about to be overwritten into an undo log, a shared mapping of POWER_CUT_LOG (on a
// tmpfs, so that it costs memory copies only); a sync of the file strikes its entries out. Created,
// renamed and removed names are entries too, struck out by a sync of their folder; files that lose
// their last name are kept in POWER_CUT_GRAVEYARD until then. After the process is killed,
// power_cut.py takes a random part of what remains back. The log may be cut off between any two
// instructions: an entry counts once the tail has passed it, which happens before the write it
// tells of. It outlives the process: what an earlier life wrote and never synced is still unsynced.
//
// POWER_CUT_SYNC_MICROSECONDS makes each sync last longer, as on a disk. Writes through mmap,
// O_DIRECT and io_uring are not seen. Entries that no longer fit strike all out: the kernel may
// write back whenever it likes.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// --- the log; power_cut.py reads the same words

enum { kWrite = 1, kTruncate = 2, kCreate = 3, kRemove = 4, kRename = 5 };

struct Log {
  uint64_t magic, capacity, tail, sequence, live, overflows, syncs, writes;
};
struct Entry {
  uint64_t bytes;  // of the whole entry, a multiple of 8
  uint64_t sequence;
  uint64_t live;
  uint64_t kind;
  uint64_t inode;     // of the file; of the folder for names
  uint64_t offset;    // a write's; the new size of a truncate
  uint64_t length;    // a write's
  uint64_t old_size;  // of the file
  uint64_t payload;   // bytes that follow: old bytes from `offset` on; or names, each with its zero
};

static const uint64_t kMagic = 0x7475437265776f50;  // "PowerCut"
static const uint64_t kFirst = 4096;
static const uint64_t kCapacity = (uint64_t)512 << 20;

enum { kUnknown = 0, kOther = 1, kFile = 2, kFolder = 3 };
enum { kDescriptors = 65536 };

static struct Log* log_;
static char directory_[PATH_MAX], graveyard_[PATH_MAX - 32];
static size_t directory_bytes_;
static long sync_microseconds_;
static unsigned char kinds_[kDescriptors];
static int readers_[kDescriptors];  // descriptor + 1 that may read the same file
static pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;

static struct Entry* EntryAt(uint64_t at) { return (struct Entry*)((char*)log_ + at); }

__attribute__((constructor)) static void Start(void) {
  const char* directory = getenv("POWER_CUT_DIRECTORY");
  const char* path = getenv("POWER_CUT_LOG");
  const char* graveyard = getenv("POWER_CUT_GRAVEYARD");
  const char* microseconds = getenv("POWER_CUT_SYNC_MICROSECONDS");
  if (directory == NULL || path == NULL || graveyard == NULL) return;
  snprintf(directory_, sizeof(directory_), "%s", directory);
  snprintf(graveyard_, sizeof(graveyard_), "%s", graveyard);
  directory_bytes_ = strlen(directory_);
  if (microseconds != NULL) sync_microseconds_ = atol(microseconds);
  const int descriptor =
      (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0 || syscall(SYS_ftruncate, descriptor, kCapacity) != 0) abort();
  void* map = mmap(NULL, kCapacity, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  syscall(SYS_close, descriptor);
  if (map == MAP_FAILED) abort();
  struct Log* log = map;
  if (log->magic != kMagic) {
    log->capacity = kCapacity;
    log->tail = kFirst;
    log->magic = kMagic;
  }
  log->live = 0;  // the life before may have ended in the middle of counting
  for (uint64_t at = kFirst; at < log->tail; at += ((struct Entry*)((char*)log + at))->bytes) {
    log->live += ((struct Entry*)((char*)log + at))->live;
  }
  log_ = log;
}

// Makes room for an entry at the tail. It counts after Publish only.
static struct Entry* Prepare(uint64_t kind, uint64_t inode, size_t payload) {
  const uint64_t bytes = sizeof(struct Entry) + ((payload + 7) & ~(uint64_t)7);
  if (log_->tail + bytes > log_->capacity) {
    log_->tail = kFirst;
    log_->live = 0;
    log_->overflows += 1;
  }
  if (log_->tail + bytes > log_->capacity) return NULL;
  struct Entry* entry = EntryAt(log_->tail);
  memset(entry, 0, sizeof(*entry));
  entry->bytes = bytes;
  entry->kind = kind;
  entry->inode = inode;
  entry->payload = payload;
  entry->live = 1;
  return entry;
}

static void Publish(struct Entry* entry) {
  entry->sequence = ++log_->sequence;
  log_->live += 1;
  __atomic_store_n(&log_->tail, log_->tail + entry->bytes, __ATOMIC_RELEASE);
}

static void StrikeOut(uint64_t inode, int names, uint64_t up_to) {
  uint64_t gone[64];
  size_t gone_count = 0;
  for (uint64_t at = kFirst; at < log_->tail; at += EntryAt(at)->bytes) {
    struct Entry* entry = EntryAt(at);
    const int is_name = entry->kind >= kCreate;
    if (!entry->live || entry->inode != inode || is_name != names || entry->sequence > up_to) {
      continue;
    }
    entry->live = 0;
    log_->live -= 1;
    if (entry->kind != kRemove && entry->kind != kRename) continue;
    const char* grave = (const char*)(entry + 1);
    for (int skip = entry->kind == kRemove ? 1 : 2; skip > 0; --skip) grave += strlen(grave) + 1;
    struct stat status;
    if (*grave == 0 || syscall(SYS_newfstatat, AT_FDCWD, grave, &status, 0) != 0) continue;
    if (status.st_nlink == 1 && gone_count < 64) gone[gone_count++] = status.st_ino;
    syscall(SYS_unlink, grave);
  }
  // Nothing is to be taken back in a file that has no name any more.
  for (size_t i = 0; i < gone_count; ++i) StrikeOut(gone[i], 0, UINT64_MAX);
  if (log_->live == 0) log_->tail = kFirst;
}

// --- which descriptors are ours

static int IsBelow(const char* path) {
  return strncmp(path, directory_, directory_bytes_) == 0 &&
         (path[directory_bytes_] == '/' || path[directory_bytes_] == 0);
}

static int Kind(int fd) {
  if (log_ == NULL || fd < 0 || fd >= kDescriptors) return kOther;
  if (kinds_[fd] != kUnknown) return kinds_[fd];
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof(path) - 1);
  int kind = kOther;
  struct stat status;
  if (length > 0) {
    path[length] = 0;
    if (IsBelow(path) && fstat(fd, &status) == 0) {
      kind = S_ISDIR(status.st_mode) ? kFolder : S_ISREG(status.st_mode) ? kFile : kOther;
    }
  }
  kinds_[fd] = (unsigned char)kind;
  return kind;
}

static void Forget(int fd) {
  if (fd < 0 || fd >= kDescriptors) return;
  kinds_[fd] = kUnknown;
  if (readers_[fd] != 0) syscall(SYS_close, readers_[fd] - 1);
  readers_[fd] = 0;
}

static int Reader(int fd) {
  if (readers_[fd] == 0) {
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    readers_[fd] = 1 + (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0);
  }
  return readers_[fd] - 1;
}

// --- entries

static void RememberBytes(int fd, uint64_t kind, uint64_t offset, uint64_t length) {
  struct stat status;
  if (fstat(fd, &status) != 0) return;
  const uint64_t size = (uint64_t)status.st_size;
  const uint64_t end = offset + length < size ? offset + length : size;
  const uint64_t payload = end > offset ? end - offset : 0;
  struct Entry* entry = Prepare(kind, status.st_ino, payload);
  if (entry == NULL) return;
  entry->offset = offset;
  entry->length = length;
  entry->old_size = size;
  uint64_t done = 0;
  while (done < payload) {
    const long count =
        syscall(SYS_pread64, Reader(fd), (char*)(entry + 1) + done, payload - done, offset + done);
    if (count <= 0) break;
    done += (uint64_t)count;
  }
  log_->writes += 1;
  Publish(entry);
}

static void Absolute(int folder, const char* path, char* out) {
  out[0] = 0;
  char link[64], base[PATH_MAX];
  if (path[0] == '/') {
    snprintf(out, PATH_MAX, "%s", path);
    return;
  }
  snprintf(link, sizeof(link), folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
  const ssize_t length = readlink(link, base, sizeof(base) - 1);
  if (length <= 0) return;
  base[length] = 0;
  if (snprintf(out, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) out[0] = 0;
}

static uint64_t FolderInode(const char* path) {
  char folder[PATH_MAX];
  snprintf(folder, sizeof(folder), "%s", path);
  char* slash = strrchr(folder, '/');
  struct stat status;
  if (slash == NULL) return 0;
  *slash = 0;
  return stat(folder, &status) == 0 ? status.st_ino : 0;
}

static int Exists(const char* path) {
  struct stat status;
  return syscall(SYS_newfstatat, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

// Keeps the file under another name; `grave` is empty where there is nothing to keep.
static void Bury(const char* path, char* grave) {
  snprintf(grave, PATH_MAX, "%s/%lu", graveyard_, (unsigned long)(log_->sequence + 1));
  syscall(SYS_unlink, grave);
  if (syscall(SYS_link, path, grave) != 0) grave[0] = 0;
}

static void RememberName(uint64_t kind, const char* first, const char* second, const char* third) {
  const char* names[] = {first, second, third};
  size_t payload = 0;
  for (int i = 0; i < 3; ++i) payload += names[i] != NULL ? strlen(names[i]) + 1 : 0;
  struct Entry* entry = Prepare(kind, FolderInode(first), payload);
  if (entry == NULL) return;
  char* out = (char*)(entry + 1);
  for (int i = 0; i < 3; ++i) {
    if (names[i] != NULL) out = stpcpy(out, names[i]) + 1;
  }
  Publish(entry);
}

// --- opening and closing

static int Open(int folder, const char* path, int flags, mode_t mode) {
  char full[PATH_MAX];
  full[0] = 0;
  if (log_ != NULL) Absolute(folder, path, full);
  if (log_ == NULL || !IsBelow(full)) {
    const int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (log_ != NULL && fd >= 0) Forget(fd);
    return fd;
  }
  pthread_mutex_lock(&mutex_);
  const int creates = (flags & O_CREAT) != 0 && !Exists(full);
  if (creates) RememberName(kCreate, full, NULL, NULL);
  const int cuts = (flags & O_TRUNC) != 0 && !creates;
  const int fd = (int)syscall(SYS_openat, folder, path, flags & ~O_TRUNC, mode);
  if (fd >= 0) Forget(fd);
  struct stat status;
  if (fd >= 0 && cuts && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
    if (Kind(fd) == kFile) RememberBytes(fd, kTruncate, 0, (uint64_t)status.st_size);
    syscall(SYS_ftruncate, fd, 0);
  }
  pthread_mutex_unlock(&mutex_);
  return fd;
}

static mode_t Mode(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

#define DEFINE_OPEN(name)                       \
  int name(const char* path, int flags, ...) {  \
    va_list arguments;                          \
    va_start(arguments, flags);                 \
    const mode_t mode = Mode(flags, arguments); \
    va_end(arguments);                          \
    return Open(AT_FDCWD, path, flags, mode);   \
  }
#define DEFINE_OPENAT(name)                                \
  int name(int folder, const char* path, int flags, ...) { \
    va_list arguments;                                     \
    va_start(arguments, flags);                            \
    const mode_t mode = Mode(flags, arguments);            \
    va_end(arguments);                                     \
    return Open(folder, path, flags, mode);                \
  }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)
int creat(const char* path, mode_t mode) {
  return Open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char* path, mode_t mode) { return creat(path, mode); }

int close(int fd) {
  Forget(fd);
  return (int)syscall(SYS_close, fd);
}

// --- writing

static uint64_t Length(const struct iovec* parts, int count) {
  uint64_t length = 0;
  for (int i = 0; i < count; ++i) length += parts[i].iov_len;
  return length;
}

// Where write() would write.
static uint64_t Position(int fd) {
  struct stat status;
  const int flags = fcntl(fd, F_GETFL);
  if ((flags & O_APPEND) != 0 && fstat(fd, &status) == 0) return (uint64_t)status.st_size;
  return (uint64_t)lseek(fd, 0, SEEK_CUR);
}

#define GUARDED(fd, offset, length, call)                              \
  do {                                                                 \
    if (Kind(fd) != kFile) return call;                                \
    pthread_mutex_lock(&mutex_);                                       \
    RememberBytes(fd, kWrite, (uint64_t)(offset), (uint64_t)(length)); \
    const ssize_t written = call;                                      \
    const int failure = errno;                                         \
    pthread_mutex_unlock(&mutex_);                                     \
    errno = failure;                                                   \
    return written;                                                    \
  } while (0)

ssize_t write(int fd, const void* bytes, size_t count) {
  GUARDED(fd, Position(fd), count, syscall(SYS_write, fd, bytes, count));
}
ssize_t writev(int fd, const struct iovec* parts, int count) {
  GUARDED(fd, Position(fd), Length(parts, count), syscall(SYS_writev, fd, parts, count));
}
ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  GUARDED(fd, offset, count, syscall(SYS_pwrite64, fd, bytes, count, offset));
}
ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t offset) {
  return pwrite(fd, bytes, count, offset);
}
ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t offset) {
  GUARDED(fd, offset, Length(parts, count), syscall(SYS_pwritev, fd, parts, count, offset, 0));
}
ssize_t pwritev64(int fd, const struct iovec* parts, int count, off64_t offset) {
  return pwritev(fd, parts, count, offset);
}
ssize_t pwritev2(int fd, const struct iovec* parts, int count, off_t offset, int flags) {
  GUARDED(fd, offset < 0 ? Position(fd) : (uint64_t)offset, Length(parts, count),
          syscall(SYS_pwritev2, fd, parts, count, offset, 0, flags));
}
ssize_t pwritev64v2(int fd, const struct iovec* parts, int count, off64_t offset, int flags) {
  return pwritev2(fd, parts, count, offset, flags);
}

int ftruncate(int fd, off_t size) {
  struct stat status;
  if (Kind(fd) != kFile || fstat(fd, &status) != 0) return (int)syscall(SYS_ftruncate, fd, size);
  pthread_mutex_lock(&mutex_);
  RememberBytes(fd, kTruncate, (uint64_t)size,
                status.st_size > size ? (uint64_t)(status.st_size - size) : 0);
  const int result = (int)syscall(SYS_ftruncate, fd, size);
  pthread_mutex_unlock(&mutex_);
  return result;
}
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }
int truncate(const char* path, off_t size) {
  const int fd = Open(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int result = ftruncate(fd, size);
  close(fd);
  return result;
}
int truncate64(const char* path, off64_t size) { return truncate(path, size); }

// What it zeroes is not remembered: preallocation only ever extends, and a longer file with zeros
// behind its end is as good as a shorter one.
int fallocate(int fd, int mode, off_t offset, off_t length) {
  if (Kind(fd) == kFile) {
    pthread_mutex_lock(&mutex_);
    RememberBytes(fd, kTruncate, (uint64_t)(offset + length), 0);
    pthread_mutex_unlock(&mutex_);
  }
  return (int)syscall(SYS_fallocate, fd, mode, offset, length);
}
int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
  return fallocate(fd, mode, offset, length);
}
int posix_fallocate(int fd, off_t offset, off_t length) {
  return fallocate(fd, 0, offset, length) == 0 ? 0 : errno;
}
int posix_fallocate64(int fd, off64_t offset, off64_t length) {
  return posix_fallocate(fd, offset, length);
}

// --- syncing

static int Sync(int fd, long call) {
  const int kind = Kind(fd);
  if (kind == kOther) return (int)syscall(call, fd);
  pthread_mutex_lock(&mutex_);  // a write that is under way may come after the sync
  const uint64_t up_to = log_->sequence;
  pthread_mutex_unlock(&mutex_);
  if (syscall(call, fd) != 0) return -1;
  if (sync_microseconds_ > 0 && kind == kFile) usleep((useconds_t)sync_microseconds_);
  struct stat status;
  if (fstat(fd, &status) != 0) return -1;
  pthread_mutex_lock(&mutex_);
  StrikeOut(status.st_ino, kind == kFolder, up_to);
  log_->syncs += 1;
  pthread_mutex_unlock(&mutex_);
  return 0;
}
int fsync(int fd) { return Sync(fd, SYS_fsync); }
int fdatasync(int fd) { return Sync(fd, SYS_fdatasync); }

// --- names

static int Unlink(int folder, const char* path, int flags) {
  char full[PATH_MAX], grave[PATH_MAX];
  full[0] = 0;
  if (log_ != NULL) Absolute(folder, path, full);
  if (log_ == NULL || !IsBelow(full) || (flags & AT_REMOVEDIR) != 0) {
    return (int)syscall(SYS_unlinkat, folder, path, flags);
  }
  pthread_mutex_lock(&mutex_);
  Bury(full, grave);
  if (grave[0] != 0) RememberName(kRemove, full, grave, NULL);
  const int result = (int)syscall(SYS_unlinkat, folder, path, flags);
  pthread_mutex_unlock(&mutex_);
  return result;
}
int unlink(const char* path) { return Unlink(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char* path, int flags) { return Unlink(folder, path, flags); }
int remove(const char* path) {
  if (Unlink(AT_FDCWD, path, 0) == 0) return 0;
  return errno == EISDIR ? (int)syscall(SYS_rmdir, path) : -1;
}

static int Rename(int from_folder, const char* from, int to_folder, const char* to,
                  unsigned flags) {
  char source[PATH_MAX], target[PATH_MAX], grave[PATH_MAX];
  source[0] = target[0] = 0;
  if (log_ != NULL) {
    Absolute(from_folder, from, source);
    Absolute(to_folder, to, target);
  }
  if (log_ == NULL || (!IsBelow(source) && !IsBelow(target))) {
    return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
  }
  pthread_mutex_lock(&mutex_);
  Bury(target, grave);
  RememberName(kRename, source, target, grave);
  const int result = (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
  pthread_mutex_unlock(&mutex_);
  return result;
}
int rename(const char* from, const char* to) { return Rename(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int from_folder, const char* from, int to_folder, const char* to) {
  return Rename(from_folder, from, to_folder, to, 0);
}
int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  return Rename(from_folder, from, to_folder, to, flags);
}
