#include "CJpeg.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>

// A progressive file may repeat its scans without end; honest ones have about ten.
#define SCANS_MAX 100

struct manager {
    struct jpeg_error_mgr base; // first: libjpeg sees only this
    jmp_buf back;
    cj_report *report;
};

static void on_error(j_common_ptr c) {
    struct manager *m = (struct manager *)c->err;
    char text[JMSG_LENGTH_MAX];
    m->base.format_message(c, text);
    snprintf(m->report->error, sizeof m->report->error, "%s", text);
    longjmp(m->back, 1);
}

static void on_message(j_common_ptr c, int level) {
    struct manager *m = (struct manager *)c->err;
    if (level >= 0) return; // a trace
    if (m->report->warnings++ == 0) {
        char text[JMSG_LENGTH_MAX];
        m->base.format_message(c, text);
        snprintf(m->report->warning, sizeof m->report->warning, "%s", text);
    }
}

static void on_output(j_common_ptr c) { (void)c; }

static void on_progress(j_common_ptr c) {
    if (!c->is_decompressor || ((j_decompress_ptr)c)->input_scan_number <= SCANS_MAX) return;
    struct manager *m = (struct manager *)c->err;
    snprintf(m->report->error, sizeof m->report->error, "more than %d scans", SCANS_MAX);
    longjmp(m->back, 1);
}

static struct jpeg_error_mgr *prepare(struct manager *m, cj_report *report) {
    memset(report, 0, sizeof *report);
    jpeg_std_error(&m->base);
    m->base.error_exit = on_error;
    m->base.emit_message = on_message;
    m->base.output_message = on_output;
    m->report = report;
    return &m->base;
}

static void read_header(j_decompress_ptr d, const uint8_t *bytes, size_t count, int divisor) {
    jpeg_mem_src(d, bytes, count);
    jpeg_read_header(d, TRUE);
    d->scale_num = 1;
    d->scale_denom = (unsigned)divisor;
    jpeg_calc_output_dimensions(d);
}

static void tell(j_decompress_ptr d, cj_size *size) {
    *size = (cj_size){(int)d->image_width, (int)d->image_height, d->num_components,
                      (int)d->output_width, (int)d->output_height};
}

int cj_measure(const uint8_t *bytes, size_t count, int divisor, cj_size *size, cj_report *report) {
    struct jpeg_decompress_struct d;
    struct manager m;
    memset(&d, 0, sizeof d);
    d.err = prepare(&m, report);
    if (setjmp(m.back)) {
        jpeg_destroy_decompress(&d);
        return -1;
    }
    jpeg_create_decompress(&d);
    read_header(&d, bytes, count, divisor);
    tell(&d, size);
    jpeg_destroy_decompress(&d);
    return 0;
}

// CMYK as Adobe writes it is inverted; without Adobe's marker it is not.
static void from_cmyk(const uint8_t *s, uint8_t *out, int width, int channels, int inverted) {
    for (int i = 0; i < width; i++, s += 4) {
        int rgb[3];
        for (int k = 0; k < 3; k++)
            rgb[k] = inverted ? s[k] * s[3] / 255 : (255 - s[k]) * (255 - s[3]) / 255;
        if (channels == 1)
            *out++ = (uint8_t)((rgb[0] * 77 + rgb[1] * 150 + rgb[2] * 29 + 128) >> 8);
        else
            for (int k = 0; k < 3; k++) *out++ = (uint8_t)rgb[k];
    }
}

static void read_rows(j_decompress_ptr d, cj_report *report, int channels, int x, int y, int width,
                      int height, uint8_t *pixels) {
    int cmyk = d->num_components == 4, adobe = d->saw_Adobe_marker;
    d->out_color_space = cmyk ? JCS_CMYK : channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(d);
    int each = d->output_components;
    // A margin of a block on both sides: the smooth upsampling looks at the neighbours.
    JDIMENSION left = x > 32 ? (JDIMENSION)x - 32 : 0;
    JDIMENSION wide = (JDIMENSION)(x + width) + 32 - left;
    if (wide > d->output_width - left) wide = d->output_width - left;
    if (wide < d->output_width) jpeg_crop_scanline(d, &left, &wide);
    JSAMPROW row = (*d->mem->alloc_large)((j_common_ptr)d, JPOOL_IMAGE, (size_t)wide * each);
    if (y > 0) jpeg_skip_scanlines(d, (JDIMENSION)y);
    for (; report->row < height; report->row++) {
        jpeg_read_scanlines(d, &row, 1);
        const uint8_t *from = row + ((size_t)x - left) * each;
        uint8_t *to = pixels + (size_t)report->row * width * channels;
        if (cmyk) from_cmyk(from, to, width, channels, adobe);
        else memcpy(to, from, (size_t)width * channels);
    }
    // The last rows are not always asked for, and a crop needs no verdict on what it left out.
    if (d->output_scanline < d->output_height) jpeg_abort_decompress(d);
    else jpeg_finish_decompress(d);
}

int cj_decode(const uint8_t *bytes, size_t count, int divisor, const cj_size *size, int channels,
              int x, int y, int width, int height, uint8_t *pixels, cj_report *report) {
    struct jpeg_decompress_struct d;
    struct manager m;
    struct jpeg_progress_mgr progress = {.progress_monitor = on_progress};
    memset(&d, 0, sizeof d);
    d.err = prepare(&m, report);
    if (setjmp(m.back)) {
        jpeg_destroy_decompress(&d);
        return -1;
    }
    jpeg_create_decompress(&d);
    d.progress = &progress;
    read_header(&d, bytes, count, divisor);
    cj_size now;
    tell(&d, &now);
    if (memcmp(&now, size, sizeof now) || x < 0 || y < 0 || width < 1 || height < 1
        || width > now.scaled_width - x || height > now.scaled_height - y) {
        snprintf(report->error, sizeof report->error, "the picture changed while it was read");
        jpeg_destroy_decompress(&d);
        return -1;
    }
    read_rows(&d, report, channels, x, y, width, height, pixels);
    jpeg_destroy_decompress(&d);
    return 0;
}

int cj_encode(const uint8_t *pixels, int width, int height, int channels, int quality,
              uint8_t **bytes, size_t *count, cj_report *report) {
    struct jpeg_compress_struct c;
    struct manager m;
    unsigned long length = 0;
    *bytes = NULL;
    *count = 0;
    memset(&c, 0, sizeof c);
    c.err = prepare(&m, report);
    if (setjmp(m.back)) {
        jpeg_destroy_compress(&c);
        return -1;
    }
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, bytes, &length);
    c.image_width = (JDIMENSION)width;
    c.image_height = (JDIMENSION)height;
    c.input_components = channels;
    c.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, quality, TRUE);
    jpeg_start_compress(&c, TRUE);
    while (c.next_scanline < c.image_height) {
        JSAMPROW row = (JSAMPROW)pixels + (size_t)c.next_scanline * width * channels;
        jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    *count = length;
    return 0;
}

void cj_free(uint8_t *bytes) { free(bytes); }
