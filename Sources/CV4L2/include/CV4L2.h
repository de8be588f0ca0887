// V4L2's ioctls with their unions and macros, which Swift cannot import, for single and multi-planar
// capture; libv4lconvert for the formats that Imaging does not know. Unless told otherwise, functions
// return 0, or -1 with errno, as ioctl does; none retries or waits.
#ifndef CV4L2_H
#define CV4L2_H
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char driver[16], card[32];
    int captures, multi, streams; // flags: can capture; by planes; by mapped buffers
} v4_device;

typedef struct {
    uint32_t fourcc;
    int width, height;
    uint32_t row_bytes, frame_bytes;
    uint32_t planes;
} v4_mode;

typedef struct {
    uint32_t index, offset, bytes, sequence;
    int is_error;     // the driver says that the content is damaged
    int is_monotonic; // the time is the driver's, of the monotonic clock
    int64_t nanoseconds;
} v4_frame;

typedef struct {
    uint32_t id, type;
    char name[32];
    int is_settable;
} v4_control;

enum { V4_CONTROL_INTEGER = 1, V4_CONTROL_BOOLEAN = 2, V4_CONTROL_MENU = 3 };

int v4_query(int fd, v4_device *device);
int v4_format(int fd, int multi, uint32_t index, uint32_t *fourcc); // EINVAL behind the last
int v4_set_mode(int fd, int multi, v4_mode *mode);                  // becomes what the driver gives
// Frames a second as a fraction; 0/0 when the driver does not tell.
int v4_set_rate(int fd, int multi, uint32_t *frames, uint32_t *seconds);
int v4_next_control(int fd, uint32_t after, v4_control *control);   // EINVAL behind the last
int v4_set_control(int fd, uint32_t id, int64_t value);
int v4_request(int fd, int multi, uint32_t count); // returns how many there are; 0 gives them up
int v4_locate(int fd, int multi, uint32_t index, size_t *length, int64_t *offset);
int v4_queue(int fd, int multi, uint32_t index);
int v4_dequeue(int fd, int multi, v4_frame *frame);
int v4_stream(int fd, int multi, int on);

// Conversion to RGB: v4_converter is NULL when there is no memory. `mode` of the frames is kept.
typedef struct v4_converter v4_converter;
v4_converter *v4_converter_make(int fd, const v4_mode *mode);
void v4_converter_free(v4_converter *);
// Writes width * height * 3 bytes; -1 with the reason in *reason, which stays until the next call.
int v4_convert(v4_converter *, const uint8_t *frame, size_t bytes, uint8_t *rgb, const char **reason);
#endif
