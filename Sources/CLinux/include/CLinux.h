// Re-exports the kernel and glibc headers that Swift's Glibc module leaves out, and names the
// constants that Swift cannot import. No logic. _GNU_SOURCE is not set here, for the types must
// be the same as in the Glibc module.
#ifndef CLINUX_H
#define CLINUX_H

#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <unistd.h>

// SO_PEERGROUPS (Linux 4.13) is newer than some libc headers.
#ifdef SO_PEERGROUPS
enum { clinux_so_peergroups = SO_PEERGROUPS };
#else
enum { clinux_so_peergroups = 59 };
#endif
enum { clinux_so_peercred = SO_PEERCRED };

// Declared by glibc under _GNU_SOURCE only.
enum { clinux_rename_exchange = 1 << 1 };
extern int renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned int flags);
extern int pthread_setname_np(pthread_t thread, const char *name);

// Linux's credentials of a socket's peer; `struct ucred` hides behind _GNU_SOURCE.
struct clinux_ucred {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

#endif
