// libyuv as it is: its header imports into Swift.
#ifndef CYUV_H
#define CYUV_H
#include <libyuv.h>
#endif
