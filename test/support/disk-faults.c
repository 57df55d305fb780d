/*
 * Makes syncs of a process fail or hang, for tests: a library to preload. DISK_FAULTS names a
 * file; as long as it is there, its text says what becomes of every fsync and fdatasync of a file
 * whose path holds the text's second word, and of every write to such a file that was opened with
 * O_DSYNC: "fail log." (EIO) or "hang log." (until the file is gone or says something else).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 'f' to fail, 'h' to hang, 0 for no fault. */
static char fault_of(int fd) {
  const char *control = getenv("DISK_FAULTS");
  char text[256] = "", link[64], file[4096];
  if (control == NULL) return 0;
  int opened = open(control, O_RDONLY | O_CLOEXEC);
  if (opened < 0) return 0;
  ssize_t length = read(opened, text, sizeof text - 1);
  close(opened);
  char *part = length > 0 ? strchr(text, ' ') : NULL;
  if (part == NULL) return 0;
  part[1 + strcspn(part + 1, "\n")] = 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  length = readlink(link, file, sizeof file - 1);
  if (length < 0) return 0;
  file[length] = 0;
  return strstr(file, part + 1) == NULL ? 0 : text[0];
}

/* Whether the call is to fail; returns later when it is to hang. */
static int is_failing(int fd) {
  for (;;) {
    char fault = fault_of(fd);
    if (fault == 'h') {
      usleep(20000);
      continue;
    }
    if (fault != 'f') return 0;
    errno = EIO;
    return 1;
  }
}

static int is_synced(int fd) { return (fcntl(fd, F_GETFL) & O_DSYNC) != 0; }

int fsync(int fd) {
  static int (*next)(int);
  if (next == NULL) next = dlsym(RTLD_NEXT, "fsync");
  return is_failing(fd) ? -1 : next(fd);
}

int fdatasync(int fd) {
  static int (*next)(int);
  if (next == NULL) next = dlsym(RTLD_NEXT, "fdatasync");
  return is_failing(fd) ? -1 : next(fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  static ssize_t (*next)(int, const void *, size_t, off64_t);
  if (next == NULL) next = dlsym(RTLD_NEXT, "pwrite64");
  return is_synced(fd) && is_failing(fd) ? -1 : next(fd, bytes, count, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
  return pwrite64(fd, bytes, count, offset);
}
