"""A scorer that computes: some milliseconds of processor time for each rollout."""
import time


def score(completion, answer):
    end = time.process_time() + 0.02
    while time.process_time() < end:
        pass
    return 1.0
