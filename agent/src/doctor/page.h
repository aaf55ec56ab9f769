/* How the doctor's findings look: a page of ASCII text, or JSON.
 *
 * Threads: the only one. */
#pragma once

#include "core/judgement.h"
#include "doctor/examination.h"

/* The page: the findings under their topics, and the verdict. Colours only on a terminal. */
void page_print(const struct judgement *judgement);
void page_print_json(const struct examination *x, const struct judgement *judgement);

/* The list of `helix-agent encoders`. */
void page_print_encoders(const struct examination *x);
void page_print_encoders_json(const struct examination *x);

/* "untried", "works", "failed", "impossible". */
const char *page_state_name(enum verdict_state state);

/* A candidate's place among the working ones, from 1; 0 = it does not work. */
size_t page_rank(const struct probe_results *results, size_t candidate);
