/* rawfeed DEVICE WIDTH HEIGHT FPS   writes UYVY frames, a ramp that moves, into a v4l2loopback device until it is killed.
   gcc -O2 -o rawfeed rawfeed.c */
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    int width = atoi(argv[2]), height = atoi(argv[3]), fd = open(argv[1], O_RDWR);
    size_t size = (size_t)width * height * 2;
    unsigned char *frame = malloc(size);
    struct v4l2_format f = {.type = V4L2_BUF_TYPE_VIDEO_OUTPUT};
    f.fmt.pix.width = width;
    f.fmt.pix.height = height;
    f.fmt.pix.pixelformat = V4L2_PIX_FMT_UYVY;
    f.fmt.pix.field = V4L2_FIELD_NONE;
    f.fmt.pix.bytesperline = width * 2;
    f.fmt.pix.sizeimage = size;
    if (fd < 0 || !frame || ioctl(fd, VIDIOC_S_FMT, &f) < 0) { perror(argv[1]); return 1; }
    for (int n = 0;; n++) {
        for (size_t i = 0; i < size; i++) frame[i] = i & 1 ? 16 + (i / 2 + n) % 200 : 128;
        if (write(fd, frame, size) < 0) { perror("write"); return 1; }
        usleep(1000000 / atoi(argv[4]));
    }
}
