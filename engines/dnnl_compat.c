// SPDX-License-Identifier: GPL-3.0-or-later
#include "engines/dnnl_compat_private.h"

#include "engines/weights_private.h"

#include <dnnl_debug.h>

#if DNNL_VERSION_MAJOR >= 3

typedef dnnl_memory_desc_t held_layout;

static dnnl_status_t layout_init(held_layout *layout, int n_dims, const dnnl_dims_t dims,
                                 dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_create_with_tag(layout, n_dims, dims, dnnl_f32, tag);
}

static compat_layout layout_of(const held_layout *layout)
{
    return *layout;
}

static void layout_free(held_layout *layout)
{
    if (*layout)
        dnnl_memory_desc_destroy(*layout);
}

#else

typedef dnnl_memory_desc_t held_layout;

static dnnl_status_t layout_init(held_layout *layout, int n_dims, const dnnl_dims_t dims,
                                 dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_init_by_tag(layout, n_dims, dims, dnnl_f32, tag);
}

static compat_layout layout_of(const held_layout *layout)
{
    return layout;
}

static void layout_free(held_layout *layout)
{
    (void)layout;
}

#endif

/* The arrays of one layer. */
enum part { PART_SOURCE, PART_TARGET, PART_INPUT, PART_RECURRENT, PART_BIAS, N_PARTS };

static dnnl_status_t describe_parts(const struct compat_layer *layer, bool any_weights,
                                    held_layout parts[N_PARTS])
{
    int64_t directions = layer->bidirectional ? 2 : 1;
    int64_t gates = weights_n_gates(layer->cell), hidden = layer->hidden;
    dnnl_format_tag_t weights = any_weights ? dnnl_format_tag_any : dnnl_ldigo;
    const struct {
        int n_dims;
        dnnl_dims_t dims;
        dnnl_format_tag_t tag;
    } shapes[N_PARTS] = {
        [PART_SOURCE] = {3, {layer->steps, 1, layer->input}, dnnl_tnc},
        [PART_TARGET] = {3, {layer->steps, 1, directions * hidden}, dnnl_tnc},
        [PART_INPUT] = {5, {1, directions, layer->input, gates, hidden}, weights},
        [PART_RECURRENT] = {5, {1, directions, hidden, gates, hidden}, weights},
        [PART_BIAS] = {4, {1, directions, gates, hidden}, dnnl_ldgo},
    };
    for (int i = 0; i < N_PARTS; i++) {
        dnnl_status_t status =
            layout_init(&parts[i], shapes[i].n_dims, shapes[i].dims, shapes[i].tag);
        if (status)
            return status;
    }
    return dnnl_success;
}

/* Initial states are left out, which stands for zeros; final ones are read off the target. */
static dnnl_status_t describe_cell(dnnl_engine_t engine, const struct compat_layer *layer,
                                   const held_layout parts[N_PARTS],
                                   const_dnnl_primitive_attr_t attributes,
                                   dnnl_primitive_desc_t *description)
{
    dnnl_rnn_direction_t direction =
        layer->bidirectional ? dnnl_bidirectional_concat : dnnl_unidirectional_left2right;
    compat_layout source = layout_of(&parts[PART_SOURCE]), target = layout_of(&parts[PART_TARGET]);
    compat_layout input = layout_of(&parts[PART_INPUT]);
    compat_layout recurrent = layout_of(&parts[PART_RECURRENT]);
    compat_layout bias = layout_of(&parts[PART_BIAS]);
#if DNNL_VERSION_MAJOR >= 3
    if (layer->cell == ENGINE_LSTM)
        return dnnl_lstm_forward_primitive_desc_create(
            description, engine, dnnl_forward_inference, direction, source, NULL, NULL, input,
            recurrent, NULL, NULL, bias, target, NULL, NULL, 0, attributes);
    return dnnl_gru_forward_primitive_desc_create(description, engine, dnnl_forward_inference,
                                                  direction, source, NULL, input, recurrent, bias,
                                                  target, NULL, 0, attributes);
#else
    dnnl_rnn_desc_t operation;
    dnnl_status_t status =
        layer->cell == ENGINE_LSTM
            ? dnnl_lstm_forward_desc_init(&operation, dnnl_forward_inference, direction, source,
                                          NULL, NULL, input, recurrent, bias, target, NULL, NULL, 0)
            : dnnl_gru_forward_desc_init(&operation, dnnl_forward_inference, direction, source,
                                         NULL, input, recurrent, bias, target, NULL, 0);
    if (status)
        return status;
    return dnnl_primitive_desc_create(description, &operation, attributes, engine, NULL);
#endif
}

dnnl_status_t compat_describe(dnnl_engine_t engine, const struct compat_layer *layer,
                              bool any_weights, dnnl_primitive_desc_t *description)
{
    held_layout parts[N_PARTS] = {0};
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_status_t status = describe_parts(layer, any_weights, parts);
    if (!status)
        status = dnnl_primitive_attr_create(&attributes);
    if (!status)
        status = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    if (!status)
        status = describe_cell(engine, layer, parts, attributes, description);
    if (attributes)
        dnnl_primitive_attr_destroy(attributes);
    for (int i = 0; i < N_PARTS; i++)
        layout_free(&parts[i]);
    return status;
}

dnnl_status_t compat_weights(dnnl_engine_t engine, const struct compat_layer *layer,
                             float *const values[3], struct compat_weights *memories)
{
    held_layout parts[N_PARTS] = {0};
    dnnl_memory_t *const to[] = {&memories->input, &memories->recurrent, &memories->bias};
    dnnl_status_t status = describe_parts(layer, false, parts);
    for (int i = 0; i < 3 && !status; i++)
        status = dnnl_memory_create(to[i], layout_of(&parts[PART_INPUT + i]), engine, values[i]);
    for (int i = 0; i < N_PARTS; i++)
        layout_free(&parts[i]);
    return status;
}

enum status compat_status(dnnl_status_t status, const char *what, struct error *error)
{
    if (status == dnnl_success)
        return STATUS_OK;
    if (status == dnnl_out_of_memory)
        return error_set(error, STATUS_NO_MEMORY, "oneDNN: %s: out of memory", what);
    return error_set(error, STATUS_EXTERNAL, "oneDNN: %s: %s", what, dnnl_status2str(status));
}
