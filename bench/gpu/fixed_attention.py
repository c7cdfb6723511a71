"""Attention whose keys are added in one order: a training forward over packed sequences and a cached decode from the same kernel.

A tile of queries walks the keys of its sequence upwards in blocks of 64 with a running maximum (flash), float32 sums, no block
that is shared between programs. Keys are gathered in segments of a fixed number of blocks that start empty and are merged in
order; the segments of a decode may be walked by different programs (parts) and merged by a second kernel. A decode tile holds the
query heads that share one key head, a training tile holds consecutive tokens of one head; what a row sees does not depend on it.
Multiplications and additions are not fused by the compiler (enable_fp_fusion=False), so that all callers round alike.
"""
import torch
import triton
import triton.language as tl


@triton.jit
def walk(q, k, v, stride, place, keys, begin, end, scale, top, length, out, BM: tl.constexpr, BN: tl.constexpr, D: tl.constexpr):
    """Adds keys [begin, end) to a segment's (maximum, sum, output)."""
    d = tl.arange(0, D)
    for n in range(begin, end, BN):
        at = n + tl.arange(0, BN)
        inside = (at < keys)[:, None]
        kk = tl.load(k + at[:, None] * stride + d[None, :], inside, 0.0)
        score = tl.dot(q, tl.trans(kk)) * scale
        score = tl.where(at[None, :] <= place[:, None], score, float("-inf"))
        higher = tl.maximum(top, tl.max(score, 1))
        base = tl.where(higher == float("-inf"), 0.0, higher)
        weight = tl.exp2(score - base[:, None])
        fade = tl.exp2(top - base)
        length = length * fade + tl.sum(weight, 1)
        vv = tl.load(v + at[:, None] * stride + d[None, :], inside, 0.0)
        out = tl.dot(weight.to(vv.dtype), vv, out * fade[:, None])
        top = higher
    return top, length, out


@triton.jit
def merge(top, length, out, other_top, other_length, other_out):
    higher = tl.maximum(top, other_top)
    mine, theirs = tl.exp2(top - higher), tl.exp2(other_top - higher)
    return higher, length * mine + other_length * theirs, out * mine[:, None] + other_out * theirs[:, None]


@triton.jit
def attention_kernel(q, k, v, out, lse, first_query, first_key, queries_of, keys_of, scale, heads, key_heads, parts,
                     part_top, part_length, part_out,
                     DECODE: tl.constexpr, PARTS: tl.constexpr, SEGMENT: tl.constexpr,
                     BM: tl.constexpr, BN: tl.constexpr, D: tl.constexpr):
    sequence = tl.program_id(2)
    queries, keys = tl.load(queries_of + sequence), tl.load(keys_of + sequence)
    group = heads // key_heads
    row = tl.arange(0, BM)
    if DECODE:  # rows are the heads of one key head, all at the last key
        key_head = tl.program_id(1)
        head = key_head * group + row
        token = tl.load(first_query + sequence) + row * 0
        alive = row < group
        place = row * 0 + keys - 1
        last = keys
    else:  # rows are tokens of one head, the last one at the last key
        start = tl.program_id(0) * BM
        if start >= queries:
            return
        head = tl.program_id(1) + row * 0
        key_head = tl.program_id(1) // group
        token = tl.load(first_query + sequence) + start + row
        alive = start + row < queries
        place = tl.minimum(keys - queries + start + row, keys - 1)
        last = tl.minimum(keys - queries + start + BM, keys)
    d = tl.arange(0, D)
    row_at = (token.to(tl.int64) * heads + head)
    tile = tl.load(q + row_at[:, None] * D + d[None, :], alive[:, None], 0.0)
    stride = key_heads * D
    skip = tl.load(first_key + sequence).to(tl.int64) * stride + key_head * D
    empty = tl.full([BM], float("-inf"), tl.float32)
    nought = tl.zeros([BM], tl.float32)
    blank = tl.zeros([BM, D], tl.float32)
    if PARTS:
        begin = tl.program_id(0) * SEGMENT
        if begin >= last:
            return
        top, length, sums = walk(tile, k + skip, v + skip, stride, place, keys, begin, tl.minimum(begin + SEGMENT, last), scale,
                                 empty, nought, blank, BM, BN, D)
        part_at = (sequence * heads + head) * parts + tl.program_id(0)
        tl.store(part_top + part_at, top, alive)
        tl.store(part_length + part_at, length, alive)
        tl.store(part_out + part_at.to(tl.int64)[:, None] * D + d[None, :], sums, alive[:, None])
    else:
        if SEGMENT == 0:
            top, length, sums = walk(tile, k + skip, v + skip, stride, place, keys, 0, last, scale, empty, nought, blank, BM, BN, D)
        else:
            top, length, sums = empty, nought, blank
            for begin in range(0, last, SEGMENT):
                t, l, o = walk(tile, k + skip, v + skip, stride, place, keys, begin, tl.minimum(begin + SEGMENT, last), scale,
                               empty, nought, blank, BM, BN, D)
                top, length, sums = merge(top, length, sums, t, l, o)
        tl.store(out + row_at[:, None] * D + d[None, :], (sums / length[:, None]).to(out.dtype.element_ty), alive[:, None])
        tl.store(lse + row_at, (top + tl.log2(length)) * 0.6931471805599453, alive)


@triton.jit
def merge_kernel(part_top, part_length, part_out, out, lse, first_query, keys_of, heads, parts,
                 SEGMENT: tl.constexpr, ROWS: tl.constexpr, D: tl.constexpr):
    """Merges the segments of one row in order; ROWS equal rows keep the shape of merge()."""
    sequence, head = tl.program_id(0), tl.program_id(1)
    d = tl.arange(0, D)
    at = (sequence * heads + head) * parts + tl.arange(0, ROWS) * 0
    top = tl.full([ROWS], float("-inf"), tl.float32)
    length = tl.zeros([ROWS], tl.float32)
    sums = tl.zeros([ROWS, D], tl.float32)
    for part in range(0, tl.cdiv(tl.load(keys_of + sequence), SEGMENT)):
        o = tl.load(part_out + (at + part).to(tl.int64)[:, None] * D + d[None, :])
        top, length, sums = merge(top, length, sums, tl.load(part_top + at + part), tl.load(part_length + at + part), o)
    row_at = (tl.load(first_query + sequence).to(tl.int64) * heads + head) + tl.arange(0, ROWS) * 0
    tl.store(out + row_at[:, None] * D + d[None, :], (sums / length[:, None]).to(out.dtype.element_ty))
    tl.store(lse + row_at, (top + tl.log2(length)) * 0.6931471805599453)


def attend(q, k, v, first_query, first_key, queries, keys, most_queries, most_keys, rows, warps, stages=2, segment=0, parts=False):
    """q [tokens, heads, D]; k, v [cached tokens, key heads, D]; int32 vectors with one entry a sequence. (output, LSE [tokens, heads]).

    most_queries is 1 for a decode. segment: keys a segment, 0 for none; parts: a decode's segments by programs of their own.
    """
    (tokens, heads, D), key_heads, sequences = q.shape, k.shape[1], len(queries)
    decode = most_queries == 1
    out = torch.empty_like(q)
    lse = torch.empty(tokens, heads, dtype=torch.float32, device=q.device)
    count = triton.cdiv(most_keys, segment) if parts else 1
    shape = (sequences, heads, count) if parts else (1,)
    top, length = (torch.empty(shape, dtype=torch.float32, device=q.device) for _ in range(2))
    sums = torch.empty((*shape, D), dtype=torch.float32, device=q.device)
    grid = (count if parts else triton.cdiv(most_queries, rows), key_heads if decode else heads, sequences)
    attention_kernel[grid](q, k, v, out, lse, first_query, first_key, queries, keys, D**-0.5 * 1.4426950408889634, heads, key_heads,
                           count, top, length, sums, DECODE=decode, PARTS=parts, SEGMENT=segment, BM=rows, BN=64, D=D,
                           num_warps=warps, num_stages=stages, enable_fp_fusion=False)
    if parts:
        merge_kernel[(sequences, heads)](top, length, sums, out, lse, first_query, keys, heads, count, SEGMENT=segment, ROWS=1, D=D,
                                         num_warps=1, enable_fp_fusion=False)
    return out, lse
