"""The Python adapter, spoken to as a worker does, with scorers written here."""
import os
import pathlib
import tempfile
import textwrap
import unittest

from scorer_child import PACKAGE, ScorerChild


class AdapterTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, text, name="scorer.py"):
        path = self.folder / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def serve(self, text, *words, function=""):
        """A child that serves this text, ready."""
        child = self.start(f"{self.file(text)}{function}", *words)
        self.assertEqual(child.first["type"], "ready", child.first)
        return child

    def start(self, *words):
        child = ScorerChild(*words, cwd=self.folder)
        self.addCleanup(child.__exit__)
        return child

    def failure(self, *words):
        """Why it does not start."""
        child = self.start(*words)
        self.assertEqual(child.first["type"], "failed", child.first)
        self.assertNotIn("\n", child.first["detail"])
        status, said = child.finish()
        self.assertEqual(status, 1)
        self.assertIn(child.first["detail"], said)
        return child.first["detail"]

    def assert_error(self, reply, *parts):
        self.assertEqual(reply["type"], "error", reply)
        self.assertEqual(reply["id"], 1)
        self.assertNotIn("\n", reply["detail"])
        for part in parts:
            self.assertIn(part, reply["detail"])


class CohortStyle(AdapterTest):
    def test_gives_completion_and_answer(self):
        child = self.serve("def score(completion, answer, **fields): return completion == answer")
        self.assertEqual(child.first["wants"], [])
        self.assertEqual(child.ask("a", "a"), {"type": "verdict", "id": 1, "value": 1.0})
        self.assertEqual(child.ask("a", "b", id=7), {"type": "verdict", "id": 7, "value": 0.0})

    def test_gives_only_the_fields_that_are_named(self):
        child = self.serve("def score(completion, *, tokens, finish='?', prompt_ids): return tokens + len(prompt_ids) + (finish == 'stop')")
        self.assertEqual(child.first["wants"], ["prompt_ids"])
        self.assertEqual(child.ask("abc", prompt_ids=[4, 5])["value"], 6)
        self.assert_error(child.ask("abc"), "'prompt_ids'")

    def test_takes_a_dict_apart(self):
        child = self.serve("""
            def score(completion, answer):
                if not completion: return {"unparseable": True, "detail": "nothing\\nsaid"}
                return {"score": 0.5, "detail": "half", "components": {"format": True, "length": 0.25}}""")
        self.assertEqual(child.ask("x"), {"type": "verdict", "id": 1, "value": 0.5, "detail": "half",
                                          "components": {"format": 1.0, "length": 0.25}})
        self.assertEqual(child.ask(""), {"type": "verdict", "id": 1, "unparseable": True, "detail": "nothing said"})

    def test_renames_parameters(self):
        child = self.serve("def same(said, gold, slack): return said == gold + slack",
                           "--style", "cohort", "--column", "said=completion", "--column", "gold=answer", "--set", "slack=!")
        self.assertEqual(child.ask("a!", "a")["value"], 1)

    def test_serves_the_template(self):
        child = self.start(PACKAGE / "cohort_scorers/template.py")
        self.assertEqual(child.ask("so\nAnswer: 4 ", "4")["value"], 1)
        self.assertEqual(child.ask("so\nAnswer: 5", "4")["value"], 0)
        self.assertTrue(child.ask("4", "4")["unparseable"])


class TrlStyle(AdapterTest):
    def test_gives_lists_of_one(self):
        child = self.serve("""
            def reward(prompts, completions, solution, tokens, **columns):
                assert columns["answer"] == columns["ground_truth"] == solution and "completion_ids" not in columns
                return [float(c == p + s) + t for p, c, s, t in zip(prompts, completions, solution, tokens, strict=True)]""")
        self.assertEqual(child.first["wants"], [])
        self.assertEqual(child.ask("p4", "4")["value"], 3)

    def test_gives_messages_where_the_annotation_speaks_of_dicts(self):
        child = self.serve("def reward(completions: list[list[dict[str, str]]], **_): return [len(completions[0][0]['content'])]")
        self.assertEqual(child.ask("four")["value"], 4)

    def test_gives_messages_where_the_text_reads_content(self):
        child = self.serve("def reward(completions, **_): return [len(c[0]['content']) for c in completions]")
        self.assertEqual(child.ask("four")["value"], 4)

    def test_gives_text_where_the_annotation_says_so(self):
        child = self.serve("""
            def reward(completions: "list[str]", **_):
                '''Not like ["content"].'''
                return [len(completions[0])]""")
        self.assertEqual(child.ask("four")["value"], 4)

    def test_gives_messages_where_the_option_says_so(self):
        child = self.serve("def reward(completions, prompts): return [completions[0][0]['role'] + prompts[0][0]['role'] == 'assistantuser']",
                           "--conversational", "yes")
        self.assertEqual(child.ask("x")["value"], 1)

    def test_gives_token_ids_to_who_names_them(self):
        child = self.serve("def reward(completion_ids, **_): return [len(ids) for ids in completion_ids]")
        self.assertEqual(child.first["wants"], ["completion_ids"])
        self.assertEqual(child.ask("x", completion_ids=[1, 2, 3])["value"], 3)

    def test_gives_token_ids_to_who_asks_for_them(self):
        child = self.serve("def reward(completions, **columns): return [len(columns['completion_ids'][0])]",
                           "--column", "completion_ids=completion_ids")
        self.assertEqual(child.first["wants"], ["completion_ids"])
        self.assertEqual(child.ask("x", completion_ids=[1, 2, 3])["value"], 3)

    def test_renames_a_column(self):
        child = self.serve("def reward(completions, gold): return [completions[0] == gold[0]]", "--column", "gold=answer")
        self.assertEqual(child.ask("4", "4")["value"], 1)

    def test_makes_none_not_applicable(self):
        child = self.serve("def reward(completions, **_): return [None]")
        self.assertEqual(child.ask("x"), {"type": "verdict", "id": 1, "value": None})

    def test_calls_the_factory(self):
        text = """
            def longest(limit, *, worth=1.0):
                def reward(completions, **_): return [worth if len(completions[0]) <= limit else 0]
                return reward
            class Fixed:
                def __init__(self, value): self.value = value
                def __call__(self, completions, **_): return [self.value]"""
        child = self.serve(text, function=":longest(3, worth=-0.5)")
        self.assertEqual([child.ask("abc")["value"], child.ask("abcd")["value"]], [-0.5, 0])
        self.assertEqual(self.serve(text, function=":Fixed(value=0.25)").ask("x")["value"], 0.25)

    def test_refuses_a_list_of_another_length(self):
        child = self.serve("def reward(completions, answer): return eval(answer[0])")
        self.assert_error(child.ask("x", "[]"), "0 values for one completion")
        self.assert_error(child.ask("x", "[1, 2]"), "2 values for one completion")
        for wrong in ("1.0", "'1'", "{'score': 1}", "None"):
            self.assert_error(child.ask("x", wrong), "a list of one number or None is wanted")
        self.assertEqual(child.ask("x", "(1,)")["value"], 1)


class VerlStyle(AdapterTest):
    def test_gives_what_verl_gives(self):
        child = self.serve("""
            def compute_score(data_source, solution_str, ground_truth, extra_info=None):
                assert extra_info["index"] == extra_info["row"] == 3 and extra_info["prompt"] == "p"
                return {"score": solution_str == ground_truth, "acc": True, "pred": solution_str, "source": data_source, "no": None}
            def helper(solution_str): pass""", "--data-source", "openai/gsm8k")
        self.assertEqual(child.ask("4", "4", row=3), {"type": "verdict", "id": 1, "value": 1.0, "components": {"acc": 1.0},
                                                      "detail": "pred: 4; source: openai/gsm8k"})

    def test_gives_fewer_parameters_and_fixed_ones(self):
        child = self.serve("def compute_score(solution_str, ground_truth, method='strict', score=1.0): return score * (method == 'flexible')",
                           "--set", "method=flexible", "--set", "score=0.5")
        self.assertEqual(child.ask("x")["value"], 0.5)

    def test_takes_the_route_as_data_source(self):
        child = self.serve("def compute_score(data_source, solution_str): return data_source == solution_str")
        self.assertEqual(child.ask("s")["value"], 1)
        self.assertEqual(child.ask("math", route="math")["value"], 1)

    def test_makes_none_not_applicable(self):
        child = self.serve("def compute_score(solution_str, ground_truth): return None if ground_truth else {'score': None}")
        self.assertEqual(child.ask("x", "4"), {"type": "verdict", "id": 1, "value": None})
        self.assertEqual(child.ask("x", ""), {"type": "verdict", "id": 1, "value": None})

    def test_refuses_a_dict_without_score(self):
        child = self.serve("def compute_score(solution_str): return {'acc': 1}")
        self.assert_error(child.ask("x"), "without 'score'", "acc")


class Columns(AdapterTest):
    def test_come_to_who_names_them(self):
        child = self.serve("def score(completion, target, weight=2): return weight * (completion == target)")
        self.assertEqual(child.first["needs"], ["target"])
        self.assertEqual(child.ask("x", columns={"target": "x", "unread": 1})["value"], 2)
        self.assertEqual(child.ask("x", columns={"target": "x", "weight": 3})["value"], 3)
        self.assert_error(child.ask("x", columns={"weight": 3}), "nothing to give for parameter target", "no such column")
        self.assert_error(child.ask("x"), "nothing to give for parameter target")

    def test_come_as_lists_to_trl(self):
        child = self.serve("""
            def reward(completions, target, **columns):
                assert columns["solution"] == columns["ground_truth"] == ["gold"] and columns["level"] == [5]
                return [float(c == t) for c, t in zip(completions, target, strict=True)]""")
        self.assertEqual(child.ask("x", "gold", columns={"target": "x", "level": 5})["value"], 1)

    def test_replace_what_trl_does_not_know(self):
        child = self.serve("def reward(completions, solution, answer, row, **_): return [solution[0] + answer[0] + str(row[0]) == completions[0]]")
        self.assertEqual(child.ask("sg9", "g", row=3, columns={"solution": "s", "answer": "other", "row": 9, "completions": "no"})["value"], 1)
        self.assertEqual(child.ask("gg3", "g", row=3)["value"], 1)
        child = self.serve("def score(completion, row): return str(row) == completion")
        self.assertEqual(child.ask("3", row=3, columns={"row": 9})["value"], 1)

    def test_leave_the_defaults_of_verl_alone(self):
        child = self.serve("def compute_score(solution_str, ground_truth, score=1.0, **more): return score * (not more.get('level'))")
        self.assertEqual(child.ask("4", "4", columns={"score": 0.25, "level": 5})["value"], 1)

    def test_make_the_extra_info_of_verl(self):
        child = self.serve("""
            def compute_score(data_source, solution_str, ground_truth, extra_info):
                assert extra_info["split"] == "train" and extra_info["level"] == 5 and extra_info["index"] == 7 and extra_info["row"] == 3
                return data_source == "openai/gsm8k"
            """)
        self.assertEqual(child.ask("4", "4", row=3, columns={"data_source": "openai/gsm8k", "level": 5,
                                                             "extra_info": {"split": "train", "index": 7}})["value"], 1)

    def test_do_not_overrule_what_the_command_line_says(self):
        child = self.serve("def compute_score(data_source, solution_str, k): return data_source + str(k) == solution_str",
                           "--data-source", "mine", "--set", "k=1")
        self.assertEqual(child.ask("mine1", columns={"data_source": "other", "k": 2})["value"], 1)


class Async(AdapterTest):
    def test_awaits_each_style_on_one_loop(self):
        for text, value in (("async def score(completion): return await wait(0.5)", 0.5),
                            ("async def reward(completions, **_): return [await wait(None)]", None),
                            ("async def compute_score(solution_str): return {'score': await wait(1)}", 1)):
            child = self.serve("import asyncio\nloops = set()\nasync def wait(value):\n    loops.add(asyncio.get_running_loop())\n"
                               "    await asyncio.sleep(0)\n    assert len(loops) == 1\n    return value\n" + text)
            for _ in range(2):
                self.assertEqual(child.ask("x")["value"], value)

    def test_goes_on_after_what_a_coroutine_raises(self):
        child = self.serve("import sys\nasync def score(completion, answer):\n    if answer: exec(answer)\n    return 1")
        self.assert_error(child.ask("x", "raise ValueError('no')"), "ValueError: no")
        self.assert_error(child.ask("x", "sys.exit(2)"), "SystemExit: 2")
        self.assertEqual(child.ask("x")["value"], 1)


class Values(AdapterTest):
    def test_refuses_what_is_no_finite_number(self):
        child = self.serve("def score(completion, answer): return eval(answer)")
        self.assert_error(child.ask("x", "float('nan')"), "gave nan: a finite number is wanted")
        self.assert_error(child.ask("x", "-1e999"), "gave -inf")
        self.assert_error(child.ask("x", "10 ** 400"), "int", "too large")
        self.assert_error(child.ask("x", "'0.5'"), "str '0.5'")
        for wrong in ("b'1'", "[1]", "1j", "object", "{'score': '1'}", "{'score': 1, 'components': {'a': 'b'}}"):
            self.assert_error(child.ask("x", wrong), "a number, a bool or None is wanted")
        self.assert_error(child.ask("x", "{'score': 1, 'scroe': 2}"), "scroe")
        self.assert_error(child.ask("x", "{}"), "known are score")
        self.assertEqual(child.ask("x", "True")["value"], 1)

    def test_takes_scalars_of_libraries(self):
        child = self.serve("""
            import fractions
            class Scalar:
                ndim = 0
                def __float__(self): return 0.25
            def compute_score(solution_str): return {"score": fractions.Fraction(1, 2), "other": Scalar()}""")
        reply = child.ask("x")
        self.assertEqual((reply["value"], reply["components"]), (0.5, {"other": 0.25}))

    def test_keeps_every_bit_of_a_number(self):
        child = self.serve("def score(completion, answer): return float.fromhex(answer)")
        for value in (0.1, 1 / 3, 5e-324, -1.7976931348623157e308):
            self.assertEqual(child.ask("x", value.hex())["value"], value)


class Misbehaviour(AdapterTest):
    def test_says_where_an_exception_came_from(self):
        child = self.serve("import json\n\ndef score(completion, answer):\n    return json.loads(completion)['a']")
        self.assert_error(child.ask("{"), "scorer.py:4: JSONDecodeError: ")
        self.assert_error(child.ask('{"b": 1}'), "scorer.py:4: KeyError: 'a'")
        self.assertEqual(child.ask('{"a": 1}')["value"], 1)

    def test_survives_what_a_scorer_raises(self):
        child = self.serve("""
            import os, sys
            class Mute(BaseException):
                def __str__(self): raise self
            def deep(): return deep()
            def score(completion, answer): exec(answer); return 1""")
        self.assert_error(child.ask("x", "sys.exit()"), "SystemExit")
        self.assert_error(child.ask("x", "raise KeyboardInterrupt"), "KeyboardInterrupt")
        self.assert_error(child.ask("x", "raise Mute"), "Mute: (no text)")
        self.assert_error(child.ask("x", "deep()"), "RecursionError")
        self.assert_error(child.ask("x", "raise ValueError('two\\nlines' + 'x' * 10 ** 6)"), "ValueError: two lines")
        self.assertEqual(child.ask("x", "os.chdir('/')")["value"], 1)
        self.assertEqual(child.ask("x")["value"], 1)
        self.assertEqual(child.finish()[0], 0)

    def test_keeps_print_out_of_the_frames(self):
        child = self.serve("""
            import os, subprocess, sys
            print("at import \\u00e9")
            def score(completion):
                print("in a call"); sys.stdout.write("x" * 100000); os.write(1, b"raw"); subprocess.run(["echo", "from a program"])
                return 1""")
        self.assertEqual(child.ask("x")["value"], 1)
        self.assertEqual(child.ask("x")["value"], 1)
        status, said = child.finish()
        self.assertEqual(status, 0)
        for noise in ("at import", "in a call", "raw", "from a program"):
            self.assertIn(noise, said)

    def test_survives_closed_and_replaced_files(self):
        for deed in ("sys.stdout.close()", "os.close(1)", "print('x', end=''); os.close(1)", "os.dup2(os.open('/dev/null', os.O_WRONLY), 1)",
                     "os.close(0); os.close(2)", "sys.stdout = None", "sys.stdin.read()"):
            with self.subTest(deed):
                child = self.serve(f"import os, sys\ndef score(completion): {deed}; return 1")
                self.assertEqual(child.ask("x")["value"], 1)
                child.send_bytes(b"")
                self.assertIn(child.ask("x")["type"], ("verdict", "error"))
                self.assertEqual(child.finish()[0], 0)

    def test_lets_scorers_use_the_alarm(self):
        child = self.serve("""
            import signal, time
            def late(*_): raise TimeoutError("too slow")
            def score(completion, answer):
                signal.signal(signal.SIGALRM, late)
                if answer: signal.setitimer(signal.ITIMER_REAL, float(answer))
                end = time.monotonic() + float(completion)
                while time.monotonic() < end: pass
                return 1""")
        self.assert_error(child.ask("60", "0.01"), "TimeoutError: too slow")
        self.assertEqual(child.ask("0", "0.2")["value"], 1)
        self.assertEqual(child.ask("0.3", "")["value"], 1, "the alarm that the task before left set strikes this one")
        self.assertEqual(child.finish()[0], 0)

    def test_takes_no_answer_from_a_forked_copy(self):
        child = self.serve("import os, sys\ndef score(completion):\n    if os.fork() == 0: sys.exit(0)\n    os.wait()\n    return 1")
        for number in (1, 2, 3):
            self.assertEqual(child.ask("x", id=number), {"type": "verdict", "id": number, "value": 1.0})

    def test_ends_though_a_thread_goes_on(self):
        child = self.serve("import threading\nthreading.Thread(target=threading.Event().wait).start()\ndef score(completion): return 1")
        self.assertEqual(child.ask("x")["value"], 1)
        self.assertEqual(child.finish()[0], 0)

    def test_answers_with_an_error_where_the_verdict_is_too_long(self):
        child = self.serve("def score(completion): return {'score': 1, 'components': {'x' * (1 << 20): 1}}")
        self.assert_error(child.ask("x"), "too long")


class Frames(AdapterTest):
    ECHO = "def score(completion, answer): return {'score': completion == answer, 'detail': completion[:9]}"

    def test_keeps_unicode(self):
        child = self.serve(self.ECHO)
        for text in ("é漢字🎉", "\x00\u2028", "a\ud800b"):
            self.assertEqual(child.ask(text, text)["value"], 1)
        self.assertEqual(child.ask("é漢字🎉")["detail"], "é漢字🎉")
        self.assertEqual(self.start(self.file(self.ECHO, "é漢 字.py")).ask("a", "a")["value"], 1)

    def test_takes_big_tasks(self):
        child = self.serve(self.ECHO)
        for size in (1 << 20, 15 << 20):
            self.assertEqual(child.ask("a" * size, "b")["value"], 0)

    def test_ends_with_stdin(self):
        self.assertEqual(self.serve(self.ECHO).finish(), (0, ""))

    def test_says_that_a_frame_was_cut(self):
        for data, why in ((b"\x05\x00", "length"), (b"\x05\x00\x00\x00{}", "after 2 of a frame's 5 bytes"), (bytes(4), "length"),
                          (b"\x01\x00\x00\x01", "length"), (b"\x02\x00\x00\x00no", "JSON"), (b"\x02\x00\x00\x00[]", "object"),
                          (b"\x02\x00\x00\x00{}", "no id")):
            with self.subTest(data):
                child = self.serve(self.ECHO)
                child.send_bytes(data)
                status, said = child.finish()
                self.assertEqual(status, 1)
                self.assertEqual(said.count("\n"), 1, said)
                self.assertIn(why, said)

    def test_answers_an_unknown_frame_with_an_error(self):
        child = self.serve(self.ECHO)
        child.send({"type": "dance", "id": 1})
        self.assert_error(child.receive(), "dance")
        child.send({"type": "score", "id": 1, "completion": "x"})
        self.assert_error(child.receive(), "'answer'")
        self.assertEqual(child.ask("a", "a")["value"], 1)


class Start(AdapterTest):
    def test_tells_the_digest_of_the_file(self):
        versions = [self.serve(f"def score(completion): return {value}").first["version"] for value in (1, 2, 1)]
        self.assertRegex(versions[0], "^[0-9a-f]{16}$")
        self.assertNotEqual(versions[0], versions[1])
        self.assertEqual(versions[0], versions[2])

    def test_loads_what_the_file_says_now(self):
        for value in (1, 2, 3):
            self.assertEqual(self.serve(f"def score(completion): return {value}").ask("x")["value"], value)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["scorer.py"])

    def test_loads_modules_and_helpers_beside_a_file(self):
        self.file("WORTH = 0.5", "helper.py")
        self.assertEqual(self.serve("import helper\ndef score(completion): return helper.WORTH").ask("x")["value"], 0.5)
        self.assertEqual(self.start("scorer").ask("x")["value"], 0.5)
        self.assertEqual(self.start("scorer:score").ask("x")["value"], 0.5)

    def test_a_file_does_not_hide_the_module_of_its_name(self):
        path = self.file("import json\ndef score(completion): return json.loads(completion)", "json.py")
        os.mkdir(self.folder / "elsewhere")
        child = ScorerChild(path, cwd=self.folder / "elsewhere")
        self.addCleanup(child.__exit__)
        self.assertEqual(child.ask("0.5")["value"], 0.5)

    def test_says_why_it_cannot_start(self):
        self.assertIn("no such file", self.failure("missing.py"))
        self.assertIn("No module named 'missing'", self.failure("missing"))
        self.assertIn("scorer.py:2: ZeroDivisionError", self.failure(self.file("\n1 / 0")))
        self.assertIn("scorer.py:1: SyntaxError", self.failure(self.file("def")))
        self.assertIn("SystemExit: 3", self.failure(self.file("import sys; sys.exit(3)")))
        self.assertIn("its functions: rate", self.failure(f"{self.file('def rate(completion): pass')}:score"))
        self.assertIn("its functions: none", self.failure(self.file("from os.path import join")))
        self.assertIn("--style", self.failure(f"{self.file('def rate(a, b): pass')}:rate"))
        self.assertIn("is no function", self.failure(f"{self.file('score = 3')}:score"))
        self.assertIn("is a class", self.failure(f"{self.file('class Rate: pass')}:Rate"))
        self.assertIn("cannot be read", self.failure(f"{self.file('score = min')}:score"))
        self.assertIn("has no file", self.failure("builtins:len", "--style", "cohort"))
        self.assertIn("before '/'", self.failure(self.file("def score(completion, /): pass")))

    def test_names_the_functions_that_can_be_meant(self):
        detail = self.failure(self.file("def a(completions): pass\ndef b(completion): pass\ndef _c(completion): pass\ndef d(x): pass"))
        self.assertIn("several functions that can be meant: a, b;", detail)

    def test_names_the_parameter_that_nobody_gives(self):
        text = "def reward(completions, level): return [level[0]]"
        self.assert_error(self.serve(text).ask("x"), "parameter level of reward", "no such column")
        verl = self.file("def compute_score(solution_str, level): return level")
        self.assertIn("parameter level; say --column level=FIELD", self.failure(verl))
        self.assertEqual(self.serve(text, "--column", "level=row").ask("x", row=5)["value"], 5)

    def test_takes_only_literals_as_arguments(self):
        path = self.file("import os\ndef make(x): return lambda completion: x")
        for call in ("(os.getpid())", "(*[1])", "(**{'x': 1})", "(1)(2)", "(x=__import__('os'))", "(", "(1", "(1) + f(2)"):
            self.assertRegex(self.failure(f"{path}:make{call}"), "literals|no such file")
        self.assertIn("TypeError", self.failure(f"{path}:make()"))

    def test_refuses_options_that_fit_nothing(self):
        path = self.file("def score(completion): return 1")
        self.assertIn("has no parameter gold", self.failure(path, "--column", "gold=answer"))
        self.assertIn("has no parameter k", self.failure(path, "--set", "k=1"))
        self.assertIn("the fields are completion, answer", self.failure(path, "--column", "gold=gold"))
        self.assertIn("NAME=VALUE is wanted", self.failure(path, "--set", "k"))
        self.assertIn("invalid choice", self.failure(path, "--style", "yours"))
        self.assertIn("required", self.failure())


if __name__ == "__main__":
    unittest.main()
