"""A scoring service that does what the completion says. Prints its port.

--outage N: the first N requests get a 503; --busy SECONDS: those of that time, from the first on, a 429; --port P: listens there.
"""
import http.server
import json
import sys
import threading
import time



def number(option):
    return int(sys.argv[sys.argv.index(option) + 1]) if option in sys.argv else 0


OUTAGE = number("--outage")
BUSY = number("--busy")
LOCK = threading.Lock()
SEEN = {"requests": 0, "since": 0.0}


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body, headers=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def verdict(self, task):
        return {"value": 0.5, "detail": "seen"} if task["completion"] != "none" else {"value": None}

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with LOCK:
            SEEN["requests"] += 1
            count = SEEN["requests"]
            if count == 1:
                SEEN["since"] = time.monotonic()
            age = time.monotonic() - SEEN["since"]
        if count <= OUTAGE:
            return self.answer(503, b"", [("Retry-After", "0")])
        if age < BUSY:
            return self.answer(429, b"", [("Retry-After", "0")])
        if "tasks" in request:
            return self.answer(200, json.dumps({"verdicts": [self.verdict(task) for task in request["tasks"]]}).encode())
        what = request["completion"]
        if what == "hang":
            time.sleep(60)
        if what == "500":
            return self.answer(500, b"")
        if what in ("404", "413", "429", "502"):
            return self.answer(int(what), b"")
        if what == "die":
            self.close_connection = True
            self.connection.close()
            return None
        if what == "nonsense":
            return self.answer(200, b"fine")
        if what == "long":
            return self.answer(200, b" " * (2 << 20))
        if what == "token":
            return self.answer(200, json.dumps({"value": self.headers.get("Authorization") == "Bearer secret"}).encode())
        return self.answer(200, json.dumps(self.verdict(request)).encode())


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request, client_address):
        pass  # a client that gave up


server = Server(("127.0.0.1", number("--port")), Service)
print(server.server_address[1], flush=True)
server.serve_forever()
