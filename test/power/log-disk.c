/*
 * log-disk IMAGE LOG FOLDER [options of FUSE]
 *
 * Mounts a folder with one file, `disk`, which is IMAGE, and appends each write and each flush to LOG, in their order. With a loop device
 * on that file and a file system on the device, it is known what a disk had been told to keep when its power was cut: what dm-log-writes
 * does where the kernel has it.
 *
 * An entry of LOG is three 64-bit numbers of this machine, kind (1: write, 2: flush), offset and length in bytes, and then the bytes.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, FLUSH = 2 };

static int image, entries;
static pthread_mutex_t in_order = PTHREAD_MUTEX_INITIALIZER;

static int is_disk(const char *path) { return strcmp(path, "/disk") == 0; }

/* A log that is not whole would prove anything. */
static void note(uint64_t kind, uint64_t offset, uint64_t length, const char *bytes) {
  uint64_t head[3] = {kind, offset, length};
  struct iovec parts[2] = {{head, sizeof head}, {(void *)bytes, length}};
  if (writev(entries, parts, 2) != (ssize_t)(sizeof head + length)) abort();
}

static int get_attributes(const char *path, struct stat *stats, struct fuse_file_info *file) {
  (void)file;
  memset(stats, 0, sizeof *stats);
  if (strcmp(path, "/") == 0) {
    stats->st_mode = S_IFDIR | 0700;
    stats->st_nlink = 2;
    return 0;
  }
  if (!is_disk(path)) return -ENOENT;
  return fstat(image, stats) ? -errno : 0;
}

static int list(const char *path, void *names, fuse_fill_dir_t add, off_t offset, struct fuse_file_info *file,
                enum fuse_readdir_flags flags) {
  (void)path, (void)offset, (void)file, (void)flags;
  add(names, "disk", NULL, 0, 0);
  return 0;
}

static int open_disk(const char *path, struct fuse_file_info *file) {
  file->keep_cache = 1;
  return is_disk(path) ? 0 : -ENOENT;
}

static int read_disk(const char *path, char *bytes, size_t length, off_t offset, struct fuse_file_info *file) {
  (void)path, (void)file;
  ssize_t count = pread(image, bytes, length, offset);
  return count < 0 ? -errno : (int)count;
}

static int write_disk(const char *path, const char *bytes, size_t length, off_t offset, struct fuse_file_info *file) {
  (void)path, (void)file;
  pthread_mutex_lock(&in_order);
  ssize_t count = pwrite(image, bytes, length, offset);
  int error = errno;
  if (count > 0) note(WRITE, offset, count, bytes);
  pthread_mutex_unlock(&in_order);
  return count < 0 ? -error : (int)count;
}

static int flush_disk(const char *path, int only_data, struct fuse_file_info *file) {
  (void)path, (void)only_data, (void)file;
  pthread_mutex_lock(&in_order);
  note(FLUSH, 0, 0, NULL);
  pthread_mutex_unlock(&in_order);
  return 0;
}

static const struct fuse_operations operations = {
    .getattr = get_attributes,
    .readdir = list,
    .open = open_disk,
    .read = read_disk,
    .write = write_disk,
    .fsync = flush_disk,
};

int main(int count, char **words) {
  if (count < 4) return fprintf(stderr, "log-disk IMAGE LOG FOLDER\n"), 2;
  image = open(words[1], O_RDWR);
  entries = open(words[2], O_CREAT | O_WRONLY | O_APPEND, 0600);
  if (image < 0 || entries < 0) return perror("log-disk"), 1;
  words[2] = words[0];
  return fuse_main(count - 2, words + 2, &operations, NULL);
}
