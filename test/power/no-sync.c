/* To be preloaded: a program that believes to sync what it writes, and does not. Shows that the test would notice. */
int fsync(int file) { return (void)file, 0; }
int fdatasync(int file) { return (void)file, 0; }
int syncfs(int file) { return (void)file, 0; }
void sync(void) {}
