#include "CV4L2.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/videodev2.h>
#include <libv4lconvert.h>

static uint32_t type_of(int multi) {
    return multi ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE;
}

int v4_query(int fd, v4_device *device) {
    struct v4l2_capability c;
    memset(&c, 0, sizeof c);
    memset(device, 0, sizeof *device);
    if (ioctl(fd, VIDIOC_QUERYCAP, &c) < 0) return -1;
    uint32_t can = c.capabilities & V4L2_CAP_DEVICE_CAPS ? c.device_caps : c.capabilities;
    memcpy(device->driver, c.driver, sizeof device->driver - 1);
    memcpy(device->card, c.card, sizeof device->card - 1);
    device->multi = !(can & V4L2_CAP_VIDEO_CAPTURE) && (can & V4L2_CAP_VIDEO_CAPTURE_MPLANE);
    device->captures = (can & (V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_CAPTURE_MPLANE)) != 0;
    device->streams = (can & V4L2_CAP_STREAMING) != 0;
    return 0;
}

int v4_format(int fd, int multi, uint32_t index, uint32_t *fourcc) {
    struct v4l2_fmtdesc f;
    memset(&f, 0, sizeof f);
    f.index = index;
    f.type = type_of(multi);
    if (ioctl(fd, VIDIOC_ENUM_FMT, &f) < 0) return -1;
    *fourcc = f.pixelformat;
    return 0;
}

int v4_set_mode(int fd, int multi, v4_mode *mode) {
    struct v4l2_format f;
    memset(&f, 0, sizeof f);
    f.type = type_of(multi);
    if (multi) {
        f.fmt.pix_mp.width = (uint32_t)mode->width;
        f.fmt.pix_mp.height = (uint32_t)mode->height;
        f.fmt.pix_mp.pixelformat = mode->fourcc;
        f.fmt.pix_mp.field = V4L2_FIELD_NONE;
        f.fmt.pix_mp.num_planes = 1;
        if (ioctl(fd, VIDIOC_S_FMT, &f) < 0) return -1;
        const struct v4l2_pix_format_mplane *p = &f.fmt.pix_mp;
        *mode = (v4_mode){p->pixelformat, (int)p->width, (int)p->height,
                          p->plane_fmt[0].bytesperline, p->plane_fmt[0].sizeimage, p->num_planes};
        return 0;
    }
    f.fmt.pix.width = (uint32_t)mode->width;
    f.fmt.pix.height = (uint32_t)mode->height;
    f.fmt.pix.pixelformat = mode->fourcc;
    f.fmt.pix.field = V4L2_FIELD_NONE;
    if (ioctl(fd, VIDIOC_S_FMT, &f) < 0) return -1;
    const struct v4l2_pix_format *p = &f.fmt.pix;
    *mode = (v4_mode){p->pixelformat, (int)p->width, (int)p->height, p->bytesperline,
                      p->sizeimage, 1};
    return 0;
}

int v4_set_rate(int fd, int multi, uint32_t *frames, uint32_t *seconds) {
    struct v4l2_streamparm p;
    memset(&p, 0, sizeof p);
    p.type = type_of(multi);
    if (ioctl(fd, VIDIOC_G_PARM, &p) < 0) return -1;
    struct v4l2_fract *t = &p.parm.capture.timeperframe;
    if (p.parm.capture.capability & V4L2_CAP_TIMEPERFRAME) {
        *t = (struct v4l2_fract){*seconds, *frames};
        if (ioctl(fd, VIDIOC_S_PARM, &p) < 0) return -1;
    }
    *frames = t->denominator;
    *seconds = t->numerator;
    return 0;
}

int v4_next_control(int fd, uint32_t after, v4_control *control) {
    struct v4l2_queryctrl q;
    memset(&q, 0, sizeof q);
    q.id = after | V4L2_CTRL_FLAG_NEXT_CTRL;
    if (ioctl(fd, VIDIOC_QUERYCTRL, &q) < 0) return -1;
    memset(control, 0, sizeof *control);
    control->id = q.id;
    control->type = q.type;
    memcpy(control->name, q.name, sizeof control->name - 1);
    control->is_settable = q.type != V4L2_CTRL_TYPE_CTRL_CLASS
        && !(q.flags & (V4L2_CTRL_FLAG_DISABLED | V4L2_CTRL_FLAG_READ_ONLY));
    return 0;
}

int v4_set_control(int fd, uint32_t id, int64_t value) {
    struct v4l2_ext_control one;
    struct v4l2_ext_controls all;
    memset(&one, 0, sizeof one);
    memset(&all, 0, sizeof all);
    one.id = id;
    struct v4l2_queryctrl q;
    memset(&q, 0, sizeof q);
    q.id = id;
    if (ioctl(fd, VIDIOC_QUERYCTRL, &q) < 0) return -1;
    if (q.type == V4L2_CTRL_TYPE_INTEGER64) one.value64 = value;
    else if (value < q.minimum || value > q.maximum) { // drivers would bend it in silence
        errno = ERANGE;
        return -1;
    } else one.value = (int32_t)value;
    all.which = V4L2_CTRL_WHICH_CUR_VAL;
    all.count = 1;
    all.controls = &one;
    if (ioctl(fd, VIDIOC_S_EXT_CTRLS, &all) == 0) return 0;
    if (errno != ENOTTY) return -1;
    struct v4l2_control old = {id, (int32_t)value};
    return ioctl(fd, VIDIOC_S_CTRL, &old);
}

int v4_request(int fd, int multi, uint32_t count) {
    struct v4l2_requestbuffers r;
    memset(&r, 0, sizeof r);
    r.count = count;
    r.type = type_of(multi);
    r.memory = V4L2_MEMORY_MMAP;
    return ioctl(fd, VIDIOC_REQBUFS, &r) < 0 ? -1 : (int)r.count;
}

static void name_buffer(struct v4l2_buffer *b, struct v4l2_plane planes[VIDEO_MAX_PLANES],
                        int multi, uint32_t index) {
    memset(b, 0, sizeof *b);
    memset(planes, 0, sizeof *planes * VIDEO_MAX_PLANES);
    b->type = type_of(multi);
    b->memory = V4L2_MEMORY_MMAP;
    b->index = index;
    if (multi) {
        b->m.planes = planes;
        b->length = VIDEO_MAX_PLANES;
    }
}

int v4_locate(int fd, int multi, uint32_t index, size_t *length, int64_t *offset) {
    struct v4l2_buffer b;
    struct v4l2_plane planes[VIDEO_MAX_PLANES];
    name_buffer(&b, planes, multi, index);
    if (ioctl(fd, VIDIOC_QUERYBUF, &b) < 0) return -1;
    *length = multi ? planes[0].length : b.length;
    *offset = multi ? planes[0].m.mem_offset : b.m.offset;
    return 0;
}

int v4_queue(int fd, int multi, uint32_t index) {
    struct v4l2_buffer b;
    struct v4l2_plane planes[VIDEO_MAX_PLANES];
    name_buffer(&b, planes, multi, index);
    if (multi) b.length = 1;
    return ioctl(fd, VIDIOC_QBUF, &b);
}

int v4_dequeue(int fd, int multi, v4_frame *frame) {
    struct v4l2_buffer b;
    struct v4l2_plane planes[VIDEO_MAX_PLANES];
    name_buffer(&b, planes, multi, 0);
    if (ioctl(fd, VIDIOC_DQBUF, &b) < 0) return -1;
    *frame = (v4_frame){
        .index = b.index,
        .offset = multi ? planes[0].data_offset : 0,
        .bytes = multi ? planes[0].bytesused : b.bytesused,
        .sequence = b.sequence,
        .is_error = (b.flags & V4L2_BUF_FLAG_ERROR) != 0,
        .is_monotonic
        = (b.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC,
        .nanoseconds = (int64_t)b.timestamp.tv_sec * 1000000000 + b.timestamp.tv_usec * 1000,
    };
    return 0;
}

int v4_stream(int fd, int multi, int on) {
    int type = (int)type_of(multi);
    return ioctl(fd, on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &type);
}

struct v4_converter {
    struct v4lconvert_data *data;
    struct v4l2_format from, to;
};

v4_converter *v4_converter_make(int fd, const v4_mode *mode) {
    v4_converter *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->data = v4lconvert_create(fd);
    if (!c->data) {
        free(c);
        return NULL;
    }
    c->from.type = c->to.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    c->from.fmt.pix.width = c->to.fmt.pix.width = (uint32_t)mode->width;
    c->from.fmt.pix.height = c->to.fmt.pix.height = (uint32_t)mode->height;
    c->from.fmt.pix.pixelformat = mode->fourcc;
    c->from.fmt.pix.bytesperline = mode->row_bytes;
    c->from.fmt.pix.sizeimage = mode->frame_bytes;
    c->to.fmt.pix.pixelformat = V4L2_PIX_FMT_RGB24;
    c->to.fmt.pix.bytesperline = (uint32_t)mode->width * 3;
    c->to.fmt.pix.sizeimage = (uint32_t)mode->width * 3 * (uint32_t)mode->height;
    return c;
}

void v4_converter_free(v4_converter *c) {
    if (!c) return;
    v4lconvert_destroy(c->data);
    free(c);
}

int v4_convert(v4_converter *c, const uint8_t *frame, size_t bytes, uint8_t *rgb,
               const char **reason) {
    int size = (int)c->to.fmt.pix.sizeimage;
    int done = v4lconvert_convert(c->data, &c->from, &c->to, (unsigned char *)frame, (int)bytes,
                                  rgb, size);
    if (done == size) return 0;
    *reason = done < 0 ? v4lconvert_get_error_message(c->data) : "the picture is incomplete";
    return -1;
}
