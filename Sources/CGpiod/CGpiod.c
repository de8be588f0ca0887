#include "CGpiod.h"

#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef GPIOD_BIT
#error "This file speaks libgpiod 1 (Debian 12); libgpiod 2 needs its own functions beside these."
#endif

// Version 1 frees a line with its chip, so the neutral types are its own, only renamed.
static struct gpiod_chip *chip_of(cgpiod_chip *chip) { return (struct gpiod_chip *)chip; }
static struct gpiod_line *line_of(cgpiod_line *line) { return (struct gpiod_line *)line; }

cgpiod_chip *cgpiod_chip_open(const char *description)
{
    return (cgpiod_chip *)gpiod_chip_open_lookup(description);
}

void cgpiod_chip_close(cgpiod_chip *chip) { gpiod_chip_close(chip_of(chip)); }

uint32_t cgpiod_chip_line_count(cgpiod_chip *chip) { return gpiod_chip_num_lines(chip_of(chip)); }

int cgpiod_line_info(cgpiod_chip *chip, uint32_t offset, char name[cgpiod_name_size],
                     char consumer[cgpiod_name_size])
{
    struct gpiod_line *line = gpiod_chip_get_line(chip_of(chip), offset);
    if (!line || gpiod_line_update(line)) return -1;
    const char *text = gpiod_line_name(line);
    snprintf(name, cgpiod_name_size, "%s", text ? text : "");
    text = gpiod_line_consumer(line);
    snprintf(consumer, cgpiod_name_size, "%s", text ? text : "");
    return 0;
}

cgpiod_line *cgpiod_request_input(cgpiod_chip *chip, uint32_t offset, const char *consumer,
                                  int is_active_low, int bias, int falling_only)
{
    static const int biases[] = {
        0, GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP, GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN,
        GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE,
    };
    struct gpiod_line *line = gpiod_chip_get_line(chip_of(chip), offset);
    int flags = biases[bias & 3] | (is_active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0);
    if (!line) return NULL;
    if (falling_only ? gpiod_line_request_falling_edge_events_flags(line, consumer, flags)
                     : gpiod_line_request_both_edges_events_flags(line, consumer, flags))
        return NULL;
    int descriptor = gpiod_line_event_get_fd(line);
    int status = fcntl(descriptor, F_GETFL);
    if (status == -1 || fcntl(descriptor, F_SETFL, status | O_NONBLOCK) == -1) {
        int code = errno;
        gpiod_line_release(line);
        errno = code;
        return NULL;
    }
    return (cgpiod_line *)line;
}

cgpiod_line *cgpiod_request_output(cgpiod_chip *chip, uint32_t offset, const char *consumer,
                                   int is_active_low, int value)
{
    struct gpiod_line *line = gpiod_chip_get_line(chip_of(chip), offset);
    int flags = is_active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0;
    if (!line || gpiod_line_request_output_flags(line, consumer, flags, value)) return NULL;
    return (cgpiod_line *)line;
}

void cgpiod_line_release(cgpiod_line *line) { gpiod_line_release(line_of(line)); }

int cgpiod_line_descriptor(cgpiod_line *line) { return gpiod_line_event_get_fd(line_of(line)); }

int cgpiod_line_read(cgpiod_line *line, cgpiod_edge *edges, int capacity)
{
    struct gpiod_line_event events[cgpiod_edges_maximum];
    int wanted = capacity < cgpiod_edges_maximum ? capacity : cgpiod_edges_maximum;
    int count = gpiod_line_event_read_multiple(line_of(line), events, (unsigned)wanted);
    if (count < 0) return errno == EAGAIN ? 0 : -1;
    for (int i = 0; i < count; i++) {
        edges[i].nanoseconds = (int64_t)events[i].ts.tv_sec * 1000000000 + events[i].ts.tv_nsec;
        edges[i].is_high = events[i].event_type == GPIOD_LINE_EVENT_RISING_EDGE;
    }
    return count;
}

int cgpiod_line_get(cgpiod_line *line) { return gpiod_line_get_value(line_of(line)); }

int cgpiod_line_set(cgpiod_line *line, int value)
{
    return gpiod_line_set_value(line_of(line), value);
}
