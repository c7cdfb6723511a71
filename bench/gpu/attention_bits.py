"""Does a cached decode give the bits of a packed training forward, and what does attention in one fixed order cost?

Stock kernels first (at::_flash_attention_forward over packed sequences against the same with one query, dense with one query, SDPA),
then the kernel of fixed_attention.py: every token of the packed sequences decoded again, all tilings, with and without segments.
Heads of Qwen2.5-1.5B: 12 query, 2 key, 128 wide.
"""
import functools
import math

import torch
from fixed_attention import attend
from measure import DEVICE, SMOKE, Report, differing, same_bits, time_events, time_graph

HEADS, KEY_HEADS, D = (4, 2, 32) if SMOKE else (12, 2, 128)
COMPUTE = torch.float16 if SMOKE else torch.bfloat16
LENGTHS = (40, 70, 130) if SMOKE else (137, 512, 1000, 1024, 1500, 2047)
SEGMENT = 64 if SMOKE else 1024
FORWARD = {"64": (64, 4, 2), "64 stages 3": (64, 4, 3), "128": (128, 8, 2), "128 stages 3": (128, 8, 3)}  # rows, warps, stages
DECODE = {"64": (64, 4, 3), "16": (16, 4, 3), "16 one warp": (16, 1, 3)}


def vector(values):
    return torch.tensor(values, dtype=torch.int32, device=DEVICE)


def starts(lengths):
    return vector([sum(lengths[:i]) for i in range(len(lengths) + 1)])


def qkv(queries, keys):
    return tuple(torch.randn(n, h, D, device=DEVICE).to(COMPUTE) for n, h in ((queries, HEADS), (keys, KEY_HEADS), (keys, KEY_HEADS)))


def exact(q, k, v):
    """One sequence, causal, the last query at the last key, in float32."""
    q, k, v = (x.float().transpose(0, 1) for x in (q, k, v))
    k, v = (x.repeat_interleave(HEADS // KEY_HEADS, 0) for x in (k, v))
    score = q @ k.transpose(1, 2) / math.sqrt(D)
    hidden = torch.ones(score.shape[-2:], dtype=torch.bool, device=q.device).triu(score.shape[-1] - score.shape[-2] + 1)
    return (score.masked_fill(hidden, float("-inf")).softmax(-1) @ v).transpose(0, 1)


def flash(q, k, v, queries, keys):
    """The stock kernel over packed sequences: everything it returns."""
    if SMOKE:
        parts = [exact(*x) for x in zip(q.split(queries), k.split(keys), v.split(keys))]
        return (torch.cat(parts).to(COMPUTE),)
    return torch.ops.aten._flash_attention_forward(q, k, v, starts(queries), starts(keys), max(queries), max(keys), 0.0, True, False)


def flash_dense(q, k, v):
    """The stock kernel on [batch, tokens, heads, D]."""
    return torch.ops.aten._flash_attention_forward(q, k, v, None, None, q.shape[1], k.shape[1], 0.0, q.shape[1] > 1, False)[0]


def sdpa(q, k, v, causal):
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.FLASH_ATTENTION):
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=True).transpose(1, 2)


def stock_bits(report):
    q, k, v = qkv(sum(LENGTHS), sum(LENGTHS))
    packed = flash(q, k, v, LENGTHS, LENGTHS)[0]
    rows = [x.split(LENGTHS) for x in (q, k, v, packed)]
    error = differing(packed[:LENGTHS[0]].float(), exact(*(x[0] for x in rows[:3])))[1]
    order = list(range(len(LENGTHS)))[::-1]
    turned = flash(*(torch.cat([x[i] for i in order]) for x in rows[:3]), [LENGTHS[i] for i in order], [LENGTHS[i] for i in order])[0]
    order_free = same_bits(turned, torch.cat([rows[3][i] for i in order]))
    prefix_free = all(same_bits(flash(x[:n], y[:n], z[:n], [n], [n])[0], p[:n])
                      for x, y, z, p in zip(*rows) for n in (len(x) // 3 + 1, len(x)))
    report.put("stock packed", {"order": order_free, "prefix": prefix_free, "error": error},
               f"stock flash, packed: error {error:.1e}; bits free of neighbours {order_free}, of a longer sequence {prefix_free}")

    def decoded(name, function):
        pairs = []
        for step in range(3 if SMOKE else 24):
            ends = [1 + (step * 331 + 17) % n for n in LENGTHS]
            pairs.append((function(ends), torch.stack([p[n - 1] for p, n in zip(rows[3], ends)])))
        new, old = (torch.cat([pair[i] for pair in pairs]) for i in (0, 1))
        share, spread = differing(new, old)
        report.put(f"stock {name}", (share, spread), f"stock {name} against packed forward: {share:.2%} of {new.numel()} outputs differ, "
                   f"relative RMS {spread:.1e}")

    def varlen(ends):
        pick = [torch.cat([x[i][:n] for i, n in enumerate(ends)]) for x in rows[1:3]]
        return flash(torch.stack([x[n - 1] for x, n in zip(rows[0], ends)]), *pick, [1] * len(ends), ends)[0]

    def each(function, ends):
        return torch.cat([function(x[None, n - 1:n], y[None, :n], z[None, :n])[0] for x, y, z, n in zip(*rows[:3], ends)])

    report.attempt("decode varlen", decoded, "decode varlen", varlen)
    report.attempt("decode dense", decoded, "decode dense", lambda ends: each(flash_dense, ends))
    report.attempt("decode SDPA", decoded, "decode SDPA", lambda ends: each(lambda q, k, v: sdpa(q, k, v, False), ends))


def fixed_bits(report):
    q, k, v = qkv(sum(LENGTHS), sum(LENGTHS))
    begins, lengths = starts(LENGTHS)[:-1], vector(LENGTHS)
    ends = [n for length in LENGTHS for n in range(1, length + 1)]
    first_key = torch.repeat_interleave(begins, lengths)
    tokens, ones = torch.arange(len(ends), dtype=torch.int32, device=DEVICE), torch.ones(len(ends), dtype=torch.int32, device=DEVICE)
    true = torch.cat([exact(*x) for x in zip(q.split(LENGTHS), k.split(LENGTHS), v.split(LENGTHS))])
    for segment in (0, SEGMENT):
        outputs = {}
        for name, (rows, warps, stages) in FORWARD.items():
            outputs[f"forward {name}"] = report.attempt(f"forward {name}", attend, q, k, v, begins, begins, lengths, lengths, max(LENGTHS),
                                                        max(LENGTHS), rows, warps, stages, segment)
        for name, (rows, warps, stages) in DECODE.items():
            for parts in (False, True) if segment else (False,):
                key = f"decode {name}{' parts' if parts else ''}"
                outputs[key] = report.attempt(key, attend, q, k, v, tokens, first_key, ones, vector(ends), 1, max(LENGTHS),
                                              rows, warps, stages, segment, parts)
        outputs = {key: value for key, value in outputs.items() if value}
        reference = outputs["forward 64"]
        found = {key: (*differing(value[0], reference[0]), same_bits(value[1], reference[1])) for key, value in outputs.items()}
        apart = {key: f"{value[0]:.2%}" for key, value in found.items() if value[0] or not value[2]}
        error = differing(reference[0].float(), true)[1]
        report.put(f"fixed {segment}", {"outputs": true.numel(), "found": found, "error": error},
                   f"fixed order, segments of {segment}: error {error:.1e}; of {true.numel()} outputs {len(found) - len(apart)} of "
                   f"{len(found)} tilings agree to the bit, LSE too; apart: {apart or 'none'}")


def stock_backward(report):
    """Does the stock backward take the fixed kernel's output and LSE?"""
    q, k, v = qkv(sum(LENGTHS), sum(LENGTHS))
    begins, lengths = starts(LENGTHS)[:-1], vector(LENGTHS)
    out, lse, state, unused, _ = flash(q, k, v, LENGTHS, LENGTHS)
    ours, ours_lse = attend(q, k, v, begins, begins, lengths, lengths, max(LENGTHS), max(LENGTHS), *FORWARD["64"])
    ours_lse = ours_lse.T.contiguous()
    slope = torch.randn_like(q)

    def gradients(out, lse):
        return torch.ops.aten._flash_attention_backward(slope, q, k, v, out, lse, starts(LENGTHS), starts(LENGTHS), max(LENGTHS),
                                                        max(LENGTHS), 0.0, True, state, unused)

    apart = [differing(a, b)[1] for a, b in zip(gradients(ours, ours_lse), gradients(out, lse))]
    again = all(same_bits(a, b) for a, b in zip(gradients(out, lse), gradients(out, lse)))
    report.put("backward", {"shape": tuple(lse.shape), "ours": tuple(ours_lse.shape), "apart": apart, "repeatable": again},
               f"stock backward with the fixed output and LSE {tuple(lse.shape)}: dq, dk, dv differ by {[f'{x:.0e}' for x in apart]}; "
               f"repeatable {again}")


def decode_times(report):
    for batch, keys in ((2, 100),) if SMOKE else ((16, 16384), (64, 512), (64, 4096), (64, 16384), (256, 512), (256, 4096), (256, 16384)):
        bytes_read = 2 * batch * keys * KEY_HEADS * D * 2
        copies = [qkv(batch, batch * keys) for _ in range(math.ceil(150e6 / bytes_read) if not SMOKE else 1)]
        ends, begins = vector([keys] * batch), starts([keys] * batch)[:-1]
        tokens, ones = torch.arange(batch, dtype=torch.int32, device=DEVICE), vector([1] * batch)
        cum_q, cum_k = starts([1] * batch), starts([keys] * batch)
        kernels = {
            "flash varlen": lambda q, k, v: torch.ops.aten._flash_attention_forward(q, k, v, cum_q, cum_k, 1, keys, 0.0, True, False),
            "flash dense": lambda q, k, v: flash_dense(q[:, None], k.view(batch, keys, KEY_HEADS, D), v.view(batch, keys, KEY_HEADS, D))}
        for name, tiling in DECODE.items():
            for segment, parts in ((0, False), (SEGMENT, True)):
                kernels[f"{name} parts" if parts else name] = functools.partial(
                    attend, first_query=tokens, first_key=begins, queries=ones, keys=ends, most_queries=1, most_keys=keys,
                    rows=tiling[0], warps=tiling[1], stages=tiling[2], segment=segment, parts=parts)
        record = {}
        for name, kernel in kernels.items():
            calls = [functools.partial(kernel, *copy) for copy in copies] * max(1, 4 // len(copies))
            seconds = report.attempt(f"decode {name} {batch}x{keys}", time_graph, calls)
            if seconds:
                record[name] = seconds
        report.put(f"decode {batch} {keys}", record, f"decode batch {batch} keys {keys} (at 3 TB/s {bytes_read / 3e6:.0f} us): " + ", ".join(
            f"{name} {1e6 * seconds:.0f}" for name, seconds in record.items()))


def forward_times(report):
    for lengths in ((40, 70),) if SMOKE else ((2048,) * 8, (16384,)):
        q, k, v = qkv(sum(lengths), sum(lengths))
        work = sum(2.0 * n * n * HEADS * D for n in lengths)  # causal: half of 4 n n
        begins, ends = starts(lengths)[:-1], vector(lengths)
        record = {"flash": time_events(lambda: flash(q, k, v, lengths, lengths))}
        for segment in (0, SEGMENT):
            for name, tiling in FORWARD.items():
                record[f"{name}{' segments' if segment else ''}"] = report.attempt(f"forward {name} {segment}", time_events, functools.partial(
                    attend, q, k, v, begins, begins, ends, ends, max(lengths), max(lengths), *tiling, segment))
        report.put(f"forward {lengths}", record, f"forward {len(lengths)} x {lengths[0]}: " + ", ".join(
            f"{name} {1e3 * seconds:.2f} ms ({work / seconds / 1e12:.0f} TFLOP/s)" for name, seconds in record.items() if seconds))


def main():
    torch.manual_seed(0)
    torch.set_grad_enabled(False)
    report = Report("attention_bits")
    for name, part in (("stock bits", stock_bits), ("fixed bits", fixed_bits), ("decode times", decode_times),
                       ("forward times", forward_times), ("backward", stock_backward)):
        report.attempt(name, part, report)
    report.end()


main()
