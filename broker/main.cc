// cohort-broker: the queues of a run, in a process of their own.
#include "broker/program.h"

int main(int argc, char** argv) { return cohort::BrokerMain(argc, argv); }
