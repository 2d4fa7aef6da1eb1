// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/linear_form.h"

uint64_t linear_form_value(const struct linear_form *form, uint32_t n,
                           const struct link_state *state)
{
    uint64_t value = (uint32_t)integer_map_value(&form->base, n);
    for (unsigned i = 0; i < N_LINK_TERMS; i++) {
        const struct form_term *term = &form->terms[i];
        uint64_t x = link_state_value(state, (enum link_term)i);
        if (term->there)
            value += x * (uint32_t)integer_map_value(&term->factor, n) >> term->shift;
    }
    return value;
}

/*
 * A factor below 2^32 times a number below 2^32 is below 2^64. Sums are greatest where every number
 * of the link is, for terms grow with them; they are added up here and must not wrap.
 */
static bool length_fits(const struct linear_form *form, uint32_t n, uint64_t *greatest)
{
    uint64_t sum = integer_map_value(&form->base, n);
    if (sum > UINT32_MAX)
        return false;
    for (size_t i = 0; i < N_LINK_TERMS; i++) {
        const struct form_term *term = &form->terms[i];
        uint64_t factor = term->there ? integer_map_value(&term->factor, n) : 0;
        uint64_t most = (uint64_t)UINT32_MAX * (uint32_t)factor >> term->shift;
        if (factor > UINT32_MAX || term->shift > 63 || most > UINT64_MAX - sum)
            return false;
        sum += most;
    }
    *greatest = sum > *greatest ? sum : *greatest;
    return true;
}

bool linear_form_prove(const struct linear_form *form, uint32_t n_limit, uint64_t *greatest)
{
    *greatest = 0;
    for (uint64_t n = 0; n <= n_limit; n++) {
        if (!length_fits(form, (uint32_t)n, greatest))
            return false;
    }
    return true;
}

void linear_form_free(struct linear_form *form)
{
    integer_map_free(&form->base);
    for (size_t i = 0; i < N_LINK_TERMS; i++)
        integer_map_free(&form->terms[i].factor);
    *form = (struct linear_form){0};
}

void linear_forms_free(struct linear_forms *forms)
{
    for (size_t k = 0; k < TARGETS_MAX; k++)
        linear_form_free(&forms->of[k]);
    *forms = (struct linear_forms){0};
}
