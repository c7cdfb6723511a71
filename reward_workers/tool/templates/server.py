"""A scorer as a service: what is a completion worth?

    python3 NAME_server.py [PORT]

Each POST holds one task, {"completion": "...", "answer": "...", "prompt": "...", "finish": "stop", ...}, and is answered with its
verdict; or, where the configuration says batch = n, {"tasks": [task, ...]}, answered with {"verdicts": [verdict, ...]}.
"""
import http.server
import json
import sys

PORT = 18300


def score(task):
    """{"value": number}, {"value": None} where this scorer does not apply, or {"unparseable": True}; "detail" is a line for people."""
    _, found, given = task["completion"].rpartition("Answer:")
    if not found:
        return {"unparseable": True, "detail": "no line 'Answer: ...'"}
    return {"value": float(given.strip() == task["answer"].strip())}  # <- edit this line: when is an answer right?


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept
    disable_nagle_algorithm = True

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            answer = {"verdicts": [score(task) for task in body["tasks"]]} if "tasks" in body else score(body)
            self.reply(200, answer)
        except Exception as error:  # 500: this task broke the scorer; 503 would say: the service is away, come again
            self.reply(500, {"detail": f"{type(error).__name__}: {error}"})

    def reply(self, status, answer):
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a worker went away
            super().handle_error(request, client_address)


if __name__ == "__main__":
    server = Server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else PORT), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}/", flush=True)
    server.serve_forever()
