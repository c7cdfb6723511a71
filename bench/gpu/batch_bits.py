"""Which row counts give a row the same bits in a linear layer, and what one fixed order of sums costs.

1. The library's products (bfloat16 without reduced-precision sums; besides, with split K forbidden; float32; the head in float32 and
   as bfloat16 operands with float32 output): classes of row counts that agree on every row, at least a million outputs a shape and
   count. Each count is also run with its rows permuted, so that place and company change ("moved" names counts that fail).
2. Triton's fixed order: do tilings of other heights agree to the bit, and which of the library's counts agree with that chain?
3. Its time against the library's: decode rows by graph over weights larger than the cache, training rows by events.
"""
import math

import torch
from measure import DEVICE, SMOKE, Report, same_bits, time_events, time_graph

COMPUTE = torch.float16 if SMOKE else torch.bfloat16  # Triton's interpreter has no bfloat16 products
ROWS = (1, 2, 3, 4, 7, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024, 2048, 4096, 8192)
HEAD_ROWS = ROWS[:-2]
OUTPUTS = 1_000_000
MODELS = {  # layer: (outputs, inputs) of its weight
    "135M": {"qkv": (960, 576), "o": (576, 576), "gate_up": (3072, 576), "down": (576, 1536), "head": (49152, 576)},
    "1.5B": {"qkv": (2048, 1536), "o": (1536, 1536), "gate_up": (17920, 1536), "down": (1536, 8960), "head": (151936, 1536)},
    "7B": {"qkv": (4608, 3584), "o": (3584, 3584), "gate_up": (37888, 3584), "down": (3584, 18944), "head": (152064, 3584)},
}
if SMOKE:
    ROWS, HEAD_ROWS, OUTPUTS = (1, 3, 16), (1, 16), 1000
    MODELS = {"tiny": {"qkv": (96, 128), "down": (64, 384), "head": (130, 128)}}


def operands(N, K, rows, kind=None):
    x = torch.randn(rows, K, device=DEVICE).to(kind or COMPUTE)
    w = (torch.randn(N, K, device=DEVICE) * 0.02).to(kind or COMPUTE)
    return x, w


def in_blocks(function, x, M, least):
    """The function of consecutive blocks of M rows, of at least `least` rows in all."""
    blocks = min(max(1, math.ceil(least / M)), len(x) // M)
    return torch.cat([function(x[i * M:(i + 1) * M]) for i in range(blocks)])


def agree(a, b):
    rows = min(len(a), len(b))
    return same_bits(a[:rows], b[:rows])


def row_classes(function, x, counts, least):
    """(classes of row counts whose members agree pairwise, counts at which a moved row changes, each count's outputs)."""
    classes, moved, results = [], [], {}
    for M in counts:
        results[M] = y = in_blocks(function, x, M, least)
        order = torch.randperm(len(y), device=x.device)
        if not same_bits(in_blocks(function, x[:len(y)][order], M, len(y)), y[order]):
            moved.append(M)
        for members in classes:
            if all(agree(y, results[other]) for other in members):
                members.append(M)
                break
        else:
            classes.append([M])
    return classes, moved, results


def joint(per_layer, counts):
    """Row counts that lie in one class for every layer of a model."""
    found = {}
    for M in counts:
        key = tuple(next(i for i, members in enumerate(classes) if M in members) for classes in per_layer)
        found.setdefault(key, []).append(M)
    return list(found.values())


def shown(classes):
    return " | ".join(" ".join(map(str, members)) for members in classes)


def forbid_split(forbidden):
    try:
        torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = (False, not forbidden)
    except (RuntimeError, TypeError, AttributeError):
        if forbidden:
            raise
        torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False


def widened_head(x, w):
    return torch.nn.functional.linear(x.float(), w)


def mixed_head(x, w):
    """bfloat16 operands, float32 sums and output: the products of a float32 head on rounded weights, in another order."""
    return x.float() @ w.float().T if SMOKE else torch.mm(x, w.T, out_dtype=torch.float32)


def library(report, name, layers, kind, function, counts, chains):
    for model, shapes in MODELS.items():
        per_layer, moved, chain, record = [], set(), set(counts), {}
        for layer in layers:
            N, K = shapes[layer]
            x, w = operands(N, K, counts[-1], kind)
            kept = w.float() if function is widened_head else w
            classes, shifted, results = row_classes(lambda rows: function(rows, kept), x, counts, max(64, math.ceil(OUTPUTS / N)))
            per_layer.append(classes)
            moved.update(shifted)
            record[layer] = {"classes": classes, "moved": shifted}
            if chains:
                ordered = chains(x, w, results[counts[-1]].dtype)
                record[layer]["chain"] = [M for M in counts if agree(results[M], ordered)]
                chain &= set(record[layer]["chain"])
            del results
        record["joint"] = joint(per_layer, counts)
        line = f"{name} {model}: classes a layer {[len(classes) for classes in per_layer]}; joint {shown(record['joint'])}"
        line += f"; moved {sorted(moved)}" if moved else ""
        line += f"; as Triton's chain {sorted(chain)}" if chains else ""
        report.put(f"{name} {model}", record, line)


def triton_bits(report):
    from fixed_linear import TILINGS, linear
    rows = 33 if SMOKE else 2048
    counts = (1, 7, 16, 33) if SMOKE else (1, 7, 16, 100, 512, 2048)
    apart, errors = [], []
    for model, shapes in MODELS.items():
        for layer, (N, K) in shapes.items():
            if layer == "head":
                continue
            x, w = operands(N, K, rows)
            exact = x[:64].double() @ w.double().T
            for modes in (("chain",), ("parts", "segments")):
                reference = linear(x, w, TILINGS["turned64"], modes[0])
                errors.append(((reference[:64].double() - exact).norm() / exact.norm()).item())
                for tiling in TILINGS.values():
                    for mode in modes:
                        if K % tiling.depth or (mode == "parts" and tiling.bulk) or (mode == "segments" and tiling.name == "bulk256"):
                            continue
                        text = f"{model} {layer} {tiling.name} {mode}"
                        bad = report.attempt(text, lambda: [M for M in counts if not agree(linear(x[:M], w, tiling, mode), reference)])
                        if bad:
                            apart.append((text, bad))
    report.put("triton", {"apart": apart, "errors": errors},
               f"triton: tilings agree to the bit at every count: {not apart}; error against float64 at most {max(errors):.1e}")
    by_cases = {}
    for tiling in sorted({" ".join(text.split()[2:]) for text, _ in apart}):
        cases = tuple("/".join(text.split()[:2]) for text, _ in apart if " ".join(text.split()[2:]) == tiling)
        by_cases.setdefault(cases, []).append(tiling)
    for cases, tilings in by_cases.items():
        print(f"  {', '.join(tilings)}: not as turned64 in {len(cases)} shapes, {' '.join(cases[:3])} …", flush=True)


def decode_times(report):
    from fixed_linear import TILINGS, linear
    choices = {1: ("rows16", "rows16deep", "turned16", "turned16deep"), 16: ("rows16", "rows16deep", "turned16", "turned16deep"),
               64: ("turned16deep", "turned64", "wide64"), 256: ("turned64", "turned128", "wide64", "wide128")}
    for model in [model for model in MODELS if model != "135M"]:
        copies = {}
        for layer, (N, K) in MODELS[model].items():
            copies[layer] = [operands(N, K, 1)[1] for _ in range(max(1, math.ceil(200e6 / (2 * N * K))) if not SMOKE else 1)]
        for M, tilings in choices.items():
            record, total = {}, {"library": 0.0, "chain": 0.0, "fixed parts": 0.0}
            for layer, weights in copies.items():
                x = operands(1, weights[0].shape[1], M)[0]
                kind = torch.float32 if layer == "head" else COMPUTE
                weights = weights * max(1, 8 // len(weights))

                def timed(function):
                    return time_graph([lambda w=w: function(x, w) for w in weights]) * 1e6

                times = {"library": timed(mixed_head if layer == "head" else torch.nn.functional.linear)}
                for name in tilings:
                    for mode in ("chain", "parts") if layer in ("qkv", "o", "down") else ("chain",):
                        times[f"{mode} {name}"] = timed(lambda x, w: linear(x, w, TILINGS[name], mode, kind))
                best = {mode: min((value, key) for key, value in times.items() if key.startswith(mode)) for mode in ("chain", "parts")
                        if any(key.startswith(mode) for key in times)}
                record[layer] = {"microseconds": times, "best": best}
                if layer != "head":
                    total["library"] += times["library"]
                    total["chain"] += best["chain"][0]
                    total["fixed parts"] += min(best.values())[0]
            head = record["head"]
            report.put(f"decode {model} {M}", record, f"decode {model} rows {M}: four linears " + ", ".join(
                f"{key} {value:.1f} us" for key, value in total.items()) + f" (x{total['fixed parts'] / total['library']:.2f}); head "
                f"{head['microseconds']['library']:.0f} / {head['best']['chain'][0]:.0f} us; best " + " ".join(
                f"{layer}:{min(record[layer]['best'].values())[1].replace(' ', '/')}" for layer in record))


def training_times(report):
    from fixed_linear import TILINGS, linear
    for model in [model for model in MODELS if model != "135M"]:
        for M in (33,) if SMOKE else (4096, 16384):
            record, total, work = {}, {}, 0.0
            for layer, (N, K) in MODELS[model].items():
                if layer == "head":
                    continue
                x, w = operands(N, K, M)
                work += 2.0 * M * N * K
                choices = {"library": lambda: torch.nn.functional.linear(x, w)}
                for name, mode in (("wide128", "chain"), ("bulk128", "chain"), ("bulk256", "chain"), ("bulk128", "segments"),
                                   ("wide128", "segments")):
                    choices[f"{name} {mode}"] = lambda name=name, mode=mode: linear(x, w, TILINGS[name], mode)
                record[layer] = {}
                for key, function in choices.items():
                    seconds = report.attempt(f"{model} {layer} {key}", time_events, function, 3, 1)
                    if seconds:
                        record[layer][key] = seconds
                        total[key] = total.get(key, 0.0) + seconds
            report.put(f"training {model} {M}", record, f"training {model} rows {M}, four linears: " + ", ".join(
                f"{key} {value * 1e3:.2f} ms ({work / value / 1e12:.0f} TFLOP/s)" for key, value in total.items()))


def head_times(report):
    from fixed_linear import TILINGS, linear
    for model, shapes in MODELS.items():
        N, K = shapes["head"]
        rows = 33 if SMOKE else 2048
        x, w = operands(N, K, rows)
        wide = w.float()
        exact = x[:16].double() @ w.double().T
        record = {}
        for name, function in (("float32", lambda: widened_head(x, wide)), ("mixed", lambda: mixed_head(x, w)),
                               ("chain", lambda: linear(x, w, TILINGS["bulk256"], "chain", torch.float32))):
            error = report.attempt(f"head {name}", lambda: ((function()[:16].double() - exact).norm() / exact.norm()).item())
            seconds = report.attempt(f"head {name}", time_events, function, 3, 1)
            record[name] = (seconds, error)
        report.put(f"head {model}", record, f"head {model} of {rows} rows: " + ", ".join(
            f"{name} {1e3 * seconds:.2f} ms (error {error:.1e})" for name, (seconds, error) in record.items() if seconds))


def main():
    torch.manual_seed(0)
    torch.set_grad_enabled(False)
    torch.backends.cuda.matmul.allow_tf32 = False
    forbid_split(False)
    report = Report("batch_bits")
    layers = [layer for layer in next(iter(MODELS.values())) if layer != "head"]
    linear = torch.nn.functional.linear

    def chain(x, w, kind):
        from fixed_linear import TILINGS, linear
        return linear(x, w, TILINGS["wide128"], "chain", kind)

    report.attempt("triton", triton_bits, report)
    report.attempt("library", library, report, "bf16", layers, COMPUTE, linear, ROWS, chain)
    report.attempt("decode", decode_times, report)
    report.attempt("training", training_times, report)
    report.attempt("head mixed", library, report, "head mixed", ["head"], COMPUTE, mixed_head, HEAD_ROWS, chain)
    report.attempt("head", head_times, report)
    report.attempt("library float32", library, report, "float32", layers, torch.float32, linear, ROWS, None)
    report.attempt("head float32", library, report, "head float32", ["head"], COMPUTE, widened_head, HEAD_ROWS, None)
    if report.attempt("no split", lambda: (forbid_split(True), True)):
        report.attempt("library no split", library, report, "bf16 no split", layers, COMPUTE, linear, ROWS, chain)
    report.end()


main()
