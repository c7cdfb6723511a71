r"""Serves a Python reward function, unchanged, to a reward worker.

    python3 -m cohort_scorers SOURCE[:FUNCTION] [options]          (with this folder's parent on PYTHONPATH)

SOURCE is a file (`my/scorer.py`) or a module (`trl.rewards`). FUNCTION may be left out where the file has one that can be meant: one
called `score` or `compute_score`, else the only public one whose parameters are known below. A function that makes the scorer is
called with literal arguments:  `trl.rewards:get_soft_overlong_punishment(max_completion_len=100, soft_punish_cache=20)`; a class with
`__call__` likewise. Examples:

    python3 -m cohort_scorers my/scorer.py
    python3 -m cohort_scorers trl.rewards:accuracy_reward
    python3 -m cohort_scorers verl/utils/reward_score/gsm8k.py --set method=flexible
    python3 -m cohort_scorers graders.py:same --style cohort --column said=completion --column gold=answer

Three styles of function (`--style`; `auto`, the default, goes by the parameters). Each may be `async def`, and each gets only the
parameters it names; with **kwargs, all there are. The columns of the row beside prompt and answer are parameters of their own names
(not for verl, which has them in extra_info); what a function needs and nothing gives must be a column of the rows.

cohort  `score(completion, answer, **fields)` -> float, bool or None; known by `completion`. Parameters are fields of the task:
        completion, answer, prompt, scorer, route, row, sample, finish ("stop" or "length"), tokens, completion_ids, prompt_ids.
        Or a dict: {"score": 0.5, "detail": "one line", "components": {"name": 0.5}}, or {"unparseable": True, "detail": "one line"}.
trl     `reward(prompts, completions, completion_ids, **columns)` -> [float or None]; known by `completions`, `prompts` or
        `completion_ids`. Lists have one element. Columns: answer is the gold answer, and solution and ground_truth are where the
        row has none of that name; the other fields have their own names, where
        the row has no column of that name. `completions` holds [{"role": "assistant", "content": text}] if the parameter's annotation speaks of
        dicts, or without annotation if the function's text says ["content"]; else text. `--conversational yes|no` overrules.
verl    `compute_score(data_source, solution_str, ground_truth, extra_info)` -> float, bool, None or {"score": ...}; known by
        `solution_str`. data_source is `--data-source`, else the row's, else the route, else the scorer's name; extra_info holds the
        other fields, the row's columns, and what the row's own extra_info holds.
        In a dict further numbers become components, further texts the detail.

None means "not applicable to this sample". NaN, infinities, texts and lists of another length are errors, as is an exception.

Options:
    --column NAME=FIELD   parameter or column NAME is the task's FIELD. completion_ids and prompt_ids cost something, so they come
                          only to a function that names them; for one with **kwargs say `--column completion_ids=completion_ids`
    --set KEY=VALUE       a fixed argument; VALUE is a Python literal, else text

The scorer runs on the main thread, so that SIGALRM works; an alarm left set is taken back. print() goes to stderr; sys.exit() is an
error of one task. Helpers beside the file can be imported, after installed packages. The version is the digest of the file.

Start a new scorer from template.py beside this file.
"""
