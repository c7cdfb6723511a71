/* A scorer in C for the tests: the completion's bytes over `most`; the answer names what else it
 * may do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reward_workers/plugins/cohort_scorer.h"

static void* create(const char* const* options, size_t count, char* error, size_t error_bytes) {
  double* most = malloc(sizeof(double));
  *most = 10;
  for (size_t i = 0; i < count; ++i) {
    if (strncmp(options[i], "most=", 5) == 0) {
      *most = atof(options[i] + 5);
    } else {
      snprintf(error, error_bytes, "unknown option %s", options[i]);
      free(most);
      return NULL;
    }
  }
  return most;
}

static void score(void* scorer, const cohort_rollout* rollout, cohort_verdict* verdict) {
  printf("prints do no harm\n");
  if (strcmp(rollout->answer, "none") == 0) {
    verdict->kind = COHORT_NOT_APPLICABLE;
  } else if (strcmp(rollout->answer, "crash") == 0) {
    abort();
  } else if (strcmp(rollout->answer, "unparseable") == 0) {
    verdict->kind = COHORT_UNPARSEABLE;
    snprintf(verdict->detail, sizeof(verdict->detail), "nothing there");
  } else if (strcmp(rollout->answer, "nan") == 0) {
    verdict->value = 0.0 / 0.0;
  } else if (strcmp(rollout->answer, "columns") == 0) {
    verdict->value = (double)rollout->columns_bytes;
    snprintf(verdict->detail, sizeof(verdict->detail), "%s", rollout->columns);
  } else if (strcmp(rollout->answer, "ids") == 0) {
    verdict->value = rollout->completion_ids == NULL ? -1 : rollout->completion_ids[0];
  } else {
    verdict->value = (double)rollout->completion_bytes / *(double*)scorer;
  }
}

static void destroy(void* scorer) { free(scorer); }

const cohort_scorer_v1* cohort_scorer(void) {
  static const cohort_scorer_v1 interface = {
      COHORT_SCORER_ABI, COHORT_WANTS_COMPLETION_IDS, "1.0", create, score, destroy};
  return &interface;
}
