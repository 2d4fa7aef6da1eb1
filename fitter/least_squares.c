// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/least_squares.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit.h>

enum status least_squares(size_t n, size_t p, least_squares_row *row, const void *user, double *c,
                          double *squares, struct error *error)
{
    gsl_multifit_linear_workspace *work = gsl_multifit_linear_alloc(n, p);
    gsl_matrix *x = gsl_matrix_alloc(n, p), *covariance = gsl_matrix_alloc(p, p);
    gsl_vector *y = gsl_vector_alloc(n), *w = gsl_vector_alloc(n);
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    enum status status = STATUS_OK;
    if (!work || !x || !covariance || !y || !w) {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for a fit");
        goto done;
    }
    for (size_t i = 0; i < n; i++)
        row(user, i, gsl_matrix_ptr(x, i, 0), gsl_vector_ptr(y, i), gsl_vector_ptr(w, i));
    gsl_vector_view coefficients = gsl_vector_view_array(c, p);
    int rc = gsl_multifit_wlinear(x, w, y, &coefficients.vector, covariance, squares, work);
    if (rc)
        status = error_set(error, STATUS_EXTERNAL, "GSL: %s", gsl_strerror(rc));
done:
    gsl_multifit_linear_free(work);
    gsl_matrix_free(x);
    gsl_matrix_free(covariance);
    gsl_vector_free(y);
    gsl_vector_free(w);
    gsl_set_error_handler(handler);
    return status;
}
