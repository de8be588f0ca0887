// Loops over pixels: Swift's bounds checks and SIMD types cost several times their speed.
// Rows lie without gaps unless a stride is given; sizes are checked by the caller.
#ifndef CPIXELS_H
#define CPIXELS_H
#include <stddef.h>
#include <stdint.h>

// Samples `out` (out_width x out_height) from a picture of 1 or 3 channels. Each output pixel's
// centre goes through the 3x3 matrix `map` (row by row) into the source, whose pixels have their
// centres at one half; bilinear, edges repeated. `samples` x `samples` points are averaged.
void px_warp(const uint8_t *pixels, int width, int height, int channels, const double map[9],
             int samples, uint8_t *out, int out_width, int out_height);
// out[i] = pixels[i] * scale + offset
void px_to_float(const uint8_t *pixels, size_t count, float scale, float offset, float *out);
// The same for RGB pixels, each channel with its own scale and offset; `count` is of pixels.
void px_rgb_to_float(const uint8_t *pixels, size_t count, const float scale[3],
                     const float offset[3], float *out);
// out[row] = sum over i of rows[row * length + i] * vector[i]; a gallery is one picture of templates.
void px_dot_rows(const float *rows, size_t count, size_t length, const float *vector, float *out);
// Sums of values and of squares, for means and contrasts.
void px_sums(const uint8_t *pixels, size_t count, uint64_t *sum, uint64_t *squares);
// Sum of absolute differences.
uint64_t px_difference(const uint8_t *a, const uint8_t *b, size_t count);
#endif
