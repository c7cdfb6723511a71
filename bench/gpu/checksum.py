"""A 64-bit checksum of a device buffer: the sum, modulo 2^64, of mixed (word, place) pairs, so that any order of adding gives it."""
import torch
import triton
import triton.language as tl


@triton.jit
def mixed(word, place):
    """Splitmix64's finisher over the word and its place."""
    x = word ^ (place.to(tl.uint64) + 1) * 0x9E3779B97F4A7C15
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB
    return x ^ (x >> 31)


@triton.jit
def checksum_kernel(words, count, out, BLOCK: tl.constexpr, REPEAT: tl.constexpr):
    begin = tl.program_id(0).to(tl.int64) * BLOCK * REPEAT
    total = tl.zeros([BLOCK], tl.uint64)
    for i in range(REPEAT):
        place = begin + i * BLOCK + tl.arange(0, BLOCK)
        word = tl.load(words + place, place < count, 0).to(tl.uint64, bitcast=True)
        total += tl.where(place < count, mixed(word, place), 0)
    tl.atomic_add(out, tl.sum(total).to(tl.int64, bitcast=True))


def checksum(buffer):
    """Of a contiguous tensor whose bytes are a multiple of 8; a tensor of one int64 on its device."""
    words = buffer.view(torch.int64)
    out = torch.zeros(1, dtype=torch.int64, device=buffer.device)
    checksum_kernel[(triton.cdiv(words.numel(), 1024 * 16),)](words, words.numel(), out, BLOCK=1024, REPEAT=16, num_warps=8)
    return out


def checksum_by_definition(buffer):
    """The same in plain Python, for a few words."""
    whole, total = (1 << 64) - 1, 0
    for place, word in enumerate(buffer.view(torch.int64).tolist()):
        x = (word & whole) ^ ((place + 1) * 0x9E3779B97F4A7C15 & whole)
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & whole
        x = (x ^ x >> 27) * 0x94D049BB133111EB & whole
        total += x ^ x >> 31
    total &= whole
    return total - (1 << 64) if total >> 63 else total
