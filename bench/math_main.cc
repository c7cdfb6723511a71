// Judges pairs of answers for bench/math_verdicts.py and says what each took.
//
// Reads JSON lines {"gold", "answer"} (or "answer_hex" for bytes that are no text) and writes for
// each {"verdict", "reason", "cpu_us"}: gold and answer are both read, nothing is remembered.
#include <CLI/CLI.hpp>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "libs/math/judge_math.h"

namespace {

double CpuMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Judges pairs of mathematical answers and measures it.");
  std::string pairs;
  std::string out;
  app.add_option("--pairs", pairs, "JSON lines to judge")->required()->check(CLI::ExistingFile);
  app.add_option("--out", out, "where the verdicts go")->required();
  CLI11_PARSE(app, argc, argv);
  std::ifstream in(pairs);
  std::ofstream verdicts(out);
  for (std::string line; std::getline(in, line);) {
    const nlohmann::json pair = nlohmann::json::parse(line);
    const std::string gold = pair.at("gold");
    const std::string answer = pair.contains("answer_hex") ? FromHex(pair.at("answer_hex"))
                                                           : pair.at("answer").get<std::string>();
    const double start = CpuMicroseconds();
    const cohort::MathJudgement judgement = cohort::JudgeMath(gold, answer);
    const double cpu_us = CpuMicroseconds() - start;
    verdicts << nlohmann::json{{"verdict", cohort::MathVerdictName(judgement.verdict)},
                               {"reason", judgement.detail},
                               {"cpu_us", cpu_us}}
                    .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
             << '\n';
  }
  return verdicts.good() ? 0 : 1;
}
