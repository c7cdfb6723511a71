// A multipart message as one fuzz input, and back.
//
// Eight bytes first: the number of frames behind the envelope (modulo 4), how far the envelope lies
// from an aligned address (modulo 8), and the sizes of three such frames, 16 bits each. Then the
// envelope, then the frames; a size that the input does not have is cut.
#pragma once

#include <string>
#include <string_view>

#include "libs/messaging/envelope.h"

namespace cohort {

Frames SplitFrames(std::string_view input);
// `frames` has an envelope and at most three others of less than 64 KiB.
std::string JoinFrames(const Frames& frames);

}  // namespace cohort
