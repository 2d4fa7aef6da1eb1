// SPDX-License-Identifier: GPL-3.0-or-later
#include "engines/ort_private.h"

#include "base/memory.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { API_VERSION = 14, LAST_MINOR = 60, PATH_SIZE = 4096 };

/* Where each function stands in the table. */
static const struct {
    size_t offset;
    int position;
} functions[] = {
#define AT(member, position)                   \
    {                                          \
        offsetof(struct ort, member), position \
    }
    AT(get_error_message, 2),
    AT(create_env, 3),
    AT(create_session, 7),
    AT(run, 9),
    AT(create_session_options, 10),
    AT(disable_mem_pattern, 17),
    AT(set_intra_op_num_threads, 24),
    AT(session_get_input_count, 30),
    AT(session_get_output_count, 31),
    AT(session_get_input_type_info, 33),
    AT(session_get_output_type_info, 34),
    AT(session_get_input_name, 36),
    AT(session_get_output_name, 37),
    AT(create_tensor_with_data, 49),
    AT(get_tensor_mutable_data, 51),
    AT(cast_type_info_to_tensor_info, 55),
    AT(get_tensor_element_type, 60),
    AT(get_dimensions_count, 61),
    AT(get_dimensions, 62),
    AT(get_symbolic_dimensions, 63),
    AT(get_tensor_shape_element_count, 64),
    AT(get_tensor_type_and_shape, 65),
    AT(create_cpu_memory_info, 69),
    AT(allocator_free, 76),
    AT(get_allocator_with_default_options, 78),
    AT(release_env, 92),
    AT(release_status, 93),
    AT(release_memory_info, 94),
    AT(release_session, 95),
    AT(release_value, 96),
    AT(release_type_info, 98),
    AT(release_tensor_info, 99),
    AT(release_session_options, 100),
    AT(get_available_providers, 125),
    AT(release_available_providers, 126),
    AT(append_tensorrt, 170),
    AT(create_tensorrt_options, 171),
    AT(release_tensorrt_options, 174),
    AT(append_cuda, 204),
    AT(create_cuda_options, 205),
    AT(release_cuda_options, 208),
    AT(append_provider, 216),
#undef AT
};
enum { N_FUNCTIONS = sizeof functions / sizeof *functions };
_Static_assert(sizeof(struct ort) == (4 + N_FUNCTIONS) * sizeof(void *), "a position each");

/* struct OrtApiBase */
struct api_base {
    void *const *(*get_api)(uint32_t version);
    const char *(*get_version_string)(void);
};

/* It is not unloaded before the process ends: its threads and thread-local data outlive it. */
static void *load(const char *path)
{
    return dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

/* The library that scripts/setup fetched for tools that were not installed: BUILD/onnxruntime
 * beside BUILD/bin. */
static void *load_fetched(char path[PATH_SIZE])
{
    char folder[PATH_SIZE / 2];
    ssize_t n = readlink("/proc/self/exe", folder, sizeof folder - 1);
    for (int up = 0; up < 2 && n > 0; up++) {
        while (n > 0 && folder[n - 1] != '/')
            n--;
        n -= n > 0;
    }
    if (n <= 0)
        return NULL;
    snprintf(path, PATH_SIZE, "%.*s/onnxruntime/libonnxruntime.so", (int)n, folder);
    return load(path);
}

static void *load_usual(char path[PATH_SIZE])
{
    static const char *const names[] = {"libonnxruntime.so", "libonnxruntime.so.1"};
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++) {
        snprintf(path, PATH_SIZE, "%s", names[i]);
        library = load(path);
    }
    for (int minor = LAST_MINOR; minor >= API_VERSION && !library; minor--) {
        snprintf(path, PATH_SIZE, "libonnxruntime.so.1.%d", minor);
        library = load(path);
    }
    return library ? library : load_fetched(path);
}

static enum status find_library(const char *wanted, struct ort *ort, struct error *error)
{
    static const char how[] =
        "get one with scripts/setup --with onnx (into build/onnxruntime), from Debian 13 on with "
        "apt-get install libonnxruntime-dev, or name your product's own with library = PATH";
    char path[PATH_SIZE];
    if (wanted) {
        ort->library = load(wanted);
        const char *why = ort->library ? NULL : dlerror();
        if (!ort->library)
            return error_set(error, STATUS_NOT_FOUND, "library = %s cannot be loaded: %s; %s",
                             wanted, why ? why : "unknown reason", how);
        snprintf(path, sizeof path, "%s", wanted);
    } else {
        ort->library = load_usual(path);
        if (!ort->library)
            return error_set(error, STATUS_NOT_FOUND,
                             "ONNX Runtime is not there; tried libonnxruntime.so, .so.1, "
                             ".so.1.%d to .so.1.%d among the system's libraries and "
                             "../onnxruntime/libonnxruntime.so from this program's folder; %s",
                             API_VERSION, LAST_MINOR, how);
    }
    ort->path = text_copy(path);
    return ort->path ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory");
}

enum status ort_open(const char *path, struct ort *ort, struct error *error)
{
    *ort = (struct ort){0};
    enum status status = find_library(path, ort, error);
    if (status)
        goto fail;
    void *symbol = dlsym(ort->library, "OrtGetApiBase");
    const struct api_base *(*get_api_base)(void);
    memcpy(&get_api_base, &symbol, sizeof symbol);
    if (!symbol) {
        status = error_set(error, STATUS_UNSUPPORTED,
                           "%s is no ONNX Runtime: it has no OrtGetApiBase", ort->path);
        goto fail;
    }
    const struct api_base *base = get_api_base();
    ort->version = text_copy(base->get_version_string());
    int minor = 0;
    bool known = ort->version && sscanf(ort->version, "1.%d", &minor) == 1;
    /* asked for a version that it does not know, it would complain on standard error */
    void *const *table = known && minor >= API_VERSION ? base->get_api(API_VERSION) : NULL;
    if (!table) {
        status = error_set(error, STATUS_UNSUPPORTED,
                           "%s is ONNX Runtime %s; 1.%d or later of 1.x is needed", ort->path,
                           ort->version ? ort->version : "(unknown)", API_VERSION);
        goto fail;
    }
    ort->minor = minor;
    for (int i = 0; i < N_FUNCTIONS; i++)
        memcpy((char *)ort + functions[i].offset, &table[functions[i].position], sizeof(void *));
    return STATUS_OK;
fail:
    ort_close(ort);
    return status;
}

void ort_close(struct ort *ort)
{
    if (ort->library)
        dlclose(ort->library);
    free(ort->version);
    free(ort->path);
    *ort = (struct ort){0};
}

enum status ort_status(const struct ort *ort, ort_outcome outcome, const char *what,
                       struct error *error)
{
    char words[512];
    if (!outcome)
        return STATUS_OK;
    snprintf(words, sizeof words, "%s", ort->get_error_message(outcome));
    for (char *at = words; *at; at++) {
        if ((unsigned char)*at < ' ')
            *at = ' ';
    }
    ort->release_status(outcome);
    return error_set(error, STATUS_EXTERNAL, "%s: ONNX Runtime %s: %s", what, ort->version, words);
}

static const char suffix[] = "ExecutionProvider";

/* The name of a provider without "ExecutionProvider". */
static void short_name(const char *name, char *text, size_t size)
{
    size_t n = strlen(name), end = strlen(suffix);
    if (n > end && strcmp(name + n - end, suffix) == 0)
        n -= end;
    snprintf(text, size, "%.*s", (int)n, name);
}

/* The library's own spelling of a provider's name. */
static enum status find_provider(const struct ort *ort, const char *name, char *spelling,
                                 size_t size, struct error *error)
{
    char **names = NULL, list[256] = "", asked[64];
    int n = 0;
    enum status status =
        ort_status(ort, ort->get_available_providers(&names, &n), "its providers", error);
    if (status)
        return status;
    short_name(name, asked, sizeof asked);
    *spelling = '\0';
    for (int i = 0; i < n; i++) {
        char one[64];
        short_name(names[i], one, sizeof one);
        if (strcasecmp(one, asked) == 0)
            snprintf(spelling, size, "%s", one);
        strncat(list, i ? ", " : "", sizeof list - strlen(list) - 1);
        strncat(list, one, sizeof list - strlen(list) - 1);
    }
    ort_outcome released = ort->release_available_providers(names, n);
    if (released)
        ort->release_status(released);
    if (*spelling)
        return STATUS_OK;
    return error_set(error, STATUS_UNSUPPORTED,
                     "provider = %s: %s, ONNX Runtime %s, was built without it; it has: %s", name,
                     ort->path, ort->version, list);
}

/* The two that want options of a kind of their own. */
static enum status append_with_options(void *options, ort_outcome created, void *provider_options,
                                       ort_outcome (*append)(void *, const void *),
                                       void (*release)(void *), const struct ort *ort,
                                       const char *what, struct error *error)
{
    enum status status = ort_status(ort, created, what, error);
    if (status)
        return status;
    status = ort_status(ort, append(options, provider_options), what, error);
    release(provider_options);
    return status;
}

enum status ort_use_provider(const struct ort *ort, void *options, const char *name,
                             struct error *error)
{
    char spelling[64], what[96];
    void *own = NULL;
    enum status status = find_provider(ort, name, spelling, sizeof spelling, error);
    if (status || strcasecmp(spelling, "CPU") == 0)
        return status;
    snprintf(what, sizeof what, "provider = %s", name);
    if (strcasecmp(spelling, "CUDA") == 0) {
        ort_outcome created = ort->create_cuda_options(&own);
        status = append_with_options(options, created, own, ort->append_cuda,
                                     ort->release_cuda_options, ort, what, error);
    } else if (strcasecmp(spelling, "Tensorrt") == 0) {
        ort_outcome created = ort->create_tensorrt_options(&own);
        status = append_with_options(options, created, own, ort->append_tensorrt,
                                     ort->release_tensorrt_options, ort, what, error);
    } else {
        const char *generic = strcasecmp(spelling, "Xnnpack") == 0 ? "XNNPACK"
                              : strcasecmp(spelling, "Azure") == 0 ? "AZURE"
                                                                   : spelling;
        status =
            ort_status(ort, ort->append_provider(options, generic, NULL, NULL, 0), what, error);
    }
    return status ? STATUS_UNSUPPORTED : STATUS_OK;
}
