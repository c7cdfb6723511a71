"""Tasks in the shapes of APPS, MBPP, LiveCodeBench and our own, written for this project, with programs whose verdicts are known.

    for row, label in rows(): ...     (row: of `cohort score code`; label: (language, outcome, reward))
"""
import json

# name: (expression in Python over a and b, the same in C++, wrong in Python, wrong in C++)
PROBLEMS = {
    "sum": ("a + b", "a + b", "a - b", "a - b"),
    "product": ("a * b", "a * b", "a + b", "a + b"),
    "larger": ("max(a, b)", "std::max(a, b)", "min(a, b)", "std::min(a, b)"),
    "distance": ("abs(a - b)", "std::abs(a - b)", "a - b", "a - b"),
    "remainder": ("a % (b or 1)", "a % (b == 0 ? 1 : b)", "a // (b or 1)", "a / (b == 0 ? 1 : b)"),
    "gcd": ("__import__('math').gcd(a, b)", "std::gcd(a, b)", "a", "a"),
    "sum of squares": ("a * a + b * b", "a * a + b * b", "(a + b) ** 2", "(a + b) * (a + b)"),
}
PAIRS = [(3, 5), (10, 4), (7, 7), (100, 1), (12, 18)]
# What a program does that never answers, and how that ends; {P} and {C} are Python and C++.
BEHAVIOURS = {
    "slow": ("while True: pass", "volatile long n = 0; for (;;) n = n + 1;", "program_timeout"),
    "sleeping": ("import time\ntime.sleep(1000)", "sleep(1000);", "program_timeout"),
    "greedy": ("x = []\nwhile True: x.append(bytearray(1 << 20))",
               "std::vector<char*> v; for (;;) { char* p = new char[1 << 20]; memset(p, 1, 1 << 20); v.push_back(p); }", "program_memory"),
    "crashing": ("raise ValueError('no')", "abort();", "program_crash"),
    "chatty": ("while True: print('x' * 1000)", "for (;;) puts(\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\");",
               "program_output"),
    "leaving": ("import sys\nsys.exit(3)", "exit(3);", "program_crash"),
}
CPP = "#include <bits/stdc++.h>\n#include <unistd.h>\nint main() {{ long a, b; std::cin >> a >> b; {body} }}\n"


def value(expression, a, b):
    return eval(expression, {"a": a, "b": b})  # our own expressions, above


def fenced(language, program):
    return f"So here it is:\n\n```{language}\n{program}\n```\nThat is all."


def stdin_shapes(expression):
    tests = [(f"{a} {b}\n", f"{value(expression, a, b)}\n") for a, b in PAIRS]
    yield "own", {"tests": [{"stdin": i, "stdout": o} for i, o in tests]}
    yield "apps", {"input_output": json.dumps({"inputs": [i for i, _ in tests], "outputs": [o for _, o in tests]})}
    yield "livecodebench", {"public_test_cases": json.dumps([{"input": i, "output": o, "testtype": "stdin"} for i, o in tests[:1]]),
                            "private_test_cases": json.dumps([{"input": i, "output": o, "testtype": "stdin"} for i, o in tests[1:]])}


def call_shapes(expression):
    calls = [([a, b], value(expression, a, b)) for a, b in PAIRS]
    yield "apps calls", {"input_output": json.dumps({"fn_name": "f", "inputs": [i for i, _ in calls], "outputs": [[o] for _, o in calls]})}, False
    yield "livecodebench calls", {"public_test_cases": json.dumps([{"input": f"{i[0]}\n{i[1]}", "output": json.dumps(o), "testtype": "functional"}
                                                                   for i, o in calls]), "metadata": json.dumps({"func_name": "f"})}, True
    yield "mbpp", {"test_list": [f"assert f({i[0]}, {i[1]}) == {o}" for i, o in calls], "test_setup_code": ""}, False


def function(body, method):
    if method:
        return f"class Solution:\n    def f(self, a, b):\n        {body}"
    return f"def f(a, b):\n    {body}"


def rows():
    for number, (name, (right, right_cpp, wrong, wrong_cpp)) in enumerate(PROBLEMS.items()):
        for shape, columns in stdin_shapes(right):
            read = "a, b = map(int, input().split())\n"
            yield {"completion": fenced("python", read + f"print({right})"), **columns}, ("python", "graded", 1)
            yield {"completion": fenced("python", read + f"print({wrong})"), **columns}, ("python", "graded", 0)
            yield {"completion": fenced("cpp", CPP.format(body=f"std::cout << {right_cpp} << std::endl;")), **columns}, ("cpp", "graded", 1)
            yield {"completion": fenced("cpp", CPP.format(body=f"std::cout << {wrong_cpp} << std::endl;")), **columns}, ("cpp", "graded", 0)
            yield {"completion": f"The answer is {name}.", **columns}, ("python", "unparseable", 0)
        for shape, columns, method in call_shapes(right):
            yield {"completion": fenced("python", function(f"return {right}", method)), **columns}, ("python", "graded", 1)
            yield {"completion": fenced("python", function(f"return {wrong}", method)), **columns}, ("python", "graded", 0)
            yield {"completion": fenced("python", "def f(a, b: return"), **columns}, ("python", "program_crash", 0)
            behaviour, (body, _, outcome) = list(BEHAVIOURS.items())[number % len(BEHAVIOURS)]
            if behaviour in ("chatty", "leaving"):  # what a function prints is nobody's, and it cannot leave with a status
                continue
            program = function("g()", method) + "\ndef g():\n" + "\n".join("    " + line for line in body.splitlines())
            yield {"completion": fenced("python", program), **columns}, ("python", outcome, 0)
    columns = dict(stdin_shapes("a + b"))["own"]
    for behaviour, (python, cpp, outcome) in BEHAVIOURS.items():
        yield {"completion": fenced("python", python), **columns}, ("python", outcome, 0)
        yield {"completion": fenced("cpp", CPP.format(body=cpp)), **columns}, ("cpp", outcome, 0)
    yield {"completion": fenced("cpp", "int main() { return x; }"), **columns}, ("cpp", "program_crash", 0)
    yield {"completion": fenced("python", "print(8)"), **columns}, ("python", "graded", 0)  # the first test's answer for all
    yield {"completion": fenced("python", "print(input())"), **columns}, ("python", "graded", 0)
