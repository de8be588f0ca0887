#include "CXnnpack.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xnnpack.h>

struct slot {
    int role;
    size_t floats;
    float *data;
};

struct xn_graph {
    xnn_subgraph_t graph;
    xnn_runtime_t runtime;
    uint32_t values;
    struct slot slots[];
};

xn_graph *xn_create(uint32_t values) {
    if (xnn_initialize(NULL) != xnn_status_success) return NULL;
    xn_graph *g = calloc(1, sizeof *g + values * sizeof(struct slot));
    if (g && xnn_create_subgraph(values, 0, &g->graph) != xnn_status_success) {
        free(g);
        g = NULL;
    }
    if (g) g->values = values;
    else xnn_deinitialize();
    return g;
}

void xn_destroy(xn_graph *g) {
    if (!g) return;
    if (g->runtime) xnn_delete_runtime(g->runtime);
    if (g->graph) xnn_delete_subgraph(g->graph);
    for (uint32_t i = 0; i < g->values; i++) free(g->slots[i].data);
    free(g);
    xnn_deinitialize();
}

int xn_value(xn_graph *g, uint32_t id, const size_t *dims, size_t rank, int role) {
    if (id >= g->values) return xnn_status_invalid_parameter;
    struct slot *s = &g->slots[id];
    s->role = role;
    s->floats = 1;
    for (size_t i = 0; i < rank; i++) s->floats *= dims[i];
    uint32_t got, flags = role == XN_INPUT    ? XNN_VALUE_FLAG_EXTERNAL_INPUT
                          : role == XN_OUTPUT ? XNN_VALUE_FLAG_EXTERNAL_OUTPUT
                                              : 0;
    return xnn_define_tensor_value(
        g->graph, xnn_datatype_fp32, rank, dims, NULL, id, flags, &got);
}

// A constant tensor; its name is given by XNNPACK.
static int constant(xn_graph *g, const float *data, size_t rank, const size_t *dims, uint32_t *id) {
    return xnn_define_tensor_value(
        g->graph, xnn_datatype_fp32, rank, dims, data, XNN_INVALID_VALUE_ID, 0, id);
}

static int weights_and_bias(xn_graph *g, const xn_conv *c, size_t rank, const size_t *dims,
                            uint32_t *weights, uint32_t *bias) {
    int s = constant(g, c->weights, rank, dims, weights);
    return s ? s : constant(g, c->bias, 1, &c->channels_out, bias);
}

int xn_conv2d(xn_graph *g, const xn_conv *c) {
    uint32_t w, b;
    size_t per_group = c->channels_in / c->groups;
    size_t dims[4] = {c->channels_out, c->kernel_h, c->kernel_w, per_group};
    int s = weights_and_bias(g, c, 4, dims, &w, &b);
    if (s) return s;
    return xnn_define_convolution_2d(
        g->graph, c->pad_h, c->pad_w, c->pad_h, c->pad_w, c->kernel_h, c->kernel_w, c->stride_h,
        c->stride_w, c->dilation_h, c->dilation_w, c->groups, per_group,
        c->channels_out / c->groups, c->low, c->high, c->in, w, b, c->out, 0);
}

int xn_dwconv2d(xn_graph *g, const xn_conv *c) {
    uint32_t w, b;
    size_t dims[4] = {1, c->kernel_h, c->kernel_w, c->channels_in};
    int s = weights_and_bias(g, c, 4, dims, &w, &b);
    if (s) return s;
    return xnn_define_depthwise_convolution_2d(
        g->graph, c->pad_h, c->pad_w, c->pad_h, c->pad_w, c->kernel_h, c->kernel_w, c->stride_h,
        c->stride_w, c->dilation_h, c->dilation_w, 1, c->channels_in, c->low, c->high, c->in, w, b,
        c->out, 0);
}

int xn_deconv2d(xn_graph *g, const xn_conv *c) {
    uint32_t w, b;
    size_t dims[4] = {c->channels_out, c->kernel_h, c->kernel_w, c->channels_in};
    int s = weights_and_bias(g, c, 4, dims, &w, &b);
    if (s) return s;
    return xnn_define_deconvolution_2d(
        g->graph, c->pad_h, c->pad_w, c->pad_h, c->pad_w, c->adjust_h, c->adjust_w, c->kernel_h,
        c->kernel_w, c->stride_h, c->stride_w, c->dilation_h, c->dilation_w, 1, c->channels_in,
        c->channels_out, c->low, c->high, c->in, w, b, c->out, 0);
}

int xn_fc(xn_graph *g, const xn_conv *c) {
    uint32_t w, b;
    size_t dims[2] = {c->channels_out, c->channels_in};
    int s = weights_and_bias(g, c, 2, dims, &w, &b);
    return s ? s
             : xnn_define_fully_connected(g->graph, c->low, c->high, c->in, w, b, c->out, 0);
}

int xn_prelu(xn_graph *g, uint32_t in, uint32_t out, size_t channels, const float *slope) {
    uint32_t id;
    int s = constant(g, slope, 1, &channels, &id);
    return s ? s : xnn_define_prelu(g->graph, in, id, out, 0);
}

int xn_maxpool(xn_graph *g, const xn_conv *c) {
    return xnn_define_max_pooling_2d(
        g->graph, c->pad_h, c->pad_w, c->pad_h, c->pad_w, c->kernel_h, c->kernel_w, c->stride_h,
        c->stride_w, 1, 1, -INFINITY, INFINITY, c->in, c->out, 0);
}

int xn_avgpool(xn_graph *g, const xn_conv *c) {
    return xnn_define_average_pooling_2d(
        g->graph, 0, 0, 0, 0, c->kernel_h, c->kernel_w, c->stride_h, c->stride_w, -INFINITY,
        INFINITY, c->in, c->out, 0);
}

int xn_gap(xn_graph *g, uint32_t in, uint32_t out) {
    return xnn_define_global_average_pooling_2d(g->graph, -INFINITY, INFINITY, in, out, 0);
}

int xn_add(xn_graph *g, uint32_t a, uint32_t b, uint32_t out, float low, float high) {
    return xnn_define_add2(g->graph, low, high, a, b, out, 0);
}

int xn_multiply(xn_graph *g, uint32_t a, uint32_t b, uint32_t out, float low, float high) {
    return xnn_define_multiply2(g->graph, low, high, a, b, out, 0);
}

int xn_clamp(xn_graph *g, uint32_t in, uint32_t out, float low, float high) {
    return xnn_define_clamp(g->graph, low, high, in, out, 0);
}

int xn_leaky(xn_graph *g, uint32_t in, uint32_t out, float slope) {
    return xnn_define_leaky_relu(g->graph, slope, in, out, 0);
}

int xn_hardswish(xn_graph *g, uint32_t in, uint32_t out) {
    return xnn_define_hardswish(g->graph, in, out, 0);
}

int xn_sigmoid(xn_graph *g, uint32_t in, uint32_t out) {
    return xnn_define_sigmoid(g->graph, in, out, 0);
}

int xn_softmax(xn_graph *g, uint32_t in, uint32_t out) {
    return xnn_define_softmax(g->graph, in, out, 0);
}

int xn_reshape(xn_graph *g, uint32_t in, uint32_t out, const size_t *dims, size_t rank) {
    return xnn_define_static_reshape(g->graph, rank, dims, in, out, 0);
}

int xn_resize(xn_graph *g, uint32_t in, uint32_t out, size_t height, size_t width, int align) {
    return xnn_define_static_resize_bilinear_2d(
        g->graph, height, width, in, out, align ? XNN_FLAG_ALIGN_CORNERS : 0);
}

int xn_finish(xn_graph *g) {
    int s = xnn_create_runtime_v2(g->graph, NULL, 0, &g->runtime);
    if (s) return s;
    xnn_delete_subgraph(g->graph);
    g->graph = NULL;
    struct xnn_external_value *ends = calloc(g->values, sizeof *ends);
    if (!ends) return xnn_status_out_of_memory;
    size_t count = 0;
    for (uint32_t i = 0; i < g->values; i++) {
        struct slot *v = &g->slots[i];
        if (v->role == XN_INNER) continue;
        // XNNPACK may read (never write) a little past the end of a tensor.
        size_t room = (v->floats * sizeof(float) + XNN_EXTRA_BYTES + 127) & ~(size_t)63;
        v->data = aligned_alloc(64, room);
        if (!v->data) {
            free(ends);
            return xnn_status_out_of_memory;
        }
        memset(v->data, 0, room);
        ends[count++] = (struct xnn_external_value){i, v->data};
    }
    s = xnn_setup_runtime(g->runtime, count, ends);
    free(ends);
    return s;
}

float *xn_buffer(xn_graph *g, uint32_t id, size_t *floats) {
    *floats = 0;
    if (id >= g->values || !g->slots[id].data) return NULL;
    *floats = g->slots[id].floats;
    return g->slots[id].data;
}

int xn_run(xn_graph *g) { return xnn_invoke_runtime(g->runtime); }
