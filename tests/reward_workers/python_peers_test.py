"""TRL's and verl's reward functions, unchanged, give through the adapter exactly what they give when called, on 500 rows each.

Installs requirements-peers.txt once, under the build folder.
"""
import asyncio
import hashlib
import importlib.util
import os
import pathlib
import subprocess
import sys
import time
import unittest
import venv

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
DATA = pathlib.Path(os.environ.get("COHORT_DATA") or SOURCE.parent / "shared/data")


def peer_python():
    """The interpreter of a virtual environment with the peers; made once for each version of the requirements and of Python."""
    requirements = HERE / "requirements-peers.txt"
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = pathlib.Path(os.environ.get("COHORT_PEERS") or SOURCE / "build/peers") / digest
    done = folder / "installed"
    if not done.exists():
        start = time.monotonic()
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", requirements],
                       check=True)
        done.touch()
        print(f"installed {requirements.name} under {folder} in {time.monotonic() - start:.0f} s", flush=True)
    return folder / "bin/python"


def by_path(path):
    spec = importlib.util.spec_from_file_location(f"direct_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def messages(row):
    return [[{"role": "assistant", "content": row["completion"]}]]


class PeersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        import rows
        cls.rows = rows.rows(DATA)
        cls.verl = pathlib.Path(importlib.util.find_spec("trl").origin).parents[1] / "verl/utils/reward_score"

    def agree(self, direct, *words, wants=(), distinct=2):
        """The adapter's verdicts on all rows, `direct(row)` being the bodies that they must have."""
        from scorer_child import ScorerChild
        self.assertEqual(len(self.rows), 500)
        seen = []
        with ScorerChild(*words) as child:
            self.assertEqual((child.first["type"], child.first.get("wants")), ("ready", list(wants)), child.first)
            for number, row in enumerate(self.rows, 1):
                fields = {key: row[key] for key in ("prompt", *wants)}
                expected = {"type": "verdict", "id": number} | direct(row)
                self.assertEqual(child.ask(row["completion"], row["answer"], id=number, row=number, **fields), expected, row)
                seen.append(expected["value"])
            self.assertEqual(child.finish()[0], 0)
        self.assertGreaterEqual(len(set(seen)), distinct, "the rows do not tell right from wrong")
        return seen

    def test_trl_accuracy_reward(self):
        from trl.rewards import accuracy_reward
        seen = self.agree(lambda row: {"value": accuracy_reward(messages(row), [row["answer"]])[0]}, "trl.rewards:accuracy_reward", distinct=3)
        self.assertEqual(set(seen), {0.0, 1.0, None})

    def test_trl_think_format_reward(self):
        from trl.rewards import think_format_reward
        self.agree(lambda row: {"value": think_format_reward(messages(row))[0]}, "trl.rewards:think_format_reward")

    def test_trl_soft_overlong_punishment(self):
        from trl.rewards import get_soft_overlong_punishment
        punish = get_soft_overlong_punishment(max_completion_len=100, soft_punish_cache=20)
        self.agree(lambda row: {"value": punish([row["completion_ids"]])[0]},
                   "trl.rewards:get_soft_overlong_punishment(max_completion_len=100, soft_punish_cache=20)", wants=["completion_ids"], distinct=10)

    def test_trl_asynchronous_and_not_applicable(self):
        path = HERE / "peers/judged_later.py"
        reward = by_path(path).reward
        seen = self.agree(lambda row: {"value": asyncio.run(reward(messages(row), [row["answer"]], [row["completion_ids"]]))[0]}, path,
                          wants=["completion_ids"], distinct=10)
        self.assertIn(None, seen)

    def test_verl_gsm8k(self):
        direct = by_path(self.verl / "gsm8k.py").compute_score
        for method in ("strict", "flexible"):
            self.agree(lambda row: {"value": float(direct(row["completion"], row["answer"], method=method))},
                       self.verl / "gsm8k.py", "--set", f"method={method}")

    def test_verl_math_dapo(self):
        direct = by_path(self.verl / "math_dapo.py").compute_score
        for strict in (False, True):
            def body(row):
                said = direct(row["completion"], row["answer"], strict_box_verify=strict)
                pred = " ".join(f"pred: {said['pred']}".split())
                return {"value": said["score"], "components": {"acc": float(said["acc"])}} | ({"detail": pred} if said["pred"] is not None else {})
            self.agree(body, self.verl / "math_dapo.py", "--set", f"strict_box_verify={strict}")


if __name__ == "__main__":
    python = peer_python()
    if os.environ.get("COHORT_PEER_PYTHON") != str(python):
        os.execve(python, [str(python), "-B", *sys.argv], dict(os.environ, COHORT_PEER_PYTHON=str(python)))
    sys.path.append(str(HERE / "peers"))
    unittest.main()
