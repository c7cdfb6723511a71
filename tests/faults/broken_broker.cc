// broken-broker: cohort-broker with one promise broken, named in COHORT_BROKEN: "syncs", "fencing"
// or "dedupe". The harness must notice each; whoever starts it otherwise gets a refusal.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "broker/program.h"

int main(int argc, char** argv) {
  const char* name = std::getenv("COHORT_BROKEN");
  const std::string broken = name == nullptr ? "" : name;
  if (broken != "syncs" && broken != "fencing" && broken != "dedupe") {
    std::fprintf(stderr, "broken-broker: for tests; COHORT_BROKEN must name what is broken\n");
    return 2;
  }
  return cohort::BrokerMain(argc, argv, [&broken](cohort::BrokerServer::Options& options) {
    options.sync = broken != "syncs";
    options.machine.broken.no_fencing = broken == "fencing";
    options.machine.broken.no_dedupe = broken == "dedupe";
  });
}
