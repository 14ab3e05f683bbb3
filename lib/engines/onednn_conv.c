#include "engines/onednn_conv.h"

#include <pthread.h>

static dnnl_data_type_t data_type(fc_elem e)
{
    return e == FC_ELEM_F32 ? dnnl_f32 : dnnl_bf16;
}

static dnnl_status_t map_desc(dnnl_memory_desc_t *d, dnnl_dim_t c, dnnl_dim_t h, dnnl_dim_t w, fc_elem e)
{
    return dnnl_memory_desc_init_by_tag(d, 4, (dnnl_dims_t){1, c, h, w}, data_type(e), dnnl_nhwc);
}

static dnnl_status_t weights_desc(dnnl_memory_desc_t *d, const fc_onednn_shape *p, fc_elem e, bool packed)
{
    if (p->groups == 1)
        return dnnl_memory_desc_init_by_tag(d, 4, (dnnl_dims_t){p->oc, p->ic, p->kh, p->kw}, data_type(e),
                                            packed ? dnnl_format_tag_any : dnnl_oihw);
    return dnnl_memory_desc_init_by_tag(
        d, 5, (dnnl_dims_t){p->groups, p->oc / p->groups, p->ic / p->groups, p->kh, p->kw}, data_type(e),
        packed ? dnnl_format_tag_any : dnnl_goihw);
}

static dnnl_status_t make_pd(dnnl_primitive_desc_t *pd, const fc_onednn_shape *p, dnnl_engine_t engine)
{
    dnnl_memory_desc_t src, weights, bias, dst;
    dnnl_convolution_desc_t desc;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t s;

    if ((s = map_desc(&src, p->ic, p->h, p->w, p->in)) || (s = map_desc(&dst, p->oc, p->oh, p->ow, p->out)) ||
        (s = weights_desc(&weights, p, p->in, true)) ||
        (s = dnnl_memory_desc_init_by_tag(&bias, 1, (dnnl_dims_t){p->oc}, dnnl_f32, dnnl_a)) ||
        (s = dnnl_convolution_forward_desc_init(&desc, dnnl_forward_inference, dnnl_convolution_direct, &src,
                                                &weights, &bias, &dst, (dnnl_dims_t){p->sh, p->sw},
                                                (dnnl_dims_t){p->pt, p->pl}, (dnnl_dims_t){p->pb, p->pr})) ||
        (s = dnnl_primitive_attr_create(&attr)) ||
        (s = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user)) ||
        (s = dnnl_post_ops_create(&ops)) || (p->sum != 0 && (s = dnnl_post_ops_append_sum(ops, p->sum))) ||
        (p->relu && (s = dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, 0, 0))) ||
        (s = dnnl_primitive_attr_set_post_ops(attr, ops)))
        goto out;
    s = dnnl_primitive_desc_create(pd, &desc, attr, engine, NULL);
out:
    if (ops)
        dnnl_post_ops_destroy(ops);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    return s;
}

static dnnl_status_t make_pack(fc_onednn_conv *p, dnnl_engine_t engine)
{
    dnnl_primitive_desc_t pd;
    dnnl_status_t s = weights_desc(&p->plain, &p->shape, FC_ELEM_F32, false);

    if (s)
        return s;
    s = dnnl_reorder_primitive_desc_create(
        &pd, &p->plain, engine, dnnl_primitive_desc_query_md(p->pd, dnnl_query_weights_md, 0), engine, NULL);
    if (s)
        return s;
    s = dnnl_primitive_create(&p->pack, pd);
    dnnl_primitive_desc_destroy(pd);
    return s;
}

/* oneDNN 2.6 plans the blocks of a convolution in a static variable (brg_blocking_t::last_ic_block_size): nets of
 * different precisions made at the same time spoil each other's, and what comes out of them is wrong without an
 * error. */
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

dnnl_status_t fc_onednn_conv_make(fc_onednn_conv *p, dnnl_engine_t engine)
{
    dnnl_status_t s;

    pthread_mutex_lock(&making);
    s = make_pd(&p->pd, &p->shape, engine);
    if (!s)
        s = dnnl_primitive_create(&p->conv, p->pd);
    if (!s)
        s = make_pack(p, engine);
    pthread_mutex_unlock(&making);
    return s;
}

void fc_onednn_conv_clear(fc_onednn_conv *p)
{
    if (p->conv)
        dnnl_primitive_destroy(p->conv);
    if (p->pack)
        dnnl_primitive_destroy(p->pack);
    if (p->pd)
        dnnl_primitive_desc_destroy(p->pd);
}

static const dnnl_memory_desc_t *packed_desc(const fc_onednn_conv *p)
{
    return dnnl_primitive_desc_query_md(p->pd, dnnl_query_weights_md, 0);
}

size_t fc_onednn_conv_weights(const fc_onednn_conv *p)
{
    return dnnl_memory_desc_get_size(packed_desc(p));
}

dnnl_status_t fc_onednn_conv_pack(dnnl_memory_t *out, const fc_onednn_conv *p, dnnl_engine_t engine,
                                  const float *weights, void *to)
{
    dnnl_memory_t plain = NULL;
    dnnl_stream_t stream = NULL;
    dnnl_status_t s;

    if ((s = dnnl_memory_create(out, packed_desc(p), engine, to)) ||
        (s = dnnl_memory_create(&plain, &p->plain, engine, (void *)weights)) ||
        (s = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags)))
        goto out;
    dnnl_exec_arg_t arg[] = {{DNNL_ARG_FROM, plain}, {DNNL_ARG_TO, *out}};
    if (!(s = dnnl_primitive_execute(p->pack, stream, 2, arg)))
        s = dnnl_stream_wait(stream);
out:
    if (stream)
        dnnl_stream_destroy(stream);
    if (plain)
        dnnl_memory_destroy(plain);
    return s;
}
