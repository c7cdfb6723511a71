"""A scorer that does to its worker what the completion says: each way of breaking that the tests know."""
import json
import os
import signal
import struct
import sys
import time

OUT = sys.stdout.buffer


def send(message):
    body = json.dumps(message).encode()
    OUT.write(struct.pack("<I", len(body)) + body)
    OUT.flush()


def receive():
    head = sys.stdin.buffer.read(4)
    if len(head) < 4:
        sys.exit(0)
    return json.loads(sys.stdin.buffer.read(struct.unpack("<I", head)[0]))


def verdict(task, value):
    send({"type": "verdict", "id": task["id"], "value": value})


def leave_a_child(own_group):
    pid = os.fork()
    if pid == 0:
        if own_group:
            os.setsid()
            if os.fork() != 0:
                os._exit(0)
        time.sleep(1000)
    elif own_group:
        os.waitpid(pid, 0)


def main():
    leaked, calls = [], 0
    if "--broken" in sys.argv:
        send({"type": "failed", "detail": "the model file is missing"})
        sys.exit(1)
    send({"type": "ready", "protocol": 1, "version": "hostile"})
    broken_for_all = "--everything-crashes" in sys.argv
    while True:
        task = receive()
        calls += 1
        what = task["completion"]
        if broken_for_all:
            os._exit(9)
        if what == "spin":
            while True:
                pass
        elif what == "many processes":
            for _ in range(400):
                if os.fork() == 0:
                    time.sleep(1000)
        elif what == "sleep":
            time.sleep(1000)
        elif what == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif what == "exit":
            print("the disk is gone", file=sys.stderr, flush=True)
            os._exit(3)
        elif what == "every third" and calls % 3 == 0:
            os._exit(1)
        elif what == "memory":
            while True:
                leaked.append(bytearray(16 << 20))
        elif what == "leak":
            leaked.append(bytearray(40 << 20))
            verdict(task, 1)
        elif what == "gigabyte":
            OUT.write(struct.pack("<I", 1 << 30))
            for _ in range(1024):
                OUT.write(b"x" * (1 << 20))
        elif what == "gigabyte of noise":
            for _ in range(1024):
                os.write(2, b"x" * (1 << 20))
            verdict(task, 1)
        elif what == "nan":
            send({"type": "verdict", "id": task["id"], "value": float("nan")})
        elif what == "text":
            print("hello", flush=True)
        elif what == "twice":
            verdict(task, 1)
            verdict(task, 0)
        elif what == "other id":
            send({"type": "verdict", "id": task["id"] + 1000, "value": 1})
        elif what == "late":
            time.sleep(0.6)
            verdict(task, 1)
        elif what == "fork":
            leave_a_child(own_group=False)
            verdict(task, 1)
        elif what == "daemon":
            leave_a_child(own_group=True)
            verdict(task, 1)
        elif what == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif what == "error":
            send({"type": "error", "id": task["id"], "detail": "ValueError: no"})
        elif what == "failed":
            send({"type": "failed", "detail": "no more"})
        elif what == "deep":
            body = b'{"type":"verdict","id":%d,"value":' % task["id"] + b"[" * 400000 + b"]" * 400000 + b"}"
            OUT.write(struct.pack("<I", len(body)) + body)
            OUT.flush()
        elif what == "once":
            verdict(task, 1)
            os._exit(0)
        elif what == "flood":
            verdict(task, 1)
            while True:
                verdict(task, 1)
        elif what == "memory of a child":
            if os.fork() == 0:
                leaked.append(bytearray(500 << 20))
                time.sleep(1000)
            time.sleep(2)
            verdict(task, 1)
        elif what == "none":
            verdict(task, None)
        else:
            verdict(task, 0.5 if what.startswith("good") else 1)


if __name__ == "__main__":
    main()
