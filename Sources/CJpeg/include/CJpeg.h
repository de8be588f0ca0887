// libjpeg-turbo with an error manager of its own: no call prints, exits or leaves memory behind.
#ifndef CJPEG_H
#define CJPEG_H
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int width, height, components;         // of the whole picture
    int scaled_width, scaled_height;       // after division
} cj_size;

typedef struct {
    char error[200];    // empty when there was none
    char warning[200];  // the first one
    long warnings;
    long row;           // rows of the result that were complete
} cj_report;

// Both return 0, or -1 with report->error. `divisor` is 1, 2, 4 or 8.
int cj_measure(const uint8_t *bytes, size_t count, int divisor, cj_size *size, cj_report *report);
// Writes the rectangle x, y, width, height of the scaled picture as gray (channels 1) or RGB (3),
// rows without gaps. `size` is what cj_measure said; other sizes are refused.
int cj_decode(const uint8_t *bytes, size_t count, int divisor, const cj_size *size, int channels,
              int x, int y, int width, int height, uint8_t *pixels, cj_report *report);
// *bytes is to be given to cj_free, also after an error.
int cj_encode(const uint8_t *pixels, int width, int height, int channels, int quality,
              uint8_t **bytes, size_t *count, cj_report *report);
void cj_free(uint8_t *bytes);
#endif
