// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/report.h"

#include "base/texttable.h"
#include "base/units.h"
#include "testbed/relay_private.h"

#include <math.h>

static const char *const direction_names[N_LINK_DIRECTIONS] = {"up", "down"};

static void time_cell(struct text_table *table, int64_t ns)
{
    char text[UNITS_TEXT_SIZE];
    text_table_cell(table, "%s", ns ? format_time((double)ns * 1e-9, text) : "0");
}

static void quantile_cells(struct text_table *table, const struct tally *tally)
{
    time_cell(table, tally_quantile_ns(tally, 0.5));
    time_cell(table, tally_quantile_ns(tally, 0.95));
}

void report_text(const struct relay *relay, FILE *out)
{
    const struct relay_statistics *s = &relay->statistics;
    fprintf(out, "%llu connections, at most %llu at once; %llu refused, %llu without a server\n",
            (unsigned long long)s->n_connections, (unsigned long long)s->most_open,
            (unsigned long long)s->n_refused, (unsigned long long)s->n_unreachable);
    if (s->n_handshakes) {
        char text[UNITS_TEXT_SIZE];
        double mean = (double)s->handshakes_ns / (double)s->n_handshakes;
        fprintf(out, "%llu handshakes charged to first bytes, %s each\n",
                (unsigned long long)s->n_handshakes, format_time(mean * 1e-9, text));
    }
    struct text_table *table = text_table_new("<|bytes|pieces|asked p50|p95|imposed p50|p95|"
                                              "late p50|p95|max");
    for (int d = 0; d < N_LINK_DIRECTIONS; d++) {
        const struct relay_flow_statistics *flow = &s->flows[d];
        text_table_cell(table, "%s", direction_names[d]);
        text_table_cell(table, "%llu", (unsigned long long)flow->n_bytes);
        text_table_cell(table, "%llu", (unsigned long long)flow->late.n);
        quantile_cells(table, &flow->asked);
        quantile_cells(table, &flow->imposed);
        quantile_cells(table, &flow->late);
        time_cell(table, flow->late.max_ns);
    }
    if (table)
        text_table_print(table, out, 0);
    text_table_free(table);
}

static void rate_member(FILE *out, const char *name, double rate)
{
    if (isinf(rate))
        fprintf(out, ",\"%s_bit_s\":null", name);
    else
        fprintf(out, ",\"%s_bit_s\":%.17g", name, rate);
}

static void delay_member(FILE *out, const char *name, const struct tally *tally)
{
    fprintf(out, ",\"%s_s\":{\"p50\":%.9g,\"p95\":%.9g,\"max\":%.9g}", name,
            (double)tally_quantile_ns(tally, 0.5) * 1e-9,
            (double)tally_quantile_ns(tally, 0.95) * 1e-9, (double)tally->max_ns * 1e-9);
}

void report_json(const struct relay *relay, FILE *out)
{
    const struct relay_statistics *s = &relay->statistics;
    const struct link_state *asked = &relay->options.link;
    fprintf(out, "{\"schema\":\"rnnmap.link/1\",\"listen\":\"%s\",\"to\":\"%s\",", relay->address,
            relay->server_text);
    fprintf(out, "\"link\":{\"rtt_s\":%.9g", (double)asked->round_trip_ns * 1e-9);
    for (int d = 0; d < N_LINK_DIRECTIONS; d++)
        rate_member(out, direction_names[d], asked->rate_bit_s[d]);
    fprintf(out, "},\"connections\":%llu,\"connections_at_once\":%llu,\"refused\":%llu,",
            (unsigned long long)s->n_connections, (unsigned long long)s->most_open,
            (unsigned long long)s->n_refused);
    fprintf(out, "\"unreachable\":%llu,\"handshakes\":%llu,\"handshakes_s\":%.9g",
            (unsigned long long)s->n_unreachable, (unsigned long long)s->n_handshakes,
            (double)s->handshakes_ns * 1e-9);
    for (int d = 0; d < N_LINK_DIRECTIONS; d++) {
        const struct relay_flow_statistics *flow = &s->flows[d];
        fprintf(out, ",\"%s\":{\"bytes\":%llu,\"pieces\":%llu", direction_names[d],
                (unsigned long long)flow->n_bytes, (unsigned long long)flow->late.n);
        delay_member(out, "asked", &flow->asked);
        delay_member(out, "imposed", &flow->imposed);
        delay_member(out, "late", &flow->late);
        fputc('}', out);
    }
    fprintf(out, "}\n");
}
