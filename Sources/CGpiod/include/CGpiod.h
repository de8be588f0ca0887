// One neutral interface over libgpiod: version 1 (Debian 12) now, version 2 where GPIOD_BIT is
// gone. Each line is a request of its own, so that one busy or dead line takes no other with it.
#ifndef CGPIOD_H
#define CGPIOD_H

#include <stdint.h>

typedef struct cgpiod_chip cgpiod_chip;
typedef struct cgpiod_line cgpiod_line;

enum { cgpiod_bias_as_is = 0, cgpiod_bias_up = 1, cgpiod_bias_down = 2, cgpiod_bias_off = 3 };
enum { cgpiod_name_size = 64, cgpiod_edges_maximum = 16 };

// The kernel's time of an edge, and the logical level after it (active-low applied).
typedef struct {
    int64_t nanoseconds;
    int32_t is_high;
} cgpiod_edge;

// By path, name, number or label. NULL with errno when there is none.
cgpiod_chip *cgpiod_chip_open(const char *description);
void cgpiod_chip_close(cgpiod_chip *chip);
uint32_t cgpiod_chip_line_count(cgpiod_chip *chip);

// What the kernel tells of a line; both texts may be empty. 0, or -1 with errno.
int cgpiod_line_info(cgpiod_chip *chip, uint32_t offset, char name[cgpiod_name_size],
                     char consumer[cgpiod_name_size]);

// Both request the line and keep it until it is released. NULL with errno on failure.
// `falling_only`: only falling edges of the logical level are told, else both.
cgpiod_line *cgpiod_request_input(cgpiod_chip *chip, uint32_t offset, const char *consumer,
                                  int is_active_low, int bias, int falling_only);
// The line carries `value` from the very request on.
cgpiod_line *cgpiod_request_output(cgpiod_chip *chip, uint32_t offset, const char *consumer,
                                   int is_active_low, int value);
void cgpiod_line_release(cgpiod_line *line);

// Readable while edges wait. Nonblocking.
int cgpiod_line_descriptor(cgpiod_line *line);
// Number of edges read, 0 when none wait, -1 with errno.
int cgpiod_line_read(cgpiod_line *line, cgpiod_edge *edges, int capacity);
// Logical level, or -1 with errno.
int cgpiod_line_get(cgpiod_line *line);
// 0, or -1 with errno.
int cgpiod_line_set(cgpiod_line *line, int value);

#endif
