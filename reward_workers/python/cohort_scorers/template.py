"""A scorer: what is a completion worth?"""


def score(completion, answer, **fields):
    """`completion` is the model's text, `answer` the gold of the row; `fields` has prompt, finish, tokens, route and more.

    Return a number (bool is 0 or 1), or None where this scorer does not apply. To say more, return
    {"score": 0.5, "detail": "one line for people", "components": {"name": 0.5}}, or {"unparseable": True, "detail": "why"}.
    """
    _, found, given = completion.rpartition("Answer:")
    if not found:
        return {"unparseable": True, "detail": "no line 'Answer: ...'"}
    return given.strip() == answer.strip()  # <- edit this line: when is an answer right?
