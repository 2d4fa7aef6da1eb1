// SPDX-License-Identifier: 0BSD
/*
 * A product on Linux: each input runs here or at an endpoint of the Open Inference Protocol, as the
 * header says of the link as it is now. What is known of the link comes from the product's own
 * requests; nothing else is sent.
 *
 *     $ gcc -std=c11 -O2 -D_POSIX_C_SOURCE=200809L product_curl.c -lcurl -o product_curl
 *     ./product_curl http://server:8000/v2/models/NAME/infer LENGTH...
 */
#include "imdb.h"
#include "rnnmap_link.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The network that runs here. This one is a small recurrent network of no meaning: put yours. */
static float infer_here(const int *tokens, uint32_t n)
{
    enum { HIDDEN = 32 };
    float h[HIDDEN] = {0};
    for (uint32_t t = 0; t < n; t++) {
        float next[HIDDEN];
        for (int i = 0; i < HIDDEN; i++) {
            float sum = 0.01f * (float)(tokens[t] % (i + 2));
            for (int j = 0; j < HIDDEN; j++)
                sum += h[j] * (float)((i * 7 + j * 13) % 9 - 4) * 0.02f;
            next[i] = sum < -1 ? -1 : sum > 1 ? 1 : sum;
        }
        memcpy(h, next, sizeof h);
    }
    return h[0];
}

static size_t keep_first(char *data, size_t size, size_t n, void *answer)
{
    size_t used = strlen(answer), room = 255 - used, take = size * n < room ? size * n : room;
    memcpy((char *)answer + used, data, take);
    ((char *)answer)[used + take] = '\0';
    return size * n;
}

/* Sends one input; `answer` gets the first 255 bytes of what came. 0 when it is a result. */
static int infer_there(CURL *curl, const int *tokens, uint32_t n, char answer[256])
{
    size_t size = 128 + (size_t)n * 12, used;
    char *body = malloc(size);
    long code = 0;
    if (!body)
        return -1;
    used = (size_t)snprintf(body, size,
                            "{\"inputs\":[{\"name\":\"input\",\"shape\":[1,%lu],"
                            "\"datatype\":\"INT64\",\"data\":[",
                            (unsigned long)n);
    for (uint32_t i = 0; i < n; i++)
        used += (size_t)snprintf(body + used, size - used, "%s%d", i ? "," : "", tokens[i]);
    snprintf(body + used, size - used, "]}]}");
    answer[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    CURLcode result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    free(body);
    return result == CURLE_OK && code == 200 ? 0 : -1;
}

static void serve(CURL *curl, struct rnnmap_link *link, const int *tokens, uint32_t n)
{
    char answer[256];
    float state = 0;
    uint32_t rtt_us = rnnmap_link_rtt_us(link, (uint32_t)(now_us() / 1000));
    int where = imdb_choose_rtt(n, rtt_us);
    int64_t start_us = now_us();
    int failed = where == IMDB_CLOUD && infer_there(curl, tokens, n, answer);
    uint32_t elapsed_us = (uint32_t)(now_us() - start_us), now_ms = (uint32_t)(now_us() / 1000);
    if (failed)
        rnnmap_link_fail(link, now_ms, elapsed_us);
    else if (where == IMDB_CLOUD)
        rnnmap_link_observe(link, now_ms, elapsed_us, imdb_remote_us(n));
    if (failed || where == IMDB_EDGE) { /* an endpoint that fails costs time, never the answer */
        start_us = now_us();
        state = infer_here(tokens, n);
        elapsed_us = (uint32_t)(now_us() - start_us);
        rnnmap_link_keep(link, elapsed_us);
    }
    printf("n %5lu, round trip believed %10lu us: %s %8lu us, ", (unsigned long)n,
           (unsigned long)rtt_us,
           failed                ? "FAILED, edge"
           : where == IMDB_CLOUD ? "cloud"
                                 : "edge",
           (unsigned long)elapsed_us);
    if (failed || where == IMDB_EDGE)
        printf("state %g\n", state);
    else
        printf("answer %.40s..\n", answer);
}

int main(int argc, char **argv)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *head = curl_slist_append(NULL, "Content-Type: application/json");
    struct rnnmap_link link;
    if (argc < 3 || !curl || !head) {
        fprintf(stderr, "usage: product_curl URL LENGTH...\n");
        return 2;
    }
    curl_easy_setopt(curl, CURLOPT_URL, argv[1]);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, head);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_first);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 2000L);
    curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    rnnmap_link_init(&link, 0, (uint32_t)(now_us() / 1000));
    for (int i = 2; i < argc; i++) {
        uint32_t n = (uint32_t)strtoul(argv[i], NULL, 10);
        int *tokens = calloc(n ? n : 1, sizeof *tokens);
        for (uint32_t t = 0; tokens && t < n; t++)
            tokens[t] = (int)(t * 7 % 50);
        if (tokens)
            serve(curl, &link, tokens, n);
        free(tokens);
    }
    curl_slist_free_all(head);
    curl_easy_cleanup(curl);
    return 0;
}
