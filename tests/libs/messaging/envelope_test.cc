#include "libs/messaging/envelope.h"

#include <gtest/gtest.h>
