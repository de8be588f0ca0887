#define _GNU_SOURCE 1
#include "CLinux.h"

_Static_assert(sizeof(struct clinux_ucred) == sizeof(struct ucred), "layout of struct ucred");
