// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/test/support.h"

#include "base/digest.h"

#include <math.h>

#include <stdlib.h>
#include <string.h>

/* Examples of FIPS 180-4 (NIST, SHA256.pdf and the million letters of FIPS 180-2, B.3). */
static void published_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *digest;
    } rows[] = {
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    struct digest digest;
    char text[DIGEST_TEXT_SIZE];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        digest_start(&digest);
        for (const char *c = rows[i].text; *c; c++)
            digest_bytes(&digest, c, 1); /* piece by piece is the same as at once */
        digest_finish(&digest, text);
        assert_string_equal(text, rows[i].digest);
    }
    char letters[1000];
    memset(letters, 'a', sizeof letters);
    digest_start(&digest);
    for (int i = 0; i < 1000; i++)
        digest_bytes(&digest, letters, sizeof letters);
    digest_finish(&digest, text);
    assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void numbers_are_little_endian(void **state)
{
    (void)state;
    struct digest a, b;
    char of_a[DIGEST_TEXT_SIZE], of_b[DIGEST_TEXT_SIZE];
    digest_start(&a);
    digest_u64(&a, UINT64_C(0x0807060504030201));
    digest_finish(&a, of_a);
    digest_start(&b);
    digest_bytes(&b, "\1\2\3\4\5\6\7\10", 8);
    digest_finish(&b, of_b);
    assert_string_equal(of_a, of_b);
}

static void reals_are_their_bits(void **state)
{
    (void)state;
    static const struct {
        double value;
        uint64_t bits;
    } rows[] = {{1.5, UINT64_C(0x3ff8000000000000)},
                {0.0, 0},
                {-0.0, 0},
                {NAN, UINT64_MAX},
                {-NAN, UINT64_MAX}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct digest a, b;
        char of_a[DIGEST_TEXT_SIZE], of_b[DIGEST_TEXT_SIZE];
        digest_start(&a);
        digest_real(&a, rows[i].value);
        digest_finish(&a, of_a);
        digest_start(&b);
        digest_u64(&b, rows[i].bits);
        digest_finish(&b, of_b);
        assert_string_equal(of_a, of_b);
    }
}

static void texts_keep_their_borders(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"ab", "c"}, {"a", "bc"}, {"abc", ""}, {"", "abc"}};
    char texts[4][DIGEST_TEXT_SIZE];
    for (int i = 0; i < 4; i++) {
        struct digest digest;
        digest_start(&digest);
        digest_text(&digest, pairs[i][0]);
        digest_text(&digest, pairs[i][1]);
        digest_finish(&digest, texts[i]);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(texts[i], texts[j]);
    }
    struct digest empty, none;
    digest_start(&empty);
    digest_start(&none);
    digest_text(&empty, "");
    digest_text(&none, NULL);
    digest_finish(&empty, texts[0]);
    digest_finish(&none, texts[1]);
    assert_string_equal(texts[0], texts[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(reals_are_their_bits),
        cmocka_unit_test(texts_keep_their_borders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
