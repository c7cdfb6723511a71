/* A scorer: what is a completion worth?
 *
 *   cc -std=c11 -O2 -shared -fPIC -o NAME.so NAME.c
 *
 * cohort_scorer.h, beside this file, is the whole interface.
 */
#include "cohort_scorer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text after the last "Answer:" of the completion, or NULL. A completion may hold zero bytes,
 * behind which this scorer sees nothing. */
static const char* given_answer(const char* completion) {
  static const char kLabel[] = "Answer:";
  const char* found = NULL;
  for (const char* at = completion; (at = strstr(at, kLabel)) != NULL;) found = at += strlen(kLabel);
  return found;
}

static int is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* Whether two texts are the same but for blanks around them. */
static int same_text(const char* a, const char* b) {
  while (is_blank(*a)) ++a;
  while (is_blank(*b)) ++b;
  size_t a_size = strlen(a), b_size = strlen(b);
  while (a_size > 0 && is_blank(a[a_size - 1])) --a_size;
  while (b_size > 0 && is_blank(b[b_size - 1])) --b_size;
  return a_size == b_size && memcmp(a, b, a_size) == 0;
}

static void score(void* scorer, const cohort_rollout* rollout, cohort_verdict* verdict) {
  (void)scorer;
  const char* given = given_answer(rollout->completion);
  if (given == NULL) {
    verdict->kind = COHORT_UNPARSEABLE;
    snprintf(verdict->detail, sizeof(verdict->detail), "no line 'Answer: ...'");
    return;
  }
  verdict->value = same_text(given, rollout->answer); /* <- edit this line: when is it right? */
}

/* `options` are the "key=value" texts of the configuration. What this returns is `scorer` above. */
static void* create(const char* const* options, size_t count, char* error, size_t error_bytes) {
  if (count > 0) {
    snprintf(error, error_bytes, "unknown option %s", options[0]);
    return NULL;
  }
  return malloc(1);
}

static void destroy(void* scorer) { free(scorer); }

const cohort_scorer_v1* cohort_scorer(void) {
  static const cohort_scorer_v1 interface = {COHORT_SCORER_ABI, 0, "1", create, score, destroy};
  return &interface;
}
