// The part of libsystemd that Gatehouse uses: readiness, status and watchdog.
#ifndef CSYSTEMD_H
#define CSYSTEMD_H

#include <systemd/sd-daemon.h>

#endif
