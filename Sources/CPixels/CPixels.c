#include "CPixels.h"
#include <math.h>

#if defined(__x86_64__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

// A place along one axis: the two pixels beside it and the weight of the second.
struct place {
    int first, second;
    float weight;
};

// Written so that no number at all becomes the edge instead of an index outside.
static inline struct place locate(float at, int length) {
    float last = (float)(length - 1);
    at = at > 0 ? at : 0;
    at = at < last ? at : last;
    int first = (int)at;
    return (struct place){first, first + 1 < length ? first + 1 : first, at - (float)first};
}

static inline float sample(const uint8_t *p, size_t stride, int channels, struct place x,
                           struct place y) {
    const uint8_t *top = p + (size_t)y.first * stride, *bottom = p + (size_t)y.second * stride;
    size_t a = (size_t)x.first * (size_t)channels, b = (size_t)x.second * (size_t)channels;
    float above = (float)top[a] + (float)(top[b] - top[a]) * x.weight;
    float below = (float)bottom[a] + (float)(bottom[b] - bottom[a]) * x.weight;
    return above + (below - above) * y.weight;
}

void px_warp(const uint8_t *pixels, int width, int height, int channels, const double map[9],
             int samples, uint8_t *out, int out_width, int out_height) {
    float m[9];
    for (int i = 0; i < 9; i++) m[i] = (float)map[i];
    size_t stride = (size_t)width * (size_t)channels;
    float step = 1 / (float)samples, share = step * step;
    for (int v = 0; v < out_height; v++)
        for (int u = 0; u < out_width; u++) {
            float sum[3] = {0};
            for (int j = 0; j < samples; j++)
                for (int i = 0; i < samples; i++) {
                    float s = (float)u + ((float)i + 0.5f) * step;
                    float t = (float)v + ((float)j + 0.5f) * step;
                    float w = 1 / (m[6] * s + m[7] * t + m[8]);
                    struct place x = locate((m[0] * s + m[1] * t + m[2]) * w - 0.5f, width);
                    struct place y = locate((m[3] * s + m[4] * t + m[5]) * w - 0.5f, height);
                    for (int c = 0; c < channels; c++)
                        sum[c] += sample(pixels + c, stride, channels, x, y);
                }
            for (int c = 0; c < channels; c++) *out++ = (uint8_t)(sum[c] * share + 0.5f);
        }
}

WIDE void px_to_float(const uint8_t *pixels, size_t count, float scale, float offset, float *out) {
    for (size_t i = 0; i < count; i++) out[i] = (float)pixels[i] * scale + offset;
}

WIDE void px_rgb_to_float(const uint8_t *pixels, size_t count, const float scale[3],
                          const float offset[3], float *out) {
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < 3; c++)
            out[3 * i + c] = (float)pixels[3 * i + c] * scale[c] + offset[c];
}

// Sixteen sums side by side: the order of additions is fixed, so that the compiler may use vectors.
WIDE void px_dot_rows(const float *rows, size_t count, size_t length, const float *vector,
                      float *out) {
    for (size_t row = 0; row < count; row++, rows += length) {
        float sums[16] = {0};
        size_t i = 0;
        for (; i + 16 <= length; i += 16)
            for (size_t k = 0; k < 16; k++) sums[k] += rows[i + k] * vector[i + k];
        float sum = 0;
        for (; i < length; i++) sum += rows[i] * vector[i];
        for (size_t k = 0; k < 16; k++) sum += sums[k];
        out[row] = sum;
    }
}

WIDE void px_sums(const uint8_t *pixels, size_t count, uint64_t *sum, uint64_t *squares) {
    uint64_t all = 0, squared = 0;
    for (size_t start = 0; start < count; start += 4096) { // so that 32 bits hold each part
        uint32_t part = 0, part_squared = 0;
        size_t end = count - start < 4096 ? count : start + 4096;
        for (size_t i = start; i < end; i++) {
            part += pixels[i];
            part_squared += (uint32_t)pixels[i] * pixels[i];
        }
        all += part;
        squared += part_squared;
    }
    *sum = all;
    *squares = squared;
}

WIDE uint64_t px_difference(const uint8_t *a, const uint8_t *b, size_t count) {
    uint64_t all = 0;
    for (size_t start = 0; start < count; start += 4096) {
        uint32_t part = 0;
        size_t end = count - start < 4096 ? count : start + 4096;
        for (size_t i = start; i < end; i++)
            part += (uint32_t)(a[i] > b[i] ? a[i] - b[i] : b[i] - a[i]);
        all += part;
    }
    return all;
}
