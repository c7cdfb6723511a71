"""Who breaks things: a seeded sequence of kills, power cuts, stops, bad networks, clock steps and full disks.

Gentle only where nothing would be learnt otherwise: between two deaths of the broker there is mostly time for a task to move.
"""
import collections
import struct
import time

BROKER_SHARE = 0.4         # of the kills
POWER_CUT_EVERY = 4        # … of the broker's
PAUSE = 0.25               # between two deeds, in the mean
BROKER_REST = 0.9          # seconds that the broker mostly lives
DISTURB_RECOVERY = 0.15    # how often it does not
STEPS = [1, 60, 3600, 86400, 400 * 86400]
FULL_SECONDS = 5
FULL_EVERY = 45


class Nemesis:
    def __init__(self, fleet, rng, kills, disk_can_fill):
        self.fleet, self.rng, self.kills = fleet, rng, kills
        self.counts = collections.Counter()
        self.to_wake = []          # (when, child)
        self.next_deed = time.monotonic() + 1
        self.broker_after = 0
        self.next_full = time.monotonic() + rng.uniform(3, 10) if disk_can_fill else float("inf")
        self.free_at = float("inf")

    def done(self):
        return self.killed() >= self.kills

    def killed(self):
        return sum(count for name, count in self.counts.items() if name.startswith("kill "))

    def act(self):
        """One look at the clock: whatever is due."""
        now = time.monotonic()
        for when, child in [each for each in self.to_wake if each[0] <= now]:
            child.go_on()
            self.to_wake.remove((when, child))
        if now >= self.free_at:
            self.fleet.free_disk()
            self.free_at = float("inf")
        if now >= self.next_full:
            self.fleet.fill_disk()
            self.counts["full disks"] += 1
            self.free_at = now + FULL_SECONDS
            self.next_full = now + FULL_SECONDS + self.rng.expovariate(1 / FULL_EVERY)
        if now >= self.next_deed:
            self.next_deed = now + self.rng.expovariate(1 / PAUSE)
            self.disturb() if self.done() or self.rng.random() < 0.3 else self.kill(now)

    def calm(self):
        """Everything that was disturbed for a time is put right."""
        for _, child in self.to_wake:
            child.go_on()
        self.to_wake = []
        self.fleet.free_disk()
        self.fleet.step_clock(0)

    def kill(self, now):
        behind = self.counts["kill broker"] < BROKER_SHARE * (self.killed() + 1)
        if behind and now < self.broker_after:
            return
        if behind:
            self.broker_after = now + (0.2 if self.rng.random() < DISTURB_RECOVERY else
                                       self.rng.uniform(0.7, 1.5) * BROKER_REST)
            self.counts["kill broker"] += 1
            power_cut = self.counts["kill broker"] % POWER_CUT_EVERY == 0
            self.counts["power cuts"] += power_cut
            for what, count in self.fleet.kill_broker(power_cut).items():
                self.counts[f"{what} taken back"] += count
            return
        child = self.rng.choice(self.fleet.workers)
        if child.alive():
            self.counts[f"kill {child.role}"] += 1
            child.kill()

    def disturb(self):
        deed = self.rng.choices(["stop", "cut", "stall", "flip", "garbage", "clock"], [6, 3, 2, 2, 1, 1])[0]
        if deed == "stop":
            child = self.rng.choice([*self.fleet.workers, self.fleet.broker])
            if child.alive() and not child.stopped:
                self.counts["stops"] += 1
                child.stop()
                # Short ones, and some that outlast every lease.
                seconds = self.rng.choices([self.rng.uniform(0, 1), self.rng.uniform(3, 6)], [2, 1])[0]
                self.to_wake.append((time.monotonic() + seconds, child))
        elif deed == "clock":
            self.counts["clock steps"] += 1
            self.fleet.step_clock(self.rng.choice(STEPS) * self.rng.choice([-1, 1]))
        elif deed != "flip" or self.fleet.sealed:
            # Bits are turned over only where keys make it show: a plain connection carries them as somebody's word.
            self.counts["network faults"] += 1
            self.fleet.order_proxy(deed if deed != "stall" else f"stall {self.rng.uniform(0.2, 6):.2f}")


def clock_bytes(seconds):
    return struct.pack("<q", int(seconds * 1e9))
