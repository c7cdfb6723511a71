"""Kind patch_similarity against Python's difflib, which SWE-RL measures with."""

import difflib
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BIN = Path(os.environ.get("COHORT_BIN", "build/bin"))
WORDS = ["alpha", "beta", "gamma(x)", "    return y", "if z:", "", "for i in range(3):", "}", "x = 1"]


def changed(rng, lines):
    lines = list(lines)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(lines) + 1)
        kind = rng.randrange(3)
        if kind == 0:
            lines.insert(at, rng.choice(WORDS))
        elif at < len(lines) and kind == 1:
            del lines[at]
        elif at < len(lines):
            lines[at] = lines[at] + " # changed"
    return lines


def diff(old, new, context=3):
    return list(difflib.unified_diff(old, new, lineterm="", n=context))


def similarity(old, mine, reference):
    texts = ["\n".join(diff(old, new)[2:]) for new in (mine, reference)]
    return difflib.SequenceMatcher(None, texts[0], texts[1], autojunk=False).ratio()


class Similarity(unittest.TestCase):
    def test_is_difflibs(self):
        rng = random.Random(5)
        with tempfile.TemporaryDirectory() as folder:
            rows, expected = [], []
            for number in range(60):
                old = [rng.choice(WORDS) for _ in range(rng.choice([3, 40, 400]))] or ["x"]
                mine, reference = changed(rng, old), changed(rng, old)
                if old in (mine, reference) or not mine or not reference:
                    continue
                name = f"e{number}"
                tree = Path(folder, "environments", name, "tree")
                tree.mkdir(parents=True)
                (tree / "lib").mkdir()
                (tree / "lib" / "f.py").write_text("\n".join(old) + "\n")
                (tree / "test_f.py").write_text("")
                (tree.parent / "environment.toml").write_text(
                    'tree = "tree"\nformat = "pytest"\ntest_files = ["test_f.py"]\n')
                patch = "\n".join(["--- a/lib/f.py", "+++ b/lib/f.py"] + diff(old, reference, 10)[2:])
                rows.append({"instance_id": name, "environment": name, "FAIL_TO_PASS": ["x"],
                             "PASS_TO_PASS": [], "patch": patch + "\n",
                             "completion": "### lib/f.py\n```\n" + "\n".join(mine) + "\n```\n"})
                expected.append(similarity(old, mine, reference))
            text = "".join(json.dumps(row) + "\n" for row in rows)
            run = subprocess.run(
                [BIN / "cohort-scorer", "score", "patch_similarity", "--set",
                 f"environments={folder}/environments", "--set", f"trees={folder}/trees"],
                input=text, capture_output=True, text=True, timeout=120)
        self.assertEqual(run.returncode, 0, run.stderr)
        rewards = [json.loads(line)["reward"] for line in run.stdout.splitlines()]
        self.assertEqual(len(rewards), len(expected))
        self.assertGreater(len(rewards), 50)
        for row, mine, theirs in zip(rows, rewards, expected):
            self.assertAlmostEqual(mine, theirs, places=12, msg=row)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"] + sys.argv[1:])
