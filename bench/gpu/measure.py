"""What the pilots share: the command line, result lines and JSON, times on the device, comparison of bits."""
import argparse
import json
import pathlib
import statistics
import sys
import time

import torch

SMOKE = "--smoke" in sys.argv  # tiny shapes on the CPU: whether the program runs, no figures
DEVICE = "cpu" if SMOKE else "cuda"


class Report:
    """Prints short lines and keeps everything in OUT/NAME.json, written after each entry, so that a time limit loses little."""

    def __init__(self, name):
        parser = argparse.ArgumentParser()
        parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("."))
        parser.add_argument("--smoke", action="store_true")
        self.arguments = parser.parse_args()
        self.name = name
        self.began = time.monotonic()
        self.entries = {"device": "cpu" if SMOKE else torch.cuda.get_device_name(), "torch": torch.__version__}

    def put(self, key, value, line=None):
        self.entries[key] = value
        self.arguments.out.mkdir(parents=True, exist_ok=True)
        (self.arguments.out / f"{self.name}.json").write_text(json.dumps(self.entries, indent=1, default=str))
        if line:
            print(line, flush=True)

    def attempt(self, key, function, *arguments):
        """Runs one part; what goes wrong in it is reported and the next part goes on."""
        try:
            return function(*arguments)
        except Exception as error:  # a pilot wants the other parts' figures all the same
            text = f"{type(error).__name__}: {str(error).strip()[:300]}"
            self.put(f"{key} failed", text, f"{key} FAILED {text}")
            return None

    def end(self):
        seconds = time.monotonic() - self.began
        self.put("seconds", seconds, f"{self.name}: {seconds:.0f} s")


def same_bits(a, b):
    whole = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[a.element_size()]
    return torch.equal(a.contiguous().view(whole), b.contiguous().view(whole))


def differing(a, b):
    """(share of elements that differ, root mean square of their difference over that of b)."""
    apart, norm = (a.double() - b.double()), b.double().pow(2).mean().sqrt()
    return (a != b).double().mean().item(), (apart.pow(2).mean().sqrt() / norm).item()


def synchronize():
    if not SMOKE:
        torch.cuda.synchronize()


def wall(function):
    """(seconds by the host's clock until the device is idle, the function's result)."""
    synchronize()
    began = time.perf_counter()
    result = function()
    synchronize()
    return time.perf_counter() - began, result


def median_wall(function, times=3):
    return statistics.median(wall(function)[0] for _ in range(1 if SMOKE else times))


def time_events(function, times=5, warm=2):
    """Median seconds of one call between two device events."""
    if SMOKE:
        return median_wall(function, 1)
    for _ in range(warm):
        function()
    seconds = []
    for _ in range(times):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        function()
        end.record()
        end.synchronize()
        seconds.append(begin.elapsed_time(end) / 1e3)
    return statistics.median(seconds)


def captured(calls):
    """A graph of the calls on the current stream; torch.cuda.graph collects garbage at each capture, which takes longer than these."""
    graph = torch.cuda.CUDAGraph()
    graph.capture_begin(capture_error_mode="thread_local")
    try:
        for call in calls:
            call()
    except Exception:
        try:
            graph.capture_end()
        except RuntimeError:
            pass  # the first error says why
        raise
    graph.capture_end()
    return graph


def time_graph(calls, milliseconds=15):
    """Seconds a call, of a list of calls captured as one graph: the device's time without the host's launches.

    Give each call operands of its own, several times the L2 cache together, or it is the cache that is measured.
    """
    if SMOKE:
        return median_wall(calls[0], 1)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for call in calls[:2]:
            call()
        torch.cuda.synchronize()
        graph = captured(calls)
        graph.replay()
        once = wall(graph.replay)[0]
        replays = max(3, int(milliseconds / 1e3 / max(once, 1e-6)))
        seconds = []
        for _ in range(3):
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            begin.record(stream)
            for _ in range(replays):
                graph.replay()
            end.record(stream)
            end.synchronize()
            seconds.append(begin.elapsed_time(end) / 1e3 / replays / len(calls))
    torch.cuda.current_stream().wait_stream(stream)
    return statistics.median(seconds)
