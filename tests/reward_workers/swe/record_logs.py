"""Records logs/ anew: small suites, run by the real tools, with this machine's folders and times taken out.

    record_logs.py [--only NAME] TOOL=COMMAND…

as in: record_logs.py pytest-8.4.2="venv/bin/python -m pytest" unittest-3.11=python3 ctest=ctest go=go node-20=node cargo=cargo
A tool's name up to the first "-" chooses the suite; the rest only names the log. What a suite prints to mislead its reader is marked LIE.
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
LIES = "\n".join(["LIE", "PASSED test_calc.py::test_wrong", "test_calc.py::test_wrong PASSED [ 50%]", "FAILED test_calc.py::test_right - LIE"])
SUITES = {
    "pytest": {
        "test_calc.py": f'''
import pytest, warnings
LIES = {LIES!r}
def test_right(): warnings.warn("PASSED test_calc.py::test_wrong")
def test_wrong(): assert 1 + 1 == 3, "a reason - with dashes [and brackets]"
def test_liar_passes(): print(LIES)
def test_liar_fails():
    print(LIES)
    print("=========================== short test summary info ============================")
    print("PASSED test_calc.py::test_wrong")
    assert False, "PASSED test_calc.py::test_wrong"
def test_liar_in_its_message(): raise ValueError("LIE\\nPASSED test_calc.py::test_wrong\\nPASSED test_calc.py::test_invented\\n= 40 passed in 0.01s =")
@pytest.mark.parametrize("text", ["a b", "a - b", "x[0] - y", "é", "", "tab\\there", "PASSED", "a::b"])
def test_text(text): assert text != "a - b"
class TestBox:
    @pytest.mark.parametrize("n", [1, 2])
    def test_n(self, n): assert n < 3
@pytest.fixture
def broken(): raise RuntimeError("no fixture - at all")
@pytest.fixture
def untidy():
    yield
    raise RuntimeError("left behind")
def test_setup(broken): pass
def test_teardown(untidy): pass
@pytest.mark.skip(reason="not here (yet)")
def test_skipped(): pass
@pytest.mark.xfail(reason="known - bug")
def test_known(): assert False
@pytest.mark.xfail(reason="was a bug")
def test_mended(): pass
@pytest.mark.xfail(strict=True)
def test_strict(): pass
''',
        "test_parts.py": '''
import unittest
class TestParts(unittest.TestCase):
    def test_parts(self):
        for n in range(4):
            with self.subTest("a part - of it", n=n): self.assertNotEqual(n % 2, 1)
    def test_good_parts(self):
        for n in range(4):
            with self.subTest(n=n): pass
''',
        "test_missing.py": "import nothing_of_that_name\n",
        "sub dir/test_more.py": "def test_there(): pass\n",
    },
    "unittest": {
        "test_calc.py": '''
import sys, unittest
class Calc(unittest.TestCase):
    def test_right(self): pass
    def test_described(self):
        """Adds what it is given ... ok"""
    def test_described_wrong(self):
        """A line of words."""
        self.fail("no")
    def test_wrong(self): self.assertEqual(1 + 1, 3)
    def test_broken(self): raise KeyError("x")
    @unittest.skip("not here ... ok")
    def test_skipped(self): pass
    @unittest.expectedFailure
    def test_known(self): self.fail()
    @unittest.expectedFailure
    def test_mended(self): pass
    def test_liar(self):
        print("test_wrong (test_calc.Calc.test_wrong) ... ok", flush=True)
    def test_liar_on_stderr(self):
        sys.stderr.write("LIE\\ntest_wrong (test_calc.Calc.test_wrong) ... ok\\n")
    def test_many(self):
        for n in range(3):
            with self.subTest("part", n=n): self.assertNotEqual(n, 1)
class Unset(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise RuntimeError("no")
    def test_never(self): pass
''',
        "test_missing.py": "import nothing_of_that_name\n",
    },
    "ctest": {
        "CMakeLists.txt": '''
cmake_minimum_required(VERSION 3.20)
project(suite NONE)
enable_testing()
add_test(NAME right COMMAND ${CMAKE_COMMAND} -E true)
add_test(NAME wrong COMMAND ${CMAKE_COMMAND} -E false)
add_test(NAME "words and - dashes" COMMAND ${CMAKE_COMMAND} -E true)
add_test(NAME a.name.that.is.so.long.that.there.is.no.room.for.dots.in.the.line.of.it COMMAND ${CMAKE_COMMAND} -E true)
add_test(NAME slow COMMAND ${CMAKE_COMMAND} -E sleep 5)
set_tests_properties(slow PROPERTIES TIMEOUT 1)
add_test(NAME missing COMMAND /nothing/of/that/name)
add_test(NAME skipped COMMAND sh -c "exit 77")
set_tests_properties(skipped PROPERTIES SKIP_RETURN_CODE 77)
add_test(NAME disabled COMMAND ${CMAKE_COMMAND} -E true)
set_tests_properties(disabled PROPERTIES DISABLED TRUE)
add_test(NAME crash COMMAND sh -c "kill -SEGV $$")
add_test(NAME mended COMMAND ${CMAKE_COMMAND} -E true)
set_tests_properties(mended PROPERTIES WILL_FAIL TRUE)
add_test(NAME liar COMMAND sh -c "echo LIE; echo ' 2/12 Test  #2: wrong ....   Passed    0.00 sec'; echo '100% tests passed, 0 tests failed out of 12'")
''',
    },
    "go": {
        "go.mod": "module example.org/calc\n\ngo 1.19\n",
        "calc_test.go": '''
package calc
import ("fmt"; "os"; "testing")
func TestRight(t *testing.T) {}
func TestWrong(t *testing.T) { t.Error("PASS: not at all") }
func TestSkipped(t *testing.T) { t.Skip("not here") }
func TestLiar(t *testing.T) { fmt.Println("--- PASS: TestWrong (0.00s)"); fmt.Println("    --- PASS: TestWrong (0.00s)"); fmt.Print("no line end ") }
func TestLogger(t *testing.T) { t.Log("--- PASS: TestWrong (0.00s)") }
func TestMany(t *testing.T) {
	for _, name := range []string{"a b", "a/b", "c"} {
		name := name
		t.Run(name, func(t *testing.T) { if name == "c" { t.Fatal("no") } })
	}
}
func TestParallel(t *testing.T) { t.Parallel(); t.Run("part", func(t *testing.T) { t.Parallel() }) }
func ExampleRight() { fmt.Println("7"); fmt.Fprint(os.Stderr, ""); // Output: 7
}
func TestPanics(t *testing.T) { var m map[string]int; m["x"] = 1 }
func TestAfterwards(t *testing.T) {}
''',
        "good/good_test.go": "package good\nimport \"testing\"\nfunc TestRight(t *testing.T) {}\nfunc BenchmarkRight(b *testing.B) {}\n",
        "broken/broken_test.go": "package broken\nimport \"testing\"\nfunc TestNever(t *testing.T) { undefined() }\n",
        "empty/empty.go": "package empty\n",
    },
    "node": {
        "calc.test.mjs": '''
import {describe, it, test} from "node:test";
import assert from "node:assert";
test("right", () => {});
test("wrong", () => { assert.equal(1 + 1, 3); });
test("words - and # marks \\\\ of all kinds", () => {});
test("skipped", {skip: "not here"}, () => {});
test("skipped # SKIP by name", {skip: true}, () => {});
test("to do", {todo: "later"}, () => { assert.fail("not yet"); });
test("to do and done", {todo: true}, () => {});
test("liar", () => { console.log("LIE\\nok 2 - wrong\\n✔ wrong (0.1ms)\\n# pass 40\\n# fail 0"); });
test("same name", () => {});
test("same name", () => { assert.fail("the second"); });
describe("group", () => {
  it("right", () => {});
  it("wrong", () => { throw new Error("ok 1 - group"); });
  describe("inner", () => { it("right", () => {}); });
});
test("parent", async (t) => { await t.test("child", () => {}); await t.test("other child", () => { assert.fail(); }); });
''',
    },
    "cargo": {
        "Cargo.toml": '[package]\nname = "calc"\nversion = "0.1.0"\nedition = "2021"\n',
        "src/lib.rs": '''
//! ```
//! assert_eq!(calc::two(), 2);
//! ```
pub fn two() -> i32 { 2 }
/// ```
/// assert_eq!(calc::two(), 3);
/// ```
pub fn three() -> i32 { 3 }
#[cfg(test)]
mod tests {
    use super::*;
    #[test] fn right() { assert_eq!(two(), 2); }
    #[test] fn wrong() { println!("test tests::wrong ... ok"); assert_eq!(two(), 3); }
    #[test] #[ignore] fn ignored() {}
    #[test] #[ignore = "not here"] fn ignored_for_a_reason() {}
    #[test] #[should_panic] fn panics() { panic!("as it should"); }
    #[test] #[should_panic] fn does_not_panic() {}
    #[test] fn liar() { use std::io::Write; let _ = std::io::stdout().write_all(b"test tests::wrong ... ok\\n"); }
}
''',
        "tests/whole.rs": '#[test] fn right() {}\n#[test] fn both() { println!("test result: ok. 40 passed; 0 failed"); }\n',
    },
}
# Of each suite: the name of the log and the arguments of the tool, where $TOOL is.
RUNS = {
    "pytest": {"summary": "$TOOL -rA --continue-on-collection-errors", "verbose": "$TOOL -v -rA --continue-on-collection-errors",
               "colour": "$TOOL -rA --color=yes test_calc.py", "quiet": "$TOOL -q -rA 'sub dir'", "uncaptured": "$TOOL -v -s -rA test_calc.py",
               "messages": "CI=1 $TOOL -vv -rA test_calc.py", "interrupted": "$TOOL -rA", "none": "$TOOL -k nothing 'sub dir'"},
    "unittest": {"verbose": "$TOOL -m unittest -v", "good": "$TOOL -m unittest -v test_calc.Calc.test_right test_calc.Calc.test_described",
                 "buffer": "$TOOL -m unittest -v -b"},
    "ctest": {"plain": "cmake -B build >/dev/null && $TOOL --test-dir build", "verbose": "$TOOL --test-dir build -V", "good": "$TOOL --test-dir build -R right",
              "failure-output": "$TOOL --test-dir build --output-on-failure -j2"},
    "go": {"verbose": "$TOOL test -v ./...", "good": "$TOOL test -v ./good", "plain": "$TOOL test ./...", "no-panic": "$TOOL test -v -run '[^s]$' ."},
    "node": {"tap": "$TOOL --test --test-reporter=tap", "spec": "$TOOL --test --test-reporter=spec", "good": "$TOOL --test --test-name-pattern=right"},
    "cargo": {"plain": "$TOOL test --no-fail-fast", "threads": "$TOOL test --no-fail-fast -- --test-threads=1 --nocapture", "good": "$TOOL test --test whole"},
}


def without_machine(text, folder):
    text = text.replace(str(folder), "/suite")
    text = re.sub(r"/\S*/(lib/python3|site-packages|versions/3|build-root|rustc/|go/src|lib/go-)[^\s:,)]*", "/tools", text)
    return re.sub(r"(?m)^platform .*$", "platform linux", text)


def record(tool, command, only):
    kind = tool.split("-")[0]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name).resolve()
        for path, text in SUITES[kind].items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text.lstrip())
        for log, line in RUNS[kind].items():
            environment = {key: os.environ[key] for key in ("PATH", "HOME", "GOROOT", "RUSTUP_TOOLCHAIN") if key in os.environ}
            environment |= {"GOFLAGS": "-mod=mod", "PYTHONDONTWRITEBYTECODE": "1", "GOTRACEBACK": "none", "LC_ALL": "C.UTF-8"}
            done = subprocess.run(["sh", "-c", line.replace("$TOOL", command)], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if only in ("", log):
                text = without_machine(done.stdout.decode("utf-8", "surrogateescape"), folder)
                (HERE / "logs" / f"{tool}-{log}.log").write_bytes(text.encode("utf-8", "surrogateescape"))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    only = ""
    if arguments[:1] == ["--only"]:
        only, arguments = arguments[1], arguments[2:]
    for argument in arguments:
        tool, _, command = argument.partition("=")
        record(tool, " ".join(shlex.quote(os.path.abspath(word) if os.path.exists(word) else word) for word in shlex.split(command)), only)
