"""Floors for an actor and a learner: a model of Qwen2.5-1.5B's shape with random weights, plain torch operations, stock attention.

A decode step is one token for each of B sequences with a cache of a fixed length (the graph's shapes do not grow), sampling included:
eager against a CUDA graph. A training step is forward and backward over packed sequences with a head that never holds
[tokens, vocabulary]; model FLOPs count 6 a parameter and token and causal attention, not what checkpointing computes again.
"""
import torch
from measure import DEVICE, SMOKE, Report, median_wall, wall
from torch.utils.checkpoint import checkpoint

functional = torch.nn.functional
LAYERS, HIDDEN, HEADS, KEY_HEADS, D, FEED, VOCABULARY = (2, 64, 4, 2, 16, 96, 300) if SMOKE else (28, 1536, 12, 2, 128, 8960, 151936)
COMPUTE = torch.bfloat16
CHUNK = 16 if SMOKE else 1024


def weight(*shape):
    return (torch.randn(*shape, device=DEVICE) * 0.02).to(COMPUTE)


def make_model():
    layers = [{"norm1": weight(HIDDEN) + 1, "qkv": weight((HEADS + 2 * KEY_HEADS) * D, HIDDEN), "bias": weight((HEADS + 2 * KEY_HEADS) * D),
               "o": weight(HIDDEN, HEADS * D), "norm2": weight(HIDDEN) + 1, "gate_up": weight(2 * FEED, HIDDEN),
               "down": weight(HIDDEN, FEED)} for _ in range(LAYERS)]
    return {"embed": weight(VOCABULARY, HIDDEN), "norm": weight(HIDDEN) + 1, "layers": layers}


def parameters_of(model):
    return [model["embed"], model["norm"], *(w for layer in model["layers"] for w in layer.values())]


def rms_norm(x, w):
    return functional.rms_norm(x, (HIDDEN,), w, 1e-6)


def rope(x, cosine, sine):
    wide = x.float()
    half = D // 2
    return (wide * cosine + torch.cat([-wide[..., half:], wide[..., :half]], -1) * sine).to(x.dtype)


def angles(places):
    inverse = 1e6 ** -(torch.arange(0, D, 2, device=DEVICE).float() / D)
    angle = places.float()[:, None] * inverse[None]
    return tuple(torch.cat([x, x], -1)[:, None] for x in (angle.cos(), angle.sin()))


def attention(q, k, v, cum, longest):
    """Packed and causal."""
    if SMOKE:
        k, v = (x.repeat_interleave(HEADS // KEY_HEADS, 1) for x in (k, v))
        return functional.scaled_dot_product_attention(*(x.transpose(0, 1) for x in (q, k, v)), is_causal=True).transpose(0, 1)
    return torch.ops.aten._flash_attention_forward(q, k, v, cum, cum, longest, longest, 0.0, True, False)[0]


def cached_attention(q, k, v):
    """q [B, heads, D] over k, v [B, keys, key heads, D]."""
    if SMOKE:
        k, v = (x.repeat_interleave(HEADS // KEY_HEADS, 2) for x in (k, v))
        return functional.scaled_dot_product_attention(q[:, :, None], k.transpose(1, 2), v.transpose(1, 2))[:, :, 0]
    return torch.ops.aten._flash_attention_forward(q[:, None], k, v, None, None, 1, k.shape[1], 0.0, False, False)[0][:, 0]


def layer_forward(x, layer, cosine, sine, attend):
    h = functional.linear(rms_norm(x, layer["norm1"]), layer["qkv"], layer["bias"])
    q, k, v = h.view(len(x), -1, D).split([HEADS, KEY_HEADS, KEY_HEADS], 1)
    x = x + functional.linear(attend(rope(q, cosine, sine), rope(k, cosine, sine), v).reshape(len(x), -1), layer["o"])
    gate, up = functional.linear(rms_norm(x, layer["norm2"]), layer["gate_up"]).chunk(2, -1)
    return x + functional.linear(functional.silu(gate) * up, layer["down"])


def mixed_logits(h, w):
    return h.float() @ w.float().T if SMOKE else torch.mm(h, w.T, out_dtype=torch.float32)


class SelectedLogprobs(torch.autograd.Function):
    """Log-probabilities of the ids, by chunks of rows; backward makes each chunk's logits again."""

    @staticmethod
    def forward(context, h, w, ids):
        out, sums = [], []
        for rows, chosen in zip(h.split(CHUNK), ids.split(CHUNK)):
            logits = mixed_logits(rows, w)
            sums.append(torch.logsumexp(logits, -1))
            out.append(logits.gather(-1, chosen[:, None])[:, 0] - sums[-1])
        context.save_for_backward(h, w, ids, torch.cat(sums))
        return torch.cat(out)

    @staticmethod
    def backward(context, slope):
        h, w, ids, sums = context.saved_tensors
        dh, dw = torch.empty_like(h), torch.zeros(w.shape, dtype=torch.float32, device=w.device)
        for i in range(0, len(h), CHUNK):
            rows, g = h[i:i + CHUNK], slope[i:i + CHUNK, None]
            logits = mixed_logits(rows, w).sub_(sums[i:i + CHUNK, None]).exp_().mul_(-g)
            logits.scatter_add_(-1, ids[i:i + CHUNK, None], g)
            narrow = logits.to(COMPUTE)
            dh[i:i + CHUNK] = narrow @ w
            dw += narrow.T @ rows
        return dh, dw.to(w.dtype), None


def decode(report, model):
    read = sum(2 * w.numel() for w in parameters_of(model))
    for batch, keys in ((1, 32), (3, 32)) if SMOKE else ((1, 1024), (16, 1024), (64, 1024), (256, 1024), (64, 4096)):
        cache = [[torch.randn(batch, keys, KEY_HEADS, D, device=DEVICE).to(COMPUTE) for _ in range(2)] for _ in range(LAYERS)]
        ids = torch.randint(VOCABULARY, (batch,), device=DEVICE)
        place = torch.full((batch,), keys - 1, device=DEVICE)
        noise = torch.empty(batch, VOCABULARY, device=DEVICE)

        def step():
            x, (cosine, sine) = model["embed"][ids], angles(place)
            for layer, (keys_kept, values_kept) in zip(model["layers"], cache):
                def attend(q, k, v):
                    keys_kept[:, -1], values_kept[:, -1] = k, v
                    return cached_attention(q, keys_kept, values_kept)
                x = layer_forward(x, layer, cosine, sine, attend)
            logits = mixed_logits(rms_norm(x, model["norm"]), model["embed"])
            sums = torch.logsumexp(logits, -1)
            noise.exponential_()
            token = (torch.exp(logits - sums[:, None]) / noise).argmax(-1)
            ids.copy_(token)
            return logits.gather(-1, token[:, None])[:, 0] - sums

        step()
        times = {"eager": median_wall(step, 10)}
        if not SMOKE:
            times["graph"] = graph_time(step)
        floor = (read + 4 * batch * keys * KEY_HEADS * D * LAYERS) / 3e12
        report.put(f"decode {batch} {keys}", {"seconds": times, "floor": floor}, f"decode batch {batch}, cache {keys} (at 3 TB/s "
                   f"{1e3 * floor:.2f} ms): " + ", ".join(f"{key} {1e3 * value:.2f} ms = {batch / value:.0f} tokens/s"
                                                          for key, value in times.items()))


def graph_time(step):
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        step()
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        capture, _ = wall(lambda: capture_into(graph, stream, step))
        graph.replay()
        seconds = median_wall(graph.replay, 10)
    print(f"  capture {1e3 * capture:.0f} ms", flush=True)
    return seconds


def capture_into(graph, stream, step):
    with torch.cuda.graph(graph, stream=stream):
        step()


def train(report, model):
    weights = parameters_of(model)
    for w in weights:
        w.requires_grad_(True)
    count = sum(w.numel() for w in weights)
    for tokens, length, again in ((64, 32, True), (64, 64, False)) if SMOKE else ((16384, 1024, True), (16384, 4096, True), (8192, 1024, False)):
        ids = torch.randint(VOCABULARY, (tokens,), device=DEVICE)
        cum = torch.arange(0, tokens + 1, length, dtype=torch.int32, device=DEVICE)
        cosine, sine = angles(torch.arange(tokens, device=DEVICE) % length)

        def hidden():
            x = model["embed"][ids]
            for layer in model["layers"]:
                def run(x, layer=layer):
                    return layer_forward(x, layer, cosine, sine, lambda q, k, v: attention(q, k, v, cum, length))
                x = checkpoint(run, x, use_reentrant=False) if again else run(x)
            return rms_norm(x, model["norm"])

        def micro_step():
            logprobs = SelectedLogprobs.apply(hidden(), model["embed"], ids)
            torch.autograd.grad(-logprobs.mean(), weights)

        def measured():
            micro_step()
            if not SMOKE:
                torch.cuda.reset_peak_memory_stats()
            seconds = median_wall(micro_step, 3)
            peak = 0 if SMOKE else torch.cuda.max_memory_allocated()
            work = tokens * (6.0 * count + 6.0 * length * LAYERS * HEADS * D)  # causal attention: half of 12 n L H D
            report.put(f"train {tokens} {length} {again}", (seconds, peak, work), f"train {tokens} tokens in sequences of {length}, "
                       f"{'checkpointed' if again else 'all kept'}: {1e3 * seconds:.0f} ms, {tokens / seconds:.0f} tokens/s, "
                       f"{work / seconds / 1e12:.0f} TFLOP/s, MFU of 989 {work / seconds / 989e12:.1%}, peak {peak / 1e9:.1f} GB")

        report.attempt(f"train {tokens} {length}", measured)
        if not SMOKE:
            torch.cuda.empty_cache()


def head(report, model):
    tokens = 64 if SMOKE else 16384
    h = weight(tokens, HIDDEN).mul_(50).requires_grad_(True)
    ids = torch.randint(VOCABULARY, (tokens,), device=DEVICE)

    def forward():
        with torch.no_grad():
            return SelectedLogprobs.apply(h, model["embed"], ids)

    def both():
        torch.autograd.grad(SelectedLogprobs.apply(h, model["embed"], ids).mean(), (h, model["embed"]))

    both()
    if not SMOKE:
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
    seconds = median_wall(forward), median_wall(both)
    peak = 0 if SMOKE else torch.cuda.max_memory_allocated() - before
    report.put("head", (seconds, peak), f"head of {tokens} tokens by {CHUNK}: forward {1e3 * seconds[0]:.1f} ms, with backward "
               f"{1e3 * seconds[1]:.1f} ms, {peak / 1e9:.2f} GB more (all logits at once: {4 * tokens * VOCABULARY / 1e9:.1f} GB)")
    if SMOKE:
        check_gradient(h, model["embed"], ids)


def check_gradient(h, w, ids):
    """The chunked head against autograd."""
    wide = [x.detach().float().requires_grad_(True) for x in (h, w)]
    plain = torch.log_softmax(wide[0] @ wide[1].T, -1).gather(-1, ids[:, None]).mean()
    ours = torch.autograd.grad(SelectedLogprobs.apply(h, w, ids).mean(), (h, w))
    for a, b in zip(ours, torch.autograd.grad(plain, wide)):
        print(f"  gradient's relative error {((a - b).norm() / b.norm()).item():.1e}")


def main():
    torch.manual_seed(0)
    report = Report("decode_step")
    model = make_model()
    with torch.no_grad():
        report.attempt("decode", decode, report, model)
    report.attempt("train", train, report, model)
    report.attempt("head", head, report, model)
    report.end()


main()
