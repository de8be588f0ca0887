// libpng's simplified interface: errors come back as text, nothing prints or jumps.
#ifndef CPNG_H
#define CPNG_H
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int width, height, color; // color: 0 when all pixels are gray
    char message[64];         // an error, or a warning when the call succeeded; else empty
} cp_report;

// All return 0, or -1 with report->message.
int cp_measure(const uint8_t *bytes, size_t count, cp_report *report);
// Gray (channels 1) or RGB (3), rows without gaps; transparent parts lie on white. The size is what
// cp_measure said; another is refused.
int cp_decode(const uint8_t *bytes, size_t count, int channels, int width, int height,
              uint8_t *pixels, cp_report *report);
// Writes into `bytes`, *count long, or says in *count how much is needed when `bytes` is NULL.
int cp_encode(const uint8_t *pixels, int width, int height, int channels, uint8_t *bytes,
              size_t *count, cp_report *report);
#endif
