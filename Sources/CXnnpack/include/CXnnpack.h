// A plain C face of XNNPACK: no type, macro or enum of it crosses this header.
// All tensors are float32, NHWC. Functions return 0, or the status XNNPACK gave.
// Sizes are checked by the caller; nothing here trusts or repairs a shape.
#ifndef CXNNPACK_H
#define CXNNPACK_H
#include <stddef.h>
#include <stdint.h>

typedef struct xn_graph xn_graph;

enum { XN_INNER = 0, XN_INPUT = 1, XN_OUTPUT = 2 };

typedef struct {
    uint32_t in, out;
    uint32_t kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;
    uint32_t adjust_h, adjust_w; // deconvolution: extra rows and columns of the output
    uint32_t groups;
    size_t channels_in, channels_out;
    float low, high; // clamp of the output
    const float *weights, *bias; // must outlive xn_finish
} xn_conv;

xn_graph *xn_create(uint32_t values); // NULL: no memory, or a processor XNNPACK does not know
void xn_destroy(xn_graph *);
int xn_value(xn_graph *, uint32_t id, const size_t *dims, size_t rank, int role);
int xn_conv2d(xn_graph *, const xn_conv *);    // weights: out, kernel_h, kernel_w, in / groups
int xn_dwconv2d(xn_graph *, const xn_conv *);  // weights: kernel_h, kernel_w, channels
int xn_deconv2d(xn_graph *, const xn_conv *);  // weights: out, kernel_h, kernel_w, in
int xn_fc(xn_graph *, const xn_conv *);        // weights: out, in
int xn_prelu(xn_graph *, uint32_t in, uint32_t out, size_t channels, const float *slope);
int xn_maxpool(xn_graph *, const xn_conv *);
int xn_avgpool(xn_graph *, const xn_conv *);
int xn_gap(xn_graph *, uint32_t in, uint32_t out);
int xn_add(xn_graph *, uint32_t a, uint32_t b, uint32_t out, float low, float high);
int xn_multiply(xn_graph *, uint32_t a, uint32_t b, uint32_t out, float low, float high);
int xn_clamp(xn_graph *, uint32_t in, uint32_t out, float low, float high);
int xn_leaky(xn_graph *, uint32_t in, uint32_t out, float slope);
int xn_hardswish(xn_graph *, uint32_t in, uint32_t out);
int xn_sigmoid(xn_graph *, uint32_t in, uint32_t out);
int xn_softmax(xn_graph *, uint32_t in, uint32_t out);
int xn_reshape(xn_graph *, uint32_t in, uint32_t out, const size_t *dims, size_t rank);
int xn_resize(xn_graph *, uint32_t in, uint32_t out, size_t height, size_t width, int align);
int xn_finish(xn_graph *); // packs the weights, plans memory, allocates inputs and outputs
float *xn_buffer(xn_graph *, uint32_t id, size_t *floats); // inputs and outputs only
int xn_run(xn_graph *);    // on the calling thread
#endif
