#include "CPng.h"
#include <png.h>
#include <stdio.h>
#include <string.h>

static int finish(png_image *image, int good, cp_report *report) {
    snprintf(report->message, sizeof report->message, "%s", image->message);
    png_image_free(image);
    return good ? 0 : -1;
}

static int begin(png_image *image, const uint8_t *bytes, size_t count, cp_report *report) {
    memset(image, 0, sizeof *image);
    memset(report, 0, sizeof *report);
    image->version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(image, bytes, count)) return 0;
    report->width = (int)image->width;
    report->height = (int)image->height;
    report->color = (image->format & PNG_FORMAT_FLAG_COLOR) != 0;
    return 1;
}

int cp_measure(const uint8_t *bytes, size_t count, cp_report *report) {
    png_image image;
    int good = begin(&image, bytes, count, report);
    return finish(&image, good, report);
}

int cp_decode(const uint8_t *bytes, size_t count, int channels, int width, int height,
              uint8_t *pixels, cp_report *report) {
    png_image image;
    int good = begin(&image, bytes, count, report);
    if (good && (report->width != width || report->height != height)) {
        snprintf(image.message, sizeof image.message, "the picture changed while it was read");
        good = 0;
    }
    if (good) {
        const png_color white = {255, 255, 255};
        image.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
        good = png_image_finish_read(&image, &white, pixels, 0, NULL);
    }
    return finish(&image, good, report);
}

int cp_encode(const uint8_t *pixels, int width, int height, int channels, uint8_t *bytes,
              size_t *count, cp_report *report) {
    png_image image;
    memset(&image, 0, sizeof image);
    memset(report, 0, sizeof *report);
    image.version = PNG_IMAGE_VERSION;
    image.width = (png_uint_32)width;
    image.height = (png_uint_32)height;
    image.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
    png_alloc_size_t room = *count;
    int good = png_image_write_to_memory(&image, bytes, &room, 0, pixels, 0, NULL);
    *count = room;
    return finish(&image, good, report);
}
