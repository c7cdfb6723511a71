// Golds and texts of models.
#include "tests/fuzz/corpus.h"

namespace cohort {

void SeedMath(const Corpus& corpus) {
  const std::pair<const char*, const char*> seeds[] = {
      {"box", "\\frac{14}{3}\nSo $x = \\boxed{\\dfrac{14}{3}}$."},
      {"statement", "1,234\nThe answer is **$1{,}234$ dollars**, because 2 + 2 = 4."},
      {"display", "\\sqrt{2}+\\sqrt{3}\nWe find\n\\[\n\\sqrt{5+2\\sqrt{6}}\n\\]"},
      {"list", "1 \\pm \\sqrt{19}\nx = 1+\\sqrt{19} or x = 1-\\sqrt{19}"},
      {"set", "\\{1\\pm\\sqrt{5},-2\\}\n#### -2, 1 - √5, 1 + √5"},
      {"union", "(-\\infty, 2) \\cup (3, \\infty)\nx<2 \\text{ or } x>3"},
      {"point", "(x,y)=(1,2)\n\\left( 1, \\frac{4}{2} \\right)"},
      {"matrix",
       "\\begin{pmatrix} -1 & 0 \\\\ 0 & -1 \\end{pmatrix}\n"
       "-\\begin{bmatrix} 1 & 0 \\\\ 0 & 1 \\end{bmatrix}"},
      {"equation", "5x - 7y + 11z + 4 = 0\n10x-14y+22z=-8"},
      {"function", "\\cot x\n\\frac{\\cos x}{\\sin x}"},
      {"unit", "864 \\mbox{ inches}^2\n6 \\text{ square feet}"},
      {"degrees", "90^\\circ\n\\frac{\\pi}{2} radians"},
      {"percent", "\\frac34\n75\\%"},
      {"base", "52_8\n52_{\\text{eight}}"},
      {"choice", "\\text{(C)}\nOption C."},
      {"words", "\\text{Evelyn}\nthe evelyn"},
      {"unicode",
       "½π²\n\xe2\x88\x9a"
       "2 · \xff"},
      {"decimal", "0.\\overline{3}\n.33e-2"},
      {"unsupported", "\\log_2 3\n\\int_0^1 \\lfloor x \\rfloor! \\binom{5}{2} dx"},
  };
  for (const auto& [name, text] : seeds) corpus.Seed("math_answer", name, text);
  std::string nested = "7\n";
  for (int i = 0; i < 100; ++i) nested += "\\frac{(";
  corpus.Seed("math_answer", "nested", nested);
}

}  // namespace cohort
