// SPDX-License-Identifier: GPL-3.0-or-later
/* Lengths counted from texts and columns: by hand, hostile, large, and against a naive count. */
#include "records/test/fixture.h"

#include "base/clock.h"

#include <sys/resource.h>

enum { MAX_LENGTHS = 6 };

/* What a file holds, how it is read, and the lengths in it with their counts. */
struct row {
    const char *text, *manner;
    uint64_t n_empty;
    uint32_t lengths[MAX_LENGTHS];
    uint64_t counts[MAX_LENGTHS];
};

static char *source_of(const char *manner, const char *path)
{
    return text_format("%s%s", manner, path);
}

static void check_row(const char *folder, const struct row *row)
{
    struct histogram h;
    char *path = test_write(folder, "a@b.txt", row->text), *source = source_of(row->manner, path);
    uint64_t total = 0;
    size_t n = 0;
    assert_ok(histogram_read(source, &h, &error));
    bool same = h.n_empty == row->n_empty;
    for (; n < MAX_LENGTHS && row->counts[n] > 0; n++) {
        same = same && n < h.n && h.lengths[n] == row->lengths[n] && h.counts[n] == row->counts[n];
        total += row->counts[n];
    }
    if (!same || h.n != n || h.total != total)
        fail_msg("%s of '%s' is wrong", row->manner, row->text);
    histogram_free(&h);
    free(source);
    free(path);
}

static void check_rows(const struct row *rows, size_t n)
{
    char *folder = test_scratch("sequences");
    for (size_t i = 0; i < n; i++)
        check_row(folder, &rows[i]);
    free(folder);
}

static void texts(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"a\n", "text:", 0, {1}, {1}},
        {"a", "text:", 0, {1}, {1}},
        {"it was good .\nit was not\n", "text:", 0, {3, 4}, {1, 1}},
        {"a b\r\n\r\nc d\r\n", "text:", 1, {2}, {2}},
        {"\n\n  \t \nx\n\n", "text:", 4, {1}, {1}},
        {"  a  b\tc\v d\f e \n", "text:", 0, {5}, {1}},
        {"\xef\xbb\xbfone two\n", "text:", 0, {2}, {1}},
        {"one\rtwo\n", "text:", 0, {2}, {1}}, /* a lone carriage return is white */
        {"# no comment, \"and no quote\n", "text:", 0, {6}, {1}},
        {"length,count\n3,5\n", "text:", 0, {1}, {2}}, /* as told, not as guessed */
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

/* Each character of Unicode's White_Space separates, its neighbours do not, nor does what is no
 * UTF-8. */
static void white_space(void **state)
{
    (void)state;
    static const char *const white[] = {
        "\t",           "\v",           "\f",           "\r",           " ",
        "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
        "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
        "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
        "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
    };
    static const char *const black[] = {
        "\x08",
        "\x0e",
        "\x1c",
        "\x1f",
        "!",
        "\xc2\x84",
        "\xc2\x86",
        "\xc2\x9f",
        "\xc2\xa1",
        "\xe1\x9a\x81",
        "\xe1\xa0\x8e",
        "\xe2\x80\x8b",
        "\xe2\x80\x8d",
        "\xe2\x81\xa0",
        "\xe3\x80\x81",
        "\xef\xbb\xbf",
        "\xc3\xa9",
        "\xf0\x9f\x98\x80",
        "\x85",
        "\xa0",
        "\xff",
        "\xc2",
        "\xe2\x80",
        "\xc0\xa0",
        "\xe0\x80\xa0",
        "\xe0\x82\xa0",
        "\xf0\x82\x80\x80", /* too long for U+2000 */
    };
    char text[64];
    for (size_t i = 0; i < sizeof white / sizeof *white; i++) {
        snprintf(text, sizeof text, "a%sb\n%sc%s%s\n", white[i], white[i], white[i], white[i]);
        check_rows(&(struct row){text, "text:", 0, {1, 2}, {1, 1}}, 1);
    }
    for (size_t i = 0; i < sizeof black / sizeof *black; i++) {
        snprintf(text, sizeof text, "a%sb\n%s\n%s d\n", black[i], black[i], black[i]);
        check_rows(&(struct row){text, "text:", 0, {1, 2}, {2, 1}}, 1);
    }
}

static void columns(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"5\n7\n5\n", "column:1@", 0, {5, 7}, {2, 1}},
        {"a,5\nb,7", "column:2@", 0, {5, 7}, {1, 1}},
        {"id,n\na,5\nb,0\nc, 7 \n", "column:n@", 1, {5, 7}, {1, 1}},
        {"id\tn words\r\na,b\t5\r\nb\t7\r\n", "column:n words@", 0, {5, 7}, {1, 1}},
        {"# made\n\nid,n\n# more,of,it\na,5\n\n", "column:n@", 0, {5}, {1}},
        {"n\n2147483647\n", "column:n@", 0, {2147483647}, {1}},
        {"\xef\xbb\xbf"
         "n,m\n4,5\n",
         "column:n@",
         0,
         {4},
         {1}},
        {"\"n\",\"m\"\n\"4\",5\n", "column:n@", 0, {4}, {1}},
        {"length,count\n3,5\n4,1\n", "column:length@", 0, {3, 4}, {1, 1}},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

static void words_of_a_column(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"label\ttext\n1\tgood, \"very good\n0\t\n1\tbad\n", "words:text@", 1, {1, 3}, {1, 1}},
        {"label,text\n1,\"good, \"\"very\"\" good\"\n0,bad\n", "words:text@", 0, {1, 3}, {1, 1}},
        {"label,text\r\n1,\"two\r\nlines\"\r\n0,\"\"\r\n", "words:text@", 1, {2}, {1}},
        {"text\n\"one, two\"\nthree\n", "words:text@", 0, {1, 2}, {1, 1}},
        {"1,a b\n2,#c d e\n", "words:2@", 0, {2, 3}, {1, 1}},
        {"#1,a b\n", "words:2@", 0, {2}, {1}},
        {"\"a b\"", "words:1@", 0, {2}, {1}},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *manner, *where, *says;
    } rows[] = {
        {"", "text:", "", "no lengths"},
        {"\n \n", "text:", "", "no lengths"},
        {"", "column:n@", "", "no header"},
        {"n\n", "column:n@", "", "no lengths"},
        {"a,b\n1,2\n", "column:n@", ":1", "no column 'n' (the header has a, b)"},
        {"a,n,n\n1,2,3\n", "column:n@", ":1", "twice"},
        {"n\n5\nx\n", "column:n@", ":3", "'x'"},
        {"n\n5\n-1\n", "column:n@", ":3", "'-1'"},
        {"n\n5\n1.5\n", "column:n@", ":3", "'1.5'"},
        {"n\n5\n2147483648\n", "column:n@", ":3", "2147483648"},
        {"n,m\n5,1\n,2\n", "column:n@", ":3", "''"},
        {"n,m\n5,1\n5\n", "column:n@", ":3", "1 fields where the first line has 2"},
        {"n,m\n5,1\n5,1,1\n", "column:n@", ":3", "3 fields"},
        {"n\n5\n", "column:1@", ":1", "'n'"}, /* a number says that there is no header */
        {"5,1\n6,1\n", "column:3@", ":1", "no column 3"},
        {"t,n\n\"a\nb,5\n", "words:t@", ":2", "quote that does not end"},
        {"t,n\n\"a\nb\"c,5\n", "words:t@", ":3", "behind the quote"},
        {"t\ngood, bad\n", "words:t@", ":2", "2 fields where the first line has 1"},
    };
    char *folder = test_scratch("sequences");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct histogram histogram;
        char *path = test_write(folder, "bad.txt", rows[i].text);
        char *source = source_of(rows[i].manner, path);
        char *where = text_format("%s%s", path, rows[i].where);
        assert_fails(STATUS_INVALID, where, rows[i].says,
                     histogram_read(source, &histogram, &error));
        assert_null(histogram.lengths);
        free(where);
        free(source);
        free(path);
    }
    static const char *const misuse[] = {"text:",     "column:n@",       "words:n@",      "column:",
                                         "column:@a", "column:file.csv", "words:file.csv"};
    struct histogram histogram;
    for (size_t i = 0; i < sizeof misuse / sizeof *misuse; i++)
        assert_fails(STATUS_MISUSE, misuse[i], "names no",
                     histogram_read(misuse[i], &histogram, &error));
    char *source = source_of("text:", folder);
    assert_fails(STATUS_IO, folder, "", histogram_read(source, &histogram, &error));
    assert_fails(STATUS_IO, "/no/such", "",
                 histogram_read("column:n@/no/such", &histogram, &error));
    assert_null(histogram.lengths);
    free(source);
    free(folder);
}

/* A byte that no text holds is found wherever it stands. */
static void no_text_file(void **state)
{
    (void)state;
    static const char bytes[] = "a b\nc\0d\n";
    static const char *const manners[] = {"text:", "words:a b@", "words:1@"};
    char *folder = test_scratch("sequences");
    char *path = test_write(folder, "nul", "");
    FILE *file = fopen(path, "w");
    assert_int_equal(fwrite(bytes, 1, sizeof bytes - 1, file), sizeof bytes - 1);
    fclose(file);
    for (size_t i = 0; i < sizeof manners / sizeof *manners; i++) {
        struct histogram histogram;
        char *source = source_of(manners[i], path), *where = text_format("%s:2", path);
        assert_fails(STATUS_INVALID, where, "NUL", histogram_read(source, &histogram, &error));
        free(where);
        free(source);
    }
    free(path);
    free(folder);
}

/* A raw text is never taken for a histogram, nor a broken histogram for a text. */
static void nothing_is_guessed(void **state)
{
    (void)state;
    static const char *const rows[] = {"it was good\nit was not\n", "a,b\n", "length;count\n3;5\n",
                                       "length count\n3 5\n", "n_in,count\n3,5\n"};
    char *folder = test_scratch("sequences");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct histogram histogram;
        char *path = test_write(folder, "what", rows[i]), *where = text_format("%s:1", path);
        assert_fails(STATUS_INVALID, where, "text:FILE", histogram_read(path, &histogram, &error));
        assert_null(histogram.lengths);
        free(where);
        free(path);
    }
    free(folder);
}

/* A line of megabytes, and a million of lines: counted right, in memory that does not grow. */
static void large_texts(void **state)
{
    (void)state;
    enum { LINES = 300000, WORDS = 3000000 };
    char *folder = test_scratch("sequences"), *path = test_write(folder, "large", "");
    char *source = source_of("text:", path);
    struct rusage before, after;
    struct histogram h;
    FILE *file = fopen(path, "w");
    for (int i = 0; i < LINES; i++)
        fputs(i % 3 == 0 ? "one\n" : i % 3 == 1 ? "and two\n" : "\n", file);
    for (int i = 0; i < WORDS; i++)
        fputs("ab ", file);
    fclose(file);
    getrusage(RUSAGE_SELF, &before);
    assert_ok(histogram_read(source, &h, &error));
    getrusage(RUSAGE_SELF, &after);
    assert_int_equal(h.n, 3);
    assert_int_equal(h.counts[0], LINES / 3);
    assert_int_equal(h.counts[1], LINES / 3);
    assert_int_equal(h.n_empty, LINES / 3);
    assert_int_equal(h.lengths[2], WORDS);
    assert_true(after.ru_maxrss - before.ru_maxrss < 1024); /* KiB, of a text of 12 MB */
    histogram_free(&h);
    assert_int_equal(unlink(path), 0);
    free(source);
    free(path);
    free(folder);
}

/* One of a few texts. */
static const char *one_of(struct random *random, const char *const *texts, uint64_t n)
{
    return texts[random_below(random, n)];
}

/* A text of n words as a field: in quotes between commas at random. */
static void write_text(FILE *file, struct random *random, char separator, uint64_t n)
{
    static const char *const blanks[] = {" ", "  ", "\xc2\xa0", " \f", "\n", "\r\n"};
    static const char *const words[] = {"a", "\xc3\xa9t\xc3\xa9", "b's", "c,d", "\"\"e\"\"", "x,"};
    bool tabs = separator == '\t', quoted = !tabs && random_below(random, 2);
    if (quoted)
        fputc('"', file);
    for (uint64_t i = 0; i < n; i++) {
        fputs(one_of(random, words, quoted || tabs ? 6 : 3), file);
        fputs(one_of(random, blanks, quoted ? 6 : 4), file);
    }
    if (quoted)
        fputc('"', file);
}

static void check_counts(const char *manner, const char *path, const uint64_t *counts,
                         uint64_t n_rows)
{
    struct histogram h;
    char *source = source_of(manner, path);
    assert_ok(histogram_read(source, &h, &error));
    assert_int_equal(h.n_empty, counts[0]);
    assert_int_equal(h.total + h.n_empty, n_rows);
    for (size_t i = 0; i < h.n; i++)
        assert_int_equal(h.counts[i], counts[h.lengths[i]]);
    histogram_free(&h);
    free(source);
}

/* Random tables: the words that were written, and the lengths that were written beside them. */
static void random_tables(void **state)
{
    (void)state;
    enum { ROWS = 3000, LONGEST = 40 };
    struct random random = {(uint64_t)clock_ns()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    char *folder = test_scratch("sequences"), *path = test_write(folder, "table", "");
    for (int i = 0; i < (test_long() ? 200 : 5); i++) {
        uint64_t counts[LONGEST + 1] = {0};
        char separator = random_below(&random, 2) ? ',' : '\t';
        const char *end = random_below(&random, 2) ? "\n" : "\r\n";
        FILE *file = fopen(path, "w");
        fprintf(file, "id%ctext%cn%s", separator, separator, end);
        for (int k = 0; k < ROWS; k++) {
            uint64_t n = random_below(&random, LONGEST + 1);
            fprintf(file, "%d%c", k, separator);
            write_text(file, &random, separator, n);
            fprintf(file, "%c%d%s", separator, (int)n, end);
            counts[n]++;
        }
        fclose(file);
        check_counts("words:text@", path, counts, ROWS);
        check_counts("column:n@", path, counts, ROWS);
    }
    free(path);
    free(folder);
}

/* Standard input, in each manner. */
static void standard_input(void **state)
{
    (void)state;
    static const struct {
        const char *manner, *text;
    } rows[] = {{"", "length,count\n3,1\n"},
                {"text:", "a b c\n"},
                {"column:n@", "n\n3\n"},
                {"words:2@", "1\ta b c\n"}};
    char *folder = test_scratch("sequences");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct histogram h;
        char *path = test_write(folder, "in", rows[i].text),
             *source = source_of(rows[i].manner, "-");
        assert_non_null(freopen(path, "r", stdin));
        assert_ok(histogram_read(source, &h, &error));
        assert_int_equal(h.n, 1);
        assert_int_equal(h.lengths[0], 3);
        histogram_free(&h);
        free(source);
        free(path);
    }
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(white_space),
        cmocka_unit_test(columns),
        cmocka_unit_test(words_of_a_column),
        cmocka_unit_test(refused),
        cmocka_unit_test(no_text_file),
        cmocka_unit_test(nothing_is_guessed),
        cmocka_unit_test(large_texts),
        cmocka_unit_test(random_tables),
        cmocka_unit_test(standard_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
