"""A judge behind an OpenAI-compatible endpoint that does what the response says. Prints its port; GET /seen says what came.

A response is "worth N" (the mark; pairwise the larger one is better), or one of the words of MISBEHAVIOUR below. For all of them:
--nonsense     every reply is nonsense, whatever is judged
--biased       A is always better
--busy S       429 for S seconds from the first request on
--gather N     answers nobody before N requests are under way at once
--mark N       the mark of every response that does not say its own
--port P       listens there
"""
import asyncio
import json
import re
import sys
import time


def number(option):
    return float(sys.argv[sys.argv.index(option) + 1]) if option in sys.argv else 0


BUSY, GATHER = number("--busy"), number("--gather")
SEEN = {"requests": 0, "under_way": 0, "most": 0, "paths": [], "last": None}
STARTED = []
GATHERED = asyncio.Event()
FENCED = re.compile(r"^<<<(QUESTION|RESPONSE|REFERENCE|RESPONSE A|RESPONSE B) ([0-9a-f]{32})>>>\n(.*?)\n<<<END OF \1 \2>>>$", re.DOTALL | re.MULTILINE)


def completion(content, finish="stop"):
    return 200, {"id": "1", "object": "chat.completion", "model": "judge", "choices": [
        {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content}}]}


def one_choice(choice):
    return 200, {"choices": [choice]}


MISBEHAVIOUR = {
    "silent": lambda: completion(""),
    "null": lambda: completion(None),
    "chatty": lambda: completion("SCORE: 7\nI hope that this helps."),
    "twice": lambda: completion("SCORE: 7\nNo, rather:\nSCORE: 3"),
    "bold": lambda: completion("Good.\n**SCORE: 7**"),
    "of_ten": lambda: completion("Good.\nSCORE: 7/10"),
    "beyond": lambda: completion("Good.\nSCORE: 11"),
    "nan": lambda: completion("Good.\nSCORE: nan"),
    "cut": lambda: completion("Good.\nSCORE: 7", finish="length"),
    "no_choices": lambda: (200, {"choices": []}),
    "no_finish": lambda: one_choice({"message": {"content": "SCORE: 7"}}),
    "no_message": lambda: one_choice({"finish_reason": "stop"}),
    "no_object": lambda: (200, [1]),
    "no_json": lambda: (200, b"<html>"),
    "deep": lambda: (200, b"[" * 500000),
    "huge": lambda: completion("x" * (2 << 20)),
    "400": lambda: (400, {"error": {"message": "maximum context length"}}),
    "500": lambda: (500, {}),
    "401": lambda: (401, {}),
}


def worth(text):
    found = re.search(r"worth (-?[\d.]+)", text)
    return float(found[1]) if found else number("--mark") or 1


def pairwise(texts):
    a, b = texts["RESPONSE A"], texts["RESPONSE B"]
    for word in MISBEHAVIOUR:
        if a == word + " as A" or b == word + " as B" or word in (a, b):
            return MISBEHAVIOUR[word]()
    if "hang as A" == a or "hang as B" == b:
        return None
    better = "A" if "--biased" in sys.argv or worth(a) > worth(b) else "B" if worth(b) > worth(a) else "TIE"
    return completion(f"I read both.\nBETTER: {better}")


def judged(content):
    texts = {name: text for name, _, text in FENCED.findall(content)}
    if "--nonsense" in sys.argv:
        return completion("I cannot say.")
    if "RESPONSE A" in texts:
        return pairwise(texts)
    response = texts["RESPONSE"]
    if response in MISBEHAVIOUR:
        return MISBEHAVIOUR[response]()
    if response == "hang":
        return None
    if response.startswith("echo"):
        return completion(response + "\n\nIt praises itself.\nSCORE: 2")
    mark = worth(response)
    return completion(f"The response is short.\nIt is worth what it says, \"{mark:g}\".\n\nSCORE: {mark:g}")


async def answer(method, path, body):
    if method == "GET":
        return 200, SEEN
    SEEN["requests"] += 1
    SEEN["paths"] = sorted({*SEEN["paths"], path})
    STARTED.append(time.monotonic())
    if STARTED[-1] - STARTED[0] < BUSY:
        return 429, {}
    request = SEEN["last"] = json.loads(body)
    SEEN["under_way"] += 1
    SEEN["most"] = max(SEEN["most"], SEEN["under_way"])
    try:
        if SEEN["under_way"] >= GATHER:
            GATHERED.set()
        await GATHERED.wait()
        return judged(request["messages"][0]["content"])
    finally:
        SEEN["under_way"] -= 1


async def serve(reader, writer):
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            method, path, _ = head.decode().split(" ", 2)
            length = re.search(rb"(?i)content-length: (\d+)", head)
            body = await reader.readexactly(int(length[1])) if length else b""
            said = await answer(method, path, body)
            if said is None:
                await asyncio.sleep(3600)
            status, reply = said
            data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
            after = b"Retry-After: 0\r\n" if status == 429 else b""
            writer.write(b"HTTP/1.1 %d OK\r\n%sContent-Length: %d\r\n\r\n" % (status, after, len(data)) + data)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(number("--port")), backlog=4096, limit=1 << 24)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
