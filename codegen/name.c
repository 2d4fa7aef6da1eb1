// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/header.h"

#include <ctype.h>
#include <string.h>

/* Keywords of C (to C23) and C++ (to C++20), since the header is compiled as either. */
static const char *const keywords[] = {
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "char16_t",
    "char32_t",
    "char8_t",
    "class",
    "co_await",
    "co_return",
    "co_yield",
    "compl",
    "concept",
    "const",
    "const_cast",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "enum",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "not_eq",
    "nullptr",
    "operator",
    "or",
    "or_eq",
    "private",
    "protected",
    "public",
    "register",
    "reinterpret_cast",
    "requires",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "static_assert",
    "static_cast",
    "struct",
    "switch",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "typeof",
    "typeof_unqual",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "xor_eq",
};

enum status header_name_check(const char *name, struct error *error)
{
    if (!name || !*name)
        return error_set(error, STATUS_MISUSE, "give the header's functions a name: --name NAME");
    if (strlen(name) > HEADER_NAME_MAX)
        return error_set(error, STATUS_MISUSE, "--name: longer than %d characters",
                         HEADER_NAME_MAX);
    bool identifier = !isdigit((unsigned char)*name);
    for (const char *c = name; *c; c++)
        identifier = identifier && (isalnum((unsigned char)*c) || *c == '_') && !(*c & 0x80);
    if (!identifier)
        return error_set(error, STATUS_MISUSE,
                         "--name: '%s' is not a C identifier (letters, digits and _, not a digit "
                         "first)",
                         name);
    if (*name == '_')
        return error_set(error, STATUS_MISUSE,
                         "--name: '%s' begins with _, which C reserves: choose another", name);
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (strcmp(name, keywords[i]) == 0)
            return error_set(error, STATUS_MISUSE,
                             "--name: '%s' is a keyword of C or C++: choose another", name);
    }
    return STATUS_OK;
}
