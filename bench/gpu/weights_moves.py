"""What it costs to publish weights from a GPU: copies to and from host memory, checksums, CUDA IPC, deltas of bfloat16."""
import concurrent.futures
import json
import mmap
import os
import pathlib
import subprocess
import sys

import torch
from checksum import checksum, checksum_by_definition
from measure import DEVICE, SMOKE, Report, median_wall, time_events, wall

SIZES = {"tiny": 1 << 20} if SMOKE else {"270 MB": 270_000_000, "3 GB": 3_087_000_320, "15 GB": 15_231_000_064}
HOST_LIMIT = 3_087_000_320 if not SMOKE else 1 << 20  # a larger buffer passes through a host buffer of this size, piece by piece


def shapes_of_1_5b():
    """Qwen2.5-1.5B by Hugging Face names, tied head."""
    hidden, key, feed = (64, 16, 96) if SMOKE else (1536, 256, 8960)
    layer = [(hidden, hidden), (hidden,), (key, hidden), (key,), (key, hidden), (key,), (hidden, hidden), (feed, hidden), (feed, hidden),
             (hidden, feed), (hidden,), (hidden,)]
    return [(151936 if not SMOKE else 100, hidden), *(layer * (28 if not SMOKE else 2)), (hidden,)]


def random_bytes(size):
    """Random bfloat16 of this many bytes, in pieces, so that no float32 copy of all is made."""
    out = torch.empty(size // 2, dtype=torch.bfloat16, device=DEVICE)
    for piece in out.split(1 << 28):
        piece.normal_(0, 0.02)
    return out


def rate(size, seconds):
    return f"{size / seconds / 1e9:.1f}"


def moves(report):
    pinned_seconds, pinned = wall(lambda: torch.empty(HOST_LIMIT // 2, dtype=torch.bfloat16, pin_memory=not SMOKE))
    touch_seconds, pageable = wall(lambda: torch.zeros(HOST_LIMIT // 2, dtype=torch.bfloat16))
    report.put("allocate", {"pinned": pinned_seconds, "pageable": touch_seconds},
               f"{HOST_LIMIT / 1e9:.1f} GB of host memory: pinned {pinned_seconds:.2f} s, pageable touched {touch_seconds:.2f} s")
    for name, size in SIZES.items():
        device = random_bytes(size)
        record = {}
        for kind, host in (("pinned", pinned), ("pageable", pageable)):
            if size > HOST_LIMIT and kind == "pageable":
                continue

            def both(out):
                for piece in device.split(len(host)):
                    half = host[:len(piece)]
                    (half if out else piece).copy_(piece if out else half, non_blocking=True)

            record[f"{kind} out"] = median_wall(lambda: both(True))
            record[f"{kind} in"] = median_wall(lambda: both(False))
        if size <= HOST_LIMIT:
            twin = torch.empty_like(device)
            record["on device"] = time_events(lambda: twin.copy_(device))
        report.put(f"move {name}", record, f"move {name}, GB/s: " + ", ".join(f"{key} {rate(size, value)}" for key, value in record.items()))


def shared_memory(report):
    """Into a memfd, as it is and registered with the driver: no copy on the readers' side."""
    size = HOST_LIMIT
    descriptor = os.memfd_create("weights")
    os.ftruncate(descriptor, size)
    area = mmap.mmap(descriptor, size)
    host = torch.frombuffer(area, dtype=torch.bfloat16)
    device = random_bytes(size)
    first = wall(lambda: host.copy_(device))[0]
    plain = median_wall(lambda: host.copy_(device))
    record = {"first": first, "plain": plain}
    line = f"memfd {size / 1e9:.1f} GB: first copy {first:.2f} s, plain {rate(size, plain)} GB/s"
    if not SMOKE:
        runtime = torch.cuda.cudart()
        record["register"], code = wall(lambda: runtime.cudaHostRegister(host.data_ptr(), size, 0))
        record["registered"] = median_wall(lambda: host.copy_(device, non_blocking=True))
        record["in"] = median_wall(lambda: device.copy_(host, non_blocking=True))
        runtime.cudaHostUnregister(host.data_ptr())
        line += f", register {record['register']:.2f} s (code {int(code)}), registered {rate(size, record['registered'])} out, "
        line += f"{rate(size, record['in'])} in"
    report.put("memfd", record, line)


def tensors(report):
    parts = [torch.randn(shape, device=DEVICE).to(torch.bfloat16) for shape in shapes_of_1_5b()]
    size = sum(part.numel() for part in parts)
    flat = torch.empty(size, dtype=torch.bfloat16, device=DEVICE)
    host = torch.empty(size, dtype=torch.bfloat16, pin_memory=not SMOKE)
    slots, host_slots = (([x.view_as(part) for x, part in zip(y.split([p.numel() for p in parts]), parts)]) for y in (flat, host))

    def one_by_one():
        for slot, part in zip(host_slots, parts):
            slot.copy_(part, non_blocking=True)

    record = {"gather on device": median_wall(lambda: torch._foreach_copy_(slots, parts)),
              "gathered out": median_wall(lambda: host.copy_(flat, non_blocking=True)),
              "tensor by tensor out": median_wall(one_by_one)}
    report.put("tensors", record, f"{len(parts)} tensors, {2 * size / 1e9:.2f} GB: " + ", ".join(
        f"{key} {1e3 * value:.1f} ms" for key, value in record.items()))


def beside_training(report):
    """Does a copy to the host slow matrix products on another stream?"""
    a, b = (torch.randn(8192, 8192, device=DEVICE).to(torch.bfloat16) for _ in range(2))
    device, host = random_bytes(HOST_LIMIT), torch.empty(HOST_LIMIT // 2, dtype=torch.bfloat16, pin_memory=True)
    stream = torch.cuda.Stream()

    def products():
        for _ in range(60):
            a @ b

    def with_copy():
        with torch.cuda.stream(stream):
            host.copy_(device, non_blocking=True)
        products()

    products()
    alone = time_events(products, 3, 1)

    def measured():
        with_copy()

    together = time_events(measured, 3, 1)
    copy = median_wall(lambda: host.copy_(device, non_blocking=True))
    report.put("beside", (alone, together, copy), f"60 products: alone {1e3 * alone:.1f} ms, beside a copy of "
               f"{1e3 * copy:.0f} ms {1e3 * together:.1f} ms")


def checksums(report):
    sample = torch.randint(-2**62, 2**62, (5000,), device=DEVICE)
    right = checksum(sample).item() == checksum_by_definition(sample.cpu())
    record, lines = {"right": right}, []
    for name, size in SIZES.items():
        if name == "15 GB":
            continue
        device = random_bytes(size)
        record[f"triton {name}"] = time_events(lambda: checksum(device))
        lines.append(f"{name} {rate(size, record[f'triton {name}'])}")
    host = device.cpu().view(torch.uint8).numpy()
    line = f"checksum, GB/s: Triton (right {right}) {', '.join(lines)}"
    try:
        import xxhash
    except ImportError:
        xxhash = None
    if xxhash:
        record["xxh3 one thread"] = median_wall(lambda: xxhash.xxh3_64_intdigest(host), 2)
        step = -(-len(host) // 8)
        pieces = [host[i:i + step] for i in range(0, len(host), step)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            record["xxh3 8 threads"] = median_wall(lambda: list(pool.map(xxhash.xxh3_64_intdigest, pieces)), 2)
        line += "; xxh3 on the CPU " + ", ".join(f"{key[5:]} {rate(len(host), record[key])}" for key in ("xxh3 one thread", "xxh3 8 threads"))
    report.put("checksum", record, line)


def ipc(report):
    """A second process opens the buffer of this one."""
    from cuda_table import Cuda
    size = HOST_LIMIT // 4096 * 4096
    cuda = Cuda()
    buffer = cuda.allocate(size)
    cuda.fill(buffer, 0x5A, size)
    cuda.write(buffer, size - 16, bytes(range(16)))
    reader = pathlib.Path(__file__).with_name("ipc_reader.py")
    done = subprocess.run([sys.executable, reader, cuda.export(buffer), str(size)], capture_output=True, text=True, timeout=40)
    cuda.free(buffer)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-300:])
    found = json.loads(done.stdout)
    right = found["same"] and found["last"] == bytes(range(16)).hex()
    report.put("ipc", found, f"IPC, {size / 1e9:.1f} GB: context {found['context']:.2f} s, open {1e3 * found['open']:.2f} ms, again "
               f"{1e3 * found['open again']:.2f} ms, close {1e3 * found['close']:.2f} ms, copy {rate(size, found['copy'])} GB/s, right {right}")


def changed(old, new):
    """(places, values) of what differs, by bits."""
    places = (old.view(torch.int16) != new.view(torch.int16)).nonzero()[:, 0]
    return places.to(torch.int32), new[places]


def deltas(report):
    """Masters in float32 within a step of AdamW (random gradients): which share of their bfloat16 roundings changes; encode and apply."""
    count = 1 << (12 if SMOKE else 28)
    for lr in (1e-6, 3e-6):
        master = torch.empty(count, device=DEVICE).normal_(0, 0.02)
        states = [torch.zeros_like(master) for _ in range(2)]
        step = torch.zeros((), device=DEVICE)
        shares = {}
        for number in range(1, 21):
            old = master.to(torch.bfloat16) if number in (1, 20) else None
            slope = torch.randn_like(master)
            torch._fused_adamw_([master], [slope], [states[0]], [states[1]], [], [step.add_(1)], lr=lr, beta1=0.9, beta2=0.999,
                                weight_decay=0.0, eps=1e-8, amsgrad=False, maximize=False)
            if old is not None:
                new = master.to(torch.bfloat16)
                shares[number] = (old != new).float().mean().item()
        encode = time_events(lambda: changed(old, new), 3, 1)
        places, values = changed(old, new)
        wide = places.long()
        target = old.clone()
        apply = time_events(lambda: target.index_copy_(0, wide, values), 3, 1)
        right = torch.equal(target.view(torch.int16), new.view(torch.int16))
        compare = time_events(lambda: (old.view(torch.int16) != new.view(torch.int16)).sum(), 3, 1)
        size = 2 * count
        report.put(f"delta {lr}", {"shares": shares, "encode": encode, "apply": apply, "compare": compare, "right": right},
                   f"delta lr {lr:.0e}: changed at step 1 {shares[1]:.2%}, at step 20 {shares[20]:.2%}; GB/s of weights: compare "
                   f"{rate(size, compare)}, encode {rate(size, encode)}, apply {rate(size, apply)}; right {right}")


def main():
    torch.manual_seed(0)
    report = Report("weights_moves")
    for name, part in (("moves", moves), ("memfd", shared_memory), ("tensors", tensors), ("checksums", checksums), ("deltas", deltas),
                       ("beside", beside_training), ("ipc", ipc)):
        report.attempt(name, part, report)
        if not SMOKE:
            torch.cuda.empty_cache()
    report.end()


main()
