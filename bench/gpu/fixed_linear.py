"""A linear layer whose sums run in one order, whatever the number of rows.

product(a, b)[i, j] = sum over k of a[i, k] b[j, k], in float32. Either operand may be the activations: with few rows they go on
the second side ("turned"), where the matrix unit takes 8 to 64 columns, and the weights fill its 64 rows. K is walked upwards in
one accumulator (a chain), or in segments whose chains start at zero and are added in order; segments may be summed by different
programs (parts) and added by a second kernel, or by one program: the order, and so the bits, should be the same.
"""
import dataclasses

import torch
import triton
import triton.language as tl

try:
    from triton.tools.tensor_descriptor import TensorDescriptor
except ImportError:
    TensorDescriptor = None


@triton.jit
def tile_of(source, row, rows, k, K, R: tl.constexpr, BK: tl.constexpr, BULK: tl.constexpr):
    if BULK:
        tile = source.load([row, k])
    else:
        at = tl.minimum(row + tl.arange(0, R), rows - 1)
        tile = tl.load(source + at[:, None] * K + (k + tl.arange(0, BK))[None, :])
    return tile


@triton.jit
def chain(a, b, row_a, row_b, rows_a, rows_b, begin, end, K, sums,
          BA: tl.constexpr, BB: tl.constexpr, BK: tl.constexpr, BULK: tl.constexpr):
    for k in range(begin, end, BK):
        tile_a = tile_of(a, row_a, rows_a, k, K, BA, BK, BULK)
        tile_b = tile_of(b, row_b, rows_b, k, K, BB, BK, BULK)
        sums = tl.dot(tile_a, tl.trans(tile_b), sums)
    return sums


@triton.jit(do_not_specialize=["rows_a", "rows_b"])
def product_kernel(a, b, out, rows_a, rows_b, K, stride_a, stride_b, segment,
                   BA: tl.constexpr, BB: tl.constexpr, BK: tl.constexpr, MODE: tl.constexpr, BULK: tl.constexpr):
    tiles_a, tiles_b = tl.cdiv(rows_a, BA), tl.cdiv(rows_b, BB)
    tile = tl.program_id(0)
    band = tile // (8 * tiles_b)  # bands of 8 tiles of a share b's tiles in the cache
    height = tl.minimum(tiles_a - 8 * band, 8)
    row_a = (8 * band + tile % (8 * tiles_b) % height) * BA
    row_b = (tile % (8 * tiles_b) // height) * BB
    sums = tl.zeros([BA, BB], tl.float32)
    if MODE == "chain":
        sums = chain(a, b, row_a, row_b, rows_a, rows_b, 0, K, K, sums, BA, BB, BK, BULK)
    elif MODE == "segments":
        for begin in range(0, K, segment):
            zero = tl.zeros([BA, BB], tl.float32)
            end = tl.minimum(begin + segment, K)
            sums += chain(a, b, row_a, row_b, rows_a, rows_b, begin, end, K, zero, BA, BB, BK, BULK)
    else:  # parts: one segment a program, each into a matrix of its own
        begin = tl.program_id(1) * segment
        end = tl.minimum(begin + segment, K)
        sums = chain(a, b, row_a, row_b, rows_a, rows_b, begin, end, K, sums, BA, BB, BK, BULK)
        out += tl.program_id(1).to(tl.int64) * rows_a * rows_b
    at_a, at_b = row_a + tl.arange(0, BA), row_b + tl.arange(0, BB)
    where = out + at_a[:, None].to(tl.int64) * stride_a + at_b[None, :].to(tl.int64) * stride_b
    tl.store(where, sums.to(out.dtype.element_ty), (at_a < rows_a)[:, None] & (at_b < rows_b)[None, :])


@triton.jit(do_not_specialize=["count"])
def add_parts_kernel(parts, out, count, PARTS: tl.constexpr, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    total = tl.zeros([BLOCK], tl.float32)
    for part in tl.static_range(PARTS):
        total += tl.load(parts + part * count + at, at < count)
    tl.store(out + at, total.to(out.dtype.element_ty), at < count)


@dataclasses.dataclass(frozen=True)
class Tiling:
    name: str
    rows: int  # of the activations, in one tile
    outputs: int  # of the weights, in one tile
    depth: int
    warps: int
    stages: int
    turned: bool = False  # weights on the matrix unit's row side
    bulk: bool = False  # loads by the tensor copy engine


TILINGS = {tiling.name: tiling for tiling in (
    Tiling("rows16", 16, 64, 64, 4, 5),
    Tiling("rows16deep", 16, 32, 128, 4, 4),
    Tiling("turned16", 16, 64, 64, 4, 6, turned=True),
    Tiling("turned16deep", 16, 64, 128, 4, 4, turned=True),
    Tiling("turned64", 64, 64, 64, 4, 5, turned=True),
    Tiling("turned128", 128, 128, 64, 8, 4, turned=True),
    Tiling("wide64", 64, 128, 64, 4, 4),
    Tiling("wide128", 128, 128, 64, 8, 4),
    Tiling("bulk256", 128, 256, 64, 8, 4, bulk=True),
    Tiling("bulk128", 128, 128, 64, 8, 4, bulk=True),
)}


def segment_of(N, K):
    """Length of the segments of a weight of this shape: enough of them to keep about 132 multiprocessors reading 64 outputs each."""
    wanted = max(1, min(8, round(160 / triton.cdiv(N, 64)), K // 512))
    return triton.cdiv(triton.cdiv(K, 128), wanted) * 128


def linear(x, w, tiling, mode="chain", out_type=None):
    """x [M, K] times w [N, K] transposed, in bfloat16 with float32 sums: [M, N] of out_type."""
    (M, K), N = x.shape, w.shape[0]
    assert K % tiling.depth == 0 and x.is_contiguous() and w.is_contiguous()
    segment = segment_of(N, K)
    parts = triton.cdiv(K, segment) if mode == "parts" else 1
    out = torch.empty(M, N, dtype=out_type or x.dtype, device=x.device)
    target = torch.empty(parts, M, N, dtype=torch.float32, device=x.device) if mode == "parts" else out
    operands = [(x, tiling.rows, N), (w, tiling.outputs, 1)]
    (a, block_a, stride_a), (b, block_b, stride_b) = reversed(operands) if tiling.turned else operands
    rows_a, rows_b = a.shape[0], b.shape[0]
    if tiling.bulk:
        a = TensorDescriptor.from_tensor(a, [block_a, tiling.depth])
        b = TensorDescriptor.from_tensor(b, [block_b, tiling.depth])
    grid = (triton.cdiv(rows_a, block_a) * triton.cdiv(rows_b, block_b), parts)
    product_kernel[grid](a, b, target, rows_a, rows_b, K, stride_a, stride_b, segment,
                         BA=block_a, BB=block_b, BK=tiling.depth, MODE=mode, BULK=tiling.bulk,
                         num_warps=tiling.warps, num_stages=tiling.stages)
    if mode == "parts":
        add_parts_kernel[(triton.cdiv(M * N, 1024),)](target, out, M * N, PARTS=parts, BLOCK=1024)
    return out
