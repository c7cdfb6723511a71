/* The C interface of a scorer: a shared library that exports cohort_scorer().
 *
 * The library is loaded by a process of its own (cohort-scorer-host), which may be killed at any
 * time: when a call takes longer than the scorer's limit, or more memory than it may. Calls come
 * one at a time, all from one thread. Strings are UTF-8, end with a zero and stay valid during the
 * call. A stable interface: fields are added at the end, with a new abi_version.
 */
#ifndef COHORT_SCORER_H_
#define COHORT_SCORER_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COHORT_SCORER_ABI 2

/* What is judged. */
typedef struct {
  const char* completion; /* the model's text, special tokens removed */
  size_t completion_bytes;
  const char* answer; /* the reference: opaque to everybody but scorers */
  size_t answer_bytes;
  const char* prompt; /* the prompt's text */
  size_t prompt_bytes;
  const char* finish;            /* "stop" or "length" */
  uint64_t tokens;               /* of the completion */
  const int32_t* completion_ids; /* NULL unless wants has COHORT_WANTS_COMPLETION_IDS */
  const char* columns; /* since 2: the row's other columns, a JSON object; "" without any */
  size_t columns_bytes;
} cohort_rollout;

enum cohort_verdict_kind {
  COHORT_VALUE = 0,          /* `value` is the verdict */
  COHORT_NOT_APPLICABLE = 1, /* nothing to say about such a sample */
  COHORT_UNPARSEABLE = 2,    /* the model gave nothing to judge: worth 0 */
  COHORT_ERROR = 3           /* the scorer failed on this input, `detail` says how */
};

typedef struct {
  int kind; /* enum cohort_verdict_kind; COHORT_VALUE before the call */
  double value;
  char detail[256]; /* one line for people; empty before the call */
} cohort_verdict;

#define COHORT_WANTS_COMPLETION_IDS 1u

typedef struct {
  uint32_t abi_version; /* COHORT_SCORER_ABI */
  uint32_t wants;       /* COHORT_WANTS_…, or 0 */
  const char* version;  /* of the scorer, for people and caches */
  /* Makes a scorer from "key=value" options; NULL, with a line in `error`, when it cannot. */
  void* (*create)(const char* const* options, size_t count, char* error, size_t error_bytes);
  void (*score)(void* scorer, const cohort_rollout* rollout, cohort_verdict* verdict);
  void (*destroy)(void* scorer);
} cohort_scorer_v1;

/* What the library exports. */
const cohort_scorer_v1* cohort_scorer(void);

#ifdef __cplusplus
}
#endif

#endif /* COHORT_SCORER_H_ */
