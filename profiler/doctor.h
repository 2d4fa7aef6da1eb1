// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * rnnprof doctor: what this device has to measure with, what is missing, why, and what to do.
 *
 * Each subject is one file with one function that adds findings; the subjects are a table in
 * doctor.c. A finding is a JSON object, from which the table for people is printed, too:
 *   name     what it is about
 *   state    "ok", "note" (it works; the remedy would better it) or "missing"
 *   value    what was found, in words; absent: nothing
 *   why      the reason as found (a file and what is wrong with it); absent: none
 *   remedy   what to do; absent: nothing known
 * and further members with figures, each with its unit in its name.
 */
#ifndef PROFILER_DOCTOR_H
#define PROFILER_DOCTOR_H

#include "base/status.h"

#include <jansson.h>
#include <stdio.h>

struct doctor {
    const char *sysroot;  /* NULL: this machine */
    const char *counters; /* that are to be counted together; NULL: none */
    json_t *findings;     /* of the subject at work */
};

/* {"schema": "rnnmap.doctor/1", "sysroot": .., SUBJECT: [findings], ..}; to be json_decref'd.
 * STATUS_MISUSE: `counters` is no list.  STATUS_NO_MEMORY. That there is nothing is no error. */
enum status doctor_examine(struct doctor *doctor, json_t **document, struct error *error);

/* The document as a table that is at most `width` columns wide (from 50 on). */
void doctor_print(const json_t *document, int width, FILE *out);

/* For the subjects: adds a finding; figures (or NULL) are taken over. */
void doctor_found(struct doctor *doctor, const char *name, json_t *figures, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same, with what would better it. */
void doctor_noted(struct doctor *doctor, const char *name, json_t *figures, const char *why,
                  const char *remedy, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* `remedy` may be NULL. */
void doctor_missed(struct doctor *doctor, const char *name, json_t *figures, const char *why,
                   const char *remedy);

/* The subjects. Each returns as doctor_examine. */
enum status doctor_machine(struct doctor *doctor, struct error *error);
enum status doctor_engines(struct doctor *doctor, struct error *error);
enum status doctor_counters(struct doctor *doctor, struct error *error);
enum status doctor_meters(struct doctor *doctor, struct error *error);
enum status doctor_clock(struct doctor *doctor, struct error *error);
enum status doctor_frequency(struct doctor *doctor, struct error *error);

#endif
