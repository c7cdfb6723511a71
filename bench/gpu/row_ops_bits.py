"""Do torch's row-by-row operations give a row the same bits whatever the number of rows?

Each operation runs once on all rows and again on blocks of M rows; the line names the M at which a row changed. All rows: 16,384
(1,024 for those over the vocabulary), so at least a million outputs or, for sums, every row's sum.
"""
import torch
from measure import DEVICE, SMOKE, Report, same_bits

functional = torch.nn.functional
BLOCKS = (1, 2, 3, 7, 16, 48, 64, 100, 256, 1000, 4096)
COMPUTE = torch.bfloat16


def rms_norm_by_parts(x, weight):
    wide = x.float()
    return (weight.float() * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-6))).to(x.dtype)


def rope(x, angle):
    """x [rows, heads, 128], angle [rows, 64]"""
    cosine, sine = (torch.cat([y, y], -1)[:, None] for y in (angle.cos(), angle.sin()))
    wide = x.float()
    turned = torch.cat([-wide[..., 64:], wide[..., :64]], -1)
    return (wide * cosine + turned * sine).to(x.dtype)


def selected(logits, ids):
    return logits.gather(-1, ids[:, None])[:, 0] - torch.logsumexp(logits, -1)


def race(logits, noise):
    """A token by the exponential race."""
    return (torch.softmax(logits, -1) / noise).argmax(-1)


def changed_at(function, inputs):
    whole = function(*inputs)
    bad = []
    for M in BLOCKS:
        if M >= len(whole):
            continue
        # small blocks from all over the rows, at most 512 of them
        begins = torch.linspace(0, len(whole) - M, min(512, len(whole) // M)).long().tolist()
        if not all(same_bits(function(*(x[i:i + M] for x in inputs)), whole[i:i + M]) for i in begins):
            bad.append(M)
    return bad


def main():
    torch.manual_seed(0)
    torch.set_grad_enabled(False)
    report = Report("row_ops_bits")
    rows, few = (64, 32) if SMOKE else (16384, 1024)
    cases = []
    for hidden in (576, 1536, 3584):
        x, weight = torch.randn(rows, hidden, device=DEVICE).to(COMPUTE), torch.rand(hidden, device=DEVICE).to(COMPUTE)
        cases += [(f"rms_norm fused {hidden}", lambda x, w=weight: functional.rms_norm(x, (x.shape[-1],), w, 1e-6), (x,)),
                  (f"rms_norm by parts {hidden}", lambda x, w=weight: rms_norm_by_parts(x, w), (x,))]
    wide = torch.randn(rows, 2 * 8960, device=DEVICE).to(COMPUTE)
    cases.append(("silu x up", lambda x: (functional.silu(x[:, :8960].float()) * x[:, 8960:].float()).to(x.dtype), (wide,)))
    heads, angle = torch.randn(rows, 12, 128, device=DEVICE).to(COMPUTE), torch.rand(rows, 64, device=DEVICE) * 1e4
    cases.append(("rope", rope, (heads, angle)))
    for vocabulary in (300,) if SMOKE else (49152, 151936):
        logits = torch.randn(few, vocabulary, device=DEVICE) * 3
        ids = torch.randint(vocabulary, (few,), device=DEVICE)
        noise = torch.empty_like(logits).exponential_()
        cases += [(f"logsumexp {vocabulary}", lambda x: torch.logsumexp(x, -1), (logits,)),
                  (f"log_softmax {vocabulary}", lambda x: torch.log_softmax(x, -1), (logits,)),
                  (f"softmax {vocabulary}", lambda x: torch.softmax(x, -1), (logits,)),
                  (f"sum {vocabulary}", lambda x: x.sum(-1), (logits,)),
                  (f"selected {vocabulary}", selected, (logits, ids)),
                  (f"race {vocabulary}", race, (logits, noise))]
    steady = []
    for name, function, inputs in cases:
        bad = report.attempt(name, changed_at, function, inputs)
        if bad is not None:
            report.put(name, bad, f"{name}: changes at {bad}" if bad else None)
            steady += [name] if not bad else []
    print(f"the same bits at every count ({BLOCKS}): {', '.join(steady)}", flush=True)
    report.end()


main()
