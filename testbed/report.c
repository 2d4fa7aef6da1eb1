// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/report.h"

#include "base/name.h"
#include "base/texttable.h"
#include "base/units.h"
#include "testbed/relay_private.h"

#include <math.h>
#include <string.h>

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

static double outage_share(const struct played *played)
{
    return played->duration_ns > 0 ? (double)played->outage_ns / (double)played->duration_ns : 0;
}

static const double shares[] = {0.05, 0.5, 0.95};
enum { N_SHARES = sizeof shares / sizeof shares[0] };

/* What the link was like, where that changed. */
static void print_played(const struct relay *relay, FILE *out)
{
    const struct played *played = &relay->played;
    char text[UNITS_TEXT_SIZE];
    double duration_s = (double)played->duration_ns * 1e-9;
    if (played->n_changes == 0)
        return;
    fprintf(out, "%s played for %s: %llu changes, %llu requests, %.3g %% of the time in outage\n",
            link_source_name(relay->options.play.source),
            duration_s < 60 ? format_time(duration_s, text) : format_duration(duration_s, text),
            (unsigned long long)played->n_changes, (unsigned long long)relay->statistics.n_requests,
            100 * outage_share(played));
    struct text_table *table = text_table_new("<played, by time|p5|p50|p95");
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        text_table_cell(table, "%s", link_column_name((enum link_column)c));
        for (int i = 0; i < N_SHARES; i++) {
            double value = played_quantile(played, (enum link_column)c, shares[i]);
            text_table_cell(table, "%s",
                            c == COLUMN_RTT ? format_time(value, text) : format_rate(value, text));
        }
    }
    if (table)
        text_table_print(table, out, 0);
    text_table_free(table);
}

static void print_waits(const struct relay_statistics *s, FILE *out)
{
    char text[UNITS_TEXT_SIZE];
    if (s->n_window_waits == 0)
        return;
    double mean = (double)s->window_waits_ns / (double)s->n_window_waits;
    fprintf(out, "%llu waits for acknowledgements (slow start), %s each\n",
            (unsigned long long)s->n_window_waits, format_time(mean * 1e-9, text));
}

void report_text(const struct relay *relay, FILE *out)
{
    const struct relay_statistics *s = &relay->statistics;
    print_played(relay, out);
    fprintf(out, "%llu connections, at most %llu at once; %llu refused, %llu without a server\n",
            (unsigned long long)s->n_connections, (unsigned long long)s->most_open,
            (unsigned long long)s->n_refused, (unsigned long long)s->n_unreachable);
    if (s->n_handshakes) {
        char text[UNITS_TEXT_SIZE];
        double mean = (double)s->handshakes_ns / (double)s->n_handshakes;
        fprintf(out, "%llu handshakes charged to first bytes, %s each\n",
                (unsigned long long)s->n_handshakes, format_time(mean * 1e-9, text));
    }
    print_waits(s, out);
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

/* A name from a file or a path; null where it is no text. */
static void print_name(FILE *out, const char *name)
{
    if (!name_is_utf8(name)) {
        fputs("null", out);
        return;
    }
    fputc('"', out);
    for (; *name; name++) {
        if ((unsigned char)*name < ' ')
            fprintf(out, "\\u%04x", (unsigned)*name);
        else
            fprintf(out, strchr("\"\\", *name) ? "\\%c" : "%c", *name);
    }
    fputc('"', out);
}

static void value_member(FILE *out, const char *name, double value)
{
    if (isinf(value))
        fprintf(out, "\"%s\":null", name);
    else
        fprintf(out, "\"%s\":%.9g", name, value);
}

static void played_member(FILE *out, const struct relay *relay)
{
    static const char *const columns[] = {"rtt_s", "up_bit_s", "down_bit_s"};
    static const char *const names[N_SHARES] = {"p5", "p50", "p95"};
    const struct played *played = &relay->played;
    fprintf(out, ",\"played\":{\"duration_s\":%.9g,\"changes\":%llu,\"requests\":%llu,",
            (double)played->duration_ns * 1e-9, (unsigned long long)played->n_changes,
            (unsigned long long)relay->statistics.n_requests);
    fprintf(out, "\"outage_share\":%.9g", outage_share(played));
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        fprintf(out, ",\"%s\":{", columns[c]);
        for (int i = 0; i < N_SHARES; i++) {
            fputs(i ? "," : "", out);
            value_member(out, names[i], played_quantile(played, (enum link_column)c, shares[i]));
        }
        fputc('}', out);
    }
    fputc('}', out);
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
    const struct link_state *last = &relay->link.now;
    fprintf(out, "{\"schema\":\"rnnmap.link/1\",\"listen\":\"%s\",\"to\":\"%s\",", relay->address,
            relay->server_text);
    fputs("\"source\":", out);
    print_name(out, link_source_name(relay->options.play.source));
    fprintf(out, ",\"link\":{\"rtt_s\":%.9g", (double)last->round_trip_ns * 1e-9);
    for (int d = 0; d < N_LINK_DIRECTIONS; d++)
        rate_member(out, direction_names[d], last->rate_bit_s[d]);
    fprintf(out, "},\"connections\":%llu,\"connections_at_once\":%llu,\"refused\":%llu,",
            (unsigned long long)s->n_connections, (unsigned long long)s->most_open,
            (unsigned long long)s->n_refused);
    fprintf(out, "\"unreachable\":%llu,\"handshakes\":%llu,\"handshakes_s\":%.9g",
            (unsigned long long)s->n_unreachable, (unsigned long long)s->n_handshakes,
            (double)s->handshakes_ns * 1e-9);
    fprintf(out, ",\"window_waits\":%llu,\"window_waits_s\":%.9g",
            (unsigned long long)s->n_window_waits, (double)s->window_waits_ns * 1e-9);
    played_member(out, relay);
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
