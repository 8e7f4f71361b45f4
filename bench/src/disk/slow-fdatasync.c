/* For LD_PRELOAD: makes each fdatasync take DELAY_MICROSECONDS longer, as on the disks of many clouds. */
#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int fdatasync(int file) {
  struct timespec left = {0, DELAY_MICROSECONDS * 1000L};
  while (nanosleep(&left, &left) == -1 && errno == EINTR) {
  }
  return (int)syscall(SYS_fdatasync, file);
}
