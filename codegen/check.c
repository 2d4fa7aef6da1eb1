// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A header is checked by making it again from what its head comment says, and a blob from the same
 * lines inside it. What differs tells whether the tool, the samples or the file has changed.
 */
#include "base/memory.h"
#include "base/units.h"
#include "codegen/job_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_SIZE_MAX = 1 << 20 };

/* What a head comment says about its making; owned. */
struct origin {
    char *version, *digest, *name, *objective, *statistic, *link, *regret, *campaign;
    char *baseline, *lengths_digest; /* NULL: none */
};

static void origin_free(struct origin *origin)
{
    free(origin->version);
    free(origin->digest);
    free(origin->name);
    free(origin->objective);
    free(origin->statistic);
    free(origin->baseline);
    free(origin->lengths_digest);
    free(origin->link);
    free(origin->regret);
    free(origin->campaign);
}

/* What is checked: a header is its own text, a blob holds the lines that tell of its making. */
struct subject {
    char *bytes; /* the file, terminated; owned */
    size_t size; /* of what was made, without what may stand behind a blob */
    bool blob;
    char *origin; /* of a blob; owned */
};

static enum status read_file(const char *path, char **text, size_t *n, struct error *error)
{
    size_t size = 0;
    FILE *file = fopen(path, "r");
    if (!file)
        return error_set_errno(error, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, errno,
                               "%s: cannot be read", path);
    *text = calloc(1, HEADER_SIZE_MAX + 1);
    if (*text)
        size = fread(*text, 1, HEADER_SIZE_MAX + 1, file);
    bool failed = ferror(file) != 0;
    int why = errno;
    fclose(file);
    if (!*text)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %s", path);
    if (failed)
        return error_set_errno(error, STATUS_IO, why, "%s: cannot be read", path);
    if (size > HEADER_SIZE_MAX)
        return error_set(error, STATUS_INVALID, "%s: too long for a header made by rnngen", path);
    *n = size;
    return STATUS_OK;
}

static enum status subject_read(const char *path, struct subject *subject, struct error *error)
{
    enum status status = read_file(path, &subject->bytes, &subject->size, error);
    if (status)
        return status;
    subject->blob = blob_is(subject->bytes, subject->size);
    if (!subject->blob && strlen(subject->bytes) == subject->size)
        return STATUS_OK;
    if (!subject->blob)
        return error_set(error, STATUS_FAILED, "%s: edited: it holds a byte of 0", path);
    return blob_origin(path, (const uint8_t *)subject->bytes, subject->size, &subject->origin,
                       &subject->size, error);
}

/* The text between the first `before` in `text` and the next character of `ends`; NULL: not there.
 */
static char *word_after(const char *text, const char *before, const char *ends)
{
    const char *at = text ? strstr(text, before) : NULL;
    if (!at)
        return NULL;
    at += strlen(before);
    return strndup(at, strcspn(at, ends));
}

/* A text that begins as a header does and ends before its head comment. */
static bool is_cut_short(const char *text)
{
    size_t length = strlen(text), n = sizeof HEADER_START - 1;
    return strncmp(text, HEADER_START, length < n ? length : n) == 0 && !strstr(text, "\n */");
}

static enum status read_origin(const char *path, const char *text, struct origin *origin,
                               struct error *error)
{
    if (is_cut_short(text))
        return error_set(error, STATUS_FAILED,
                         "%s: truncated in its head comment: generate it again with rnngen", path);
    const char *command = strstr(text, "\n" HEADER_COMMAND);
    char *line = word_after(text, "\n" HEADER_COMMAND, "\r\n");
    origin->version = word_after(text, "\n" HEADER_MARK, ";\r\n");
    origin->digest = word_after(text, "\n" HEADER_DIGEST, "\r\n");
    origin->name = word_after(line, "--name ", " ");
    origin->objective = word_after(line, " --objective ", " ");
    origin->statistic = word_after(line, " --statistic ", " ");
    origin->baseline = word_after(line, " --baseline ", " ");
    origin->lengths_digest = word_after(text, "\n" HEADER_LENGTHS, "\r\n");
    origin->link = word_after(line, " --link ", " ");
    origin->regret = word_after(line, " --max-regret ", " ");
    origin->campaign = word_after(line, " --campaign ", "");
    free(line);
    if (!command || !origin->version || !origin->digest || !origin->name || !origin->objective ||
        !origin->statistic || !origin->link || !origin->regret || !origin->campaign)
        return error_set(error, STATUS_FAILED,
                         "%s: not a header made by rnngen, or its head comment was edited", path);
    char *name = origin->campaign;
    size_t length = strlen(name);
    if (length >= 2 && name[0] == '\'' && name[length - 1] == '\'') {
        memmove(name, name + 1, length - 2);
        name[length - 2] = '\0';
    }
    return STATUS_OK;
}

/* The campaign whose name reads like that in a comment. NULL in *name: none, or several. */
static enum status find_campaign(const char *db, const char *shown, char **name,
                                 struct error *error)
{
    struct store *store = NULL;
    struct campaign *campaigns = NULL;
    size_t n = 0, n_found = 0;
    enum status status = store_open(db, STORE_READ, &store, error);
    if (!status)
        status = store_campaigns(store, &campaigns, &n, error);
    for (size_t i = 0; !status && i < n; i++) {
        char *clean = header_comment_text(campaigns[i].name);
        if (clean && strcmp(clean, shown) == 0 && n_found++ == 0)
            *name = text_copy(campaigns[i].name);
        free(clean);
    }
    for (size_t i = 0; i < n; i++)
        campaign_free(&campaigns[i]);
    free(campaigns);
    if (store)
        store_close(store);
    if (!status && n_found != 1)
        status = error_set(error, STATUS_NOT_FOUND,
                           "%s: %s campaign '%s', which the header was made from: say --campaign",
                           db, n_found ? "more than one" : "no", shown);
    return status;
}

/* That --lengths is what the header was made with. */
static enum status check_lengths(const char *path, const struct origin *origin,
                                 const struct job *job, struct error *error)
{
    const char *wanted = origin->lengths_digest;
    if (wanted && job->lengths.n == 0)
        return error_set(error, STATUS_FAILED,
                         "%s: made with --lengths: give the same file (SHA-256 of its lengths and "
                         "counts %.16s...)",
                         path, wanted);
    if (!wanted && job->lengths.n > 0)
        return error_set(error, STATUS_FAILED, "%s: made without --lengths: leave it out", path);
    if (wanted && strcmp(wanted, job->lengths_digest) != 0)
        return error_set(error, STATUS_FAILED,
                         "%s: made with other lengths (SHA-256 %.16s..., those given %.16s...): "
                         "generate it again, or give that file",
                         path, wanted, job->lengths_digest);
    return STATUS_OK;
}

static enum status make_again(struct job *job, const struct rnngen_settings *settings,
                              const struct origin *origin, struct subject *made,
                              struct error *error)
{
    struct rnngen_settings again = *settings;
    again.name = origin->name;
    again.objective = origin->objective;
    again.baseline = origin->baseline;
    again.link = origin->link;
    enum status status =
        parse_quantity(origin->regret, DIMENSION_FRACTION, &again.max_regret, error);
    if (!status)
        status = job_decide(job, &again, error);
    if (!status)
        status = check_lengths(settings->check, origin, job, error);
    if (status == STATUS_FAILED)
        return status;
    if (status) {
        error_prefix(error, "%s", settings->check);
        return status;
    }
    if (made->blob)
        return job_blob(job, &made->bytes, &made->size, error);
    FILE *memory = open_memstream(&made->bytes, &made->size);
    if (!memory)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a header");
    job_write(memory, job);
    if (fclose(memory) != 0)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a header");
    return STATUS_OK;
}

static enum status compare_blobs(const char *path, const struct subject *subject,
                                 const struct subject *again, struct error *error)
{
    size_t i = 0;
    while (i < subject->size && i < again->size && subject->bytes[i] == again->bytes[i])
        i++;
    if (i == subject->size && i == again->size)
        return STATUS_OK;
    return error_set(error, STATUS_FAILED,
                     "%s: edited, or the models were fitted again in another way: byte %zu differs "
                     "from what rnngen makes of the same samples",
                     path, i);
}

static enum status compare_texts(const char *path, const char *text, const char *again,
                                 struct error *error)
{
    size_t line = 1, i = 0;
    for (; text[i] && text[i] == again[i]; i++)
        line += text[i] == '\n';
    if (!text[i] && !again[i])
        return STATUS_OK;
    if (!text[i])
        return error_set(error, STATUS_FAILED,
                         "%s: truncated in line %zu: generate it again with rnngen", path, line);
    return error_set(error, STATUS_FAILED,
                     "%s: edited, or the models were fitted again in another way: line %zu differs "
                     "from what rnngen makes of the same samples",
                     path, line);
}

static enum status check_origin(const char *path, const struct origin *origin,
                                const struct job *job, struct error *error)
{
    if (strcmp(origin->version, RNNMAP_VERSION) != 0)
        return error_set(
            error, STATUS_FAILED,
            "%s: made by another version of rnngen (%s, this is %s): generate it again", path,
            origin->version, RNNMAP_VERSION);
    if (strcmp(origin->digest, job->set.digest) != 0)
        return error_set(error, STATUS_FAILED,
                         "%s: made from other samples (SHA-256 %.16s..., the models are now of "
                         "%.16s...): generate it again",
                         path, origin->digest, job->set.digest);
    if (!job->current)
        return error_set(error, STATUS_FAILED,
                         "%s: campaign %s holds other samples now than its models were fitted to: "
                         "run rnnfit, then generate it again",
                         path, job->campaign.name);
    return STATUS_OK;
}

static int statistic_of(const struct origin *origin)
{
    for (int i = 0; i < N_STATISTICS; i++) {
        if (strcmp(statistic_name((enum statistic)i), origin->statistic) == 0)
            return i;
    }
    return -1;
}

enum status header_check(const struct invocation *call, const struct rnngen_settings *settings,
                         struct error *error)
{
    struct origin origin = {0};
    struct job job = {0};
    struct subject subject = {0}, again = {0};
    char *campaign = text_copy(settings->campaign);
    enum status status = subject_read(settings->check, &subject, error);
    again.blob = subject.blob;
    if (!status)
        status = read_origin(settings->check, subject.blob ? subject.origin : subject.bytes,
                             &origin, error);
    if (!status && !campaign)
        status = find_campaign(settings->db, origin.campaign, &campaign, error);
    if (!status)
        status = job_load(&job, settings->db, campaign, statistic_of(&origin), error);
    if (!status)
        status = check_origin(settings->check, &origin, &job, error);
    if (!status)
        status = make_again(&job, settings, &origin, &again, error);
    if (!status)
        status = subject.blob ? compare_blobs(settings->check, &subject, &again, error)
                              : compare_texts(settings->check, subject.bytes, again.bytes, error);
    if (!status && call->verbosity >= 0 && !call->json)
        fprintf(call->out, "%s: equal to what rnngen makes of %s\n", settings->check, settings->db);
    if (!status && call->json)
        status = job_json(call->out, &job, subject.blob ? NULL : settings->check,
                          subject.blob ? settings->check : NULL, error);
    job_free(&job);
    origin_free(&origin);
    free(subject.bytes);
    free(subject.origin);
    free(again.bytes);
    free(campaign);
    /* a header that differs is a failed check, not a misuse of the command line */
    return status == STATUS_MISUSE ? STATUS_FAILED : status;
}
