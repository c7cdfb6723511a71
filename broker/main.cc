// cohort-broker: the queues of a run, in a process of their own.
#include "broker/program.h"

// Read by jemalloc: what a thread frees is kept for it up to 512 KiB, not only 32.
extern "C" const char* malloc_conf;
const char* malloc_conf = "lg_tcache_max:19";

int main(int argc, char** argv) { return cohort::BrokerMain(argc, argv); }
