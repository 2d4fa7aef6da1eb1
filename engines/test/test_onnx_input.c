// SPDX-License-Identifier: GPL-3.0-or-later
/* What is made of a model's metadata; needs neither a model nor ONNX Runtime. */
#include "base/test/support.h"

#include "base/memory.h"
#include "engines/onnx_input_private.h"
#include "engines/ort_private.h"

#include <stdlib.h>
#include <string.h>

/* Takes "f:x[batch,seq,64] i:len[?]" apart: f float, d double, i int32, l int64, b bool, s string.
 */
static void read_inputs(const char *text, struct onnx_inputs *inputs)
{
    static const char letters[] = "fdilbs";
    static const int types[] = {ORT_FLOAT, ORT_DOUBLE, ORT_INT32, ORT_INT64, ORT_BOOL, 8};
    char *copy = text_copy(text), *rest = copy, *word;
    *inputs = (struct onnx_inputs){0};
    while ((word = strsep(&rest, " ")) != NULL) {
        struct onnx_input *input = &inputs->inputs[inputs->n++];
        char *dims = strchr(word, '['), *dim;
        input->type = types[strchr(letters, word[0]) - letters];
        *dims++ = '\0';
        dims[strlen(dims) - 1] = '\0';
        input->name = text_copy(word + 2);
        while (dims && *dims) {
            dim = strsep(&dims, ",");
            bool open = dim[0] < '0' || dim[0] > '9';
            input->dims[input->rank] = open ? -1 : atoll(dim);
            input->symbols[input->rank++] = text_copy(open && *dim != '?' ? dim : "");
        }
    }
    free(copy);
}

static enum status settle(const char *text, const char *keys, struct onnx_inputs *inputs,
                          struct error *error)
{
    struct engine_config config;
    assert_int_equal(engine_config_defaults(&config, NULL), STATUS_OK);
    char *spec = text_format("onnx%s%s", *keys ? ":" : "", keys);
    if (engine_config_parse(&config, spec, error))
        fail_msg("%s", error->text);
    read_inputs(text, inputs);
    enum status status = onnx_inputs_settle(inputs, &config, error);
    engine_config_free(&config);
    free(spec);
    return status;
}

/* What was settled, with every size at n = 7: "1 of x[1,7,64], 64 a step; len[1]=n". */
static char *show(const struct onnx_inputs *inputs)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fprintf(out, "%zu of ", inputs->axis);
    for (size_t i = 0; i < inputs->n; i++) {
        const struct onnx_input *input = &inputs->inputs[i];
        fprintf(out, "%s[", input->name);
        for (size_t k = 0; k < input->rank; k++)
            fprintf(out, "%s%lld", k ? "," : "",
                    (long long)(input->dims[k] < 0 ? 7 : input->dims[k]));
        fprintf(out, "]");
        if (i == inputs->sequence)
            fprintf(out, " %u %s", inputs->step, inputs->tokens ? "tokens" : "floats");
        else if (input->fill_length)
            fprintf(out, "=n");
        else
            fprintf(out, "=%g", input->fill);
        fprintf(out, "%s", i + 1 < inputs->n ? "; " : "");
    }
    if (inputs->fixed_length)
        fprintf(out, "; only %u", inputs->fixed_length);
    fclose(out);
    return text;
}

static void test_settles(void **state)
{
    static const struct {
        const char *inputs, *keys, *settled;
    } rows[] = {
        /* names tell */
        {"f:x[batch,seq,64]", "", "1 of x[1,7,64] 64 floats"},
        {"f:x[seq,batch,64]", "", "0 of x[7,1,64] 64 floats"},
        {"l:ids[batch_size,sequence_length]", "", "1 of ids[1,7] 1 tokens"},
        {"l:ids[N,L]", "", "1 of ids[1,7] 1 tokens"},
        {"i:ids[T,N]", "", "0 of ids[7,1] 1 tokens"},
        {"f:frames[b,n_frames,40]", "", "1 of frames[1,7,40] 40 floats"},
        /* what is open tells */
        {"f:x[1,?,64]", "", "1 of x[1,7,64] 64 floats"},
        {"f:x[?,1,64]", "", "0 of x[7,1,64] 64 floats"},
        {"l:ids[?]", "", "0 of ids[7] 1 tokens"},
        {"l:ids[1,foo]", "", "1 of ids[1,7] 1 tokens"},
        {"f:x[batch,foo,16]", "", "1 of x[1,7,16] 16 floats"},
        {"f:x[?,16]", "", "0 of x[7,16] 16 floats"},
        {"f:x[?]", "", "0 of x[7] 1 floats"},
        {"d:x[1,?,2,3]", "", "1 of x[1,7,2,3] 6 floats"},
        /* a network of one length */
        {"f:x[1,100,64]", "", "1 of x[1,7,64] 64 floats; only 100"},
        {"l:x[batch,50]", "", "1 of x[1,7] 1 tokens; only 50"},
        {"f:x[100,1,64]", "", "0 of x[7,1,64] 64 floats; only 100"},
        /* the user tells */
        {"l:ids[?,?]", "axis=1", "1 of ids[1,7] 1 tokens"},
        {"l:ids[?,?]", "axis=0", "0 of ids[7,1] 1 tokens"},
        {"f:x[?,?,64]", "axis=0", "0 of x[7,1,64] 64 floats"},
        {"f:x[batch,seq,features]", "input=24", "1 of x[1,7,24] 24 floats"},
        {"f:x[batch,seq,features]", "dims=features:9,input=9", "1 of x[1,7,9] 9 floats"},
        {"f:x[batch,40,time]", "axis=2", "2 of x[1,40,7] 40 floats"},
        /* further inputs */
        {"f:x[batch,seq,8] l:lengths[batch]", "", "1 of x[1,7,8] 8 floats; lengths[1]=n"},
        {"i:seq_len[1] f:h0[2,batch,16] l:tokens[batch,seq]", "",
         "1 of seq_len[1]=n; h0[2,1,16]=0; tokens[1,7] 1 tokens"},
        {"l:input_ids[batch,seq] l:attention_mask[batch,seq] l:token_type_ids[batch,seq]", "",
         "1 of input_ids[1,7] 1 tokens; attention_mask[1,7]=1; token_type_ids[1,7]=0"},
        {"l:src[batch,src_len] l:tgt[batch,tgt_len]", "", "1 of src[1,7] 1 tokens; tgt[1,7]=0"},
        {"l:src[batch,src_len] l:tgt[batch,tgt_len]", "dims=tgt_len:3,fill=tgt:2",
         "1 of src[1,7] 1 tokens; tgt[1,3]=2"},
        {"l:src[batch,src_len] l:tgt[batch,tgt_len]", "feed=tgt",
         "1 of src[1,7]=0; tgt[1,7] 1 tokens"},
        {"f:x[?,4] b:keep[?]", "dims=keep.0:n", "0 of x[7,4] 4 floats; keep[7]=1"},
        {"f:x[?,4] f:scale[] i:count[]", "fill=scale:0.5 count:n",
         "0 of x[7,4] 4 floats; scale[]=0.5; count[]=n"},
        {"f:a:0[?,4] f:b:0[?]", "fill=b:0:3", "0 of a:0[7,4] 4 floats; b:0[1]=3"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct onnx_inputs inputs;
        struct error error = {0};
        if (settle(rows[i].inputs, rows[i].keys, &inputs, &error))
            fail_msg("%s with '%s': %s", rows[i].inputs, rows[i].keys, error.text);
        char *text = show(&inputs);
        if (strcmp(text, rows[i].settled) != 0)
            fail_msg("%s with '%s': %s, not %s", rows[i].inputs, rows[i].keys, text,
                     rows[i].settled);
        free(text);
        onnx_inputs_free(&inputs);
    }
}

static void test_refuses(void **state)
{
    static const struct {
        const char *inputs, *keys, *message;
    } rows[] = {
        {"l:ids[?,?]", "", "which axis of the input ids[?,?] is time? Say axis = 0 to 1"},
        {"f:x[?,?,64]", "", "which axis of the input x[?,?,64] is time?"},
        {"f:x[1,1,64]", "", "which axis of the input x[1,1,64] is time?"},
        {"f:x[?,64]", "axis=2", "Say axis = 0 to 1"},
        {"f:x[batch,seq,features]", "",
         "how many features has a step of the input "
         "x[batch,seq,features]? Say input = N"},
        {"f:x[batch,seq,8]", "input=9",
         "input = 9, but a step of the model's input "
         "x[batch,seq,8] has 8"},
        {"f:x[batch,seq,8]", "vocabulary=9",
         "vocabulary = 9, but the model's input "
         "x[batch,seq,8] takes no tokens"},
        {"l:x[batch,seq,3]", "", "has 3 values per step along axis 1; there may be 1"},
        {"f:x[batch,seq,9000]", "", "has 9000 values per step"},
        {"f:x[batch,seq,8]", "feed=y",
         "feed = y: which of the model's inputs takes the sequence "
         "of floats or tokens? It has: x[batch,seq,8]"},
        {"b:x[seq] f:y[]", "", "feed = NAME is missing: which of the model's inputs"},
        {"f:x[batch,seq,8]", "dims=sek:3", "dims = sek: the model has no such open dimension"},
        {"f:x[batch,seq,8]", "fill=y:3", "fill = y: the model has no such input"},
        {"f:x[batch,seq,8] f:y[]", "fill=y", "fill: 'y' is not NAME:VALUE"},
        {"f:x[batch,seq,8] f:y[]", "fill=y:much", "fill: 'much' is not a number"},
        {"f:x[batch,seq,8] f:y[k]", "dims=k:0", "dims = k:0 is no size"},
        {"f:x[batch,seq,8] f:y[k]", "dims=k:1.5", "dims = k:1.5 is no size"},
        {"f:x[batch,seq,8] s:y[1]", "", "the input y[1] is of ONNX type 8; those that can be"},
        {"f:x[batch,0,8]", "axis=1", "x[batch,0,8] has no length"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct onnx_inputs inputs;
        struct error error = {0};
        enum status status = settle(rows[i].inputs, rows[i].keys, &inputs, &error);
        if (status != STATUS_INVALID || !strstr(error.text, rows[i].message))
            fail_msg("%s with '%s': status %d, '%s'", rows[i].inputs, rows[i].keys, status,
                     error.text);
        onnx_inputs_free(&inputs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settles),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests_name("onnx input", tests, NULL, NULL);
}
