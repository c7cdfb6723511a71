// Prompt, Rollout and Scored as bytes and back: schemas/rollout.capnp behind functions of our own.
//
// Encode builds one segment of the right size and never fails: it writes what it is given, valid or
// not (the other side refuses it). Decode is the one boundary where a peer's bytes enter: whatever
// they are, it returns a value that meets every promise of types.h, or a Status of one line that
// names the message and the field ("rollout.logprobs[3] is not a number"); it never throws or
// aborts, reads bytes of any alignment (the unaligned ones through a copy), keeps none of them, and
// spends time and memory in proportion to their number. Damaged framing is data loss, a bad field
// an invalid argument. Pure functions; thread-safe. Token ids and log-probabilities travel as raw
// little-endian lists: about 1 ns for each on either side.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/protocol/types.h"

namespace cohort {

// Bounds that Decode holds a peer to. Larger is a broken or hostile peer, not a larger model.
inline constexpr size_t kMaxMessageBytes = size_t{1} << 30;
inline constexpr size_t kMaxTokensPerSequence = size_t{1} << 24;  // prompt or completion
inline constexpr uint32_t kMaxGroupSize = 1u << 16;
inline constexpr size_t kMaxNameBytes = 256;  // route, scorer, instance, component names

std::string Encode(const Prompt& prompt);
std::string Encode(const Rollout& rollout);
std::string Encode(const Scored& scored);

Result<Prompt> DecodePrompt(std::string_view bytes);
Result<Rollout> DecodeRollout(std::string_view bytes);
Result<Scored> DecodeScored(std::string_view bytes);

// What Decode checks, for whoever fills these by hand: the first broken promise of types.h.
Status Validate(const Prompt& prompt);
Status Validate(const Rollout& rollout);
Status Validate(const Scored& scored);

}  // namespace cohort
