// CURVE key pairs of processes, and the small text files that hold them.
//
// NAME.pub holds the public key, which goes into the allow-list of whoever serves; NAME.key holds
// the secret one, readable by its owner only (0600, in a folder of 0700), else it is refused. Keys
// are 40 characters of Z85. Secrets are never part of a message, a log line or a metric. Functions
// that touch files name them; thread-safe.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <zmq.hpp>

#include "libs/base/status.h"
#include "libs/messaging/key_pair.h"

namespace cohort {

inline constexpr size_t kKeyCharacters = 40;

// Fails when this libzmq was built without CURVE.
Result<CurveKeyPair> MakeKeyPair();

bool IsKey(std::string_view text);
// A word that can name a key's files and an entry of the allow-list: up to 64 letters, digits, - _
// and dots inside.
bool IsKeyName(std::string_view name);

// Makes the folder (0700) and both files. Never overwrites a key.
Status WriteKeyPair(const std::filesystem::path& folder, const std::string& name,
                    const CurveKeyPair& pair);
// kNotFound: no such key. kPermissionDenied: others could read the secret; the message says how to
// change that.
Result<CurveKeyPair> LoadKeyPair(const std::filesystem::path& folder, const std::string& name);
Result<std::string> LoadPublicKey(const std::filesystem::path& file);

// The pair of a process: that of its instance ("actor-1") where there is one, else its role's.
Result<CurveKeyPair> LoadProcessKey(const std::filesystem::path& folder, const std::string& role,
                                    const std::string& instance);
// What a client of `server` ("broker", "learner") needs; nothing when the folder is empty.
Result<std::optional<CurveClient>> LoadClientKeys(const std::string& folder,
                                                  const std::string& role,
                                                  const std::string& instance,
                                                  const std::string& server);
// What a server needs: its own pair and the allow-list (empty: `allowed` in the folder).
Result<std::optional<CurveServer>> LoadServerKeys(const std::string& folder,
                                                  const std::string& role,
                                                  const std::string& instance,
                                                  const std::string& allowed);

// Before connect and bind. A server's context needs a ZapHandler (libs/messaging/zap.h) before its
// socket is bound, else every key is refused.
void UseKeys(zmq::socket_t& socket, const CurveClient& keys);
void UseKeys(zmq::socket_t& socket, const CurveServer& keys);

}  // namespace cohort
