// Parameters that the server writes and cannot read: sealed to an X25519 public key whose private half it never sees.
// No PostgreSQL here: the stand-alone verifier opens them.
//
// A sender makes a key pair of its own for a while, and a data key out of it and the recipient's public key; its private
// half is wiped at once, the data key when the sender ends. Each message is AES-256-GCM under a counter.
#pragma once

#include "audit/format.hpp"

#include <array>
#include <span>

namespace quiver::audit {

constexpr std::size_t exchange_key_bytes = 32;
constexpr std::size_t data_key_bytes = 32;
constexpr std::size_t seal_tag_bytes = 16;
using ExchangeKey = std::array<std::uint8_t, exchange_key_bytes>;

// Before each sealed message; a tag of 16 bytes follows the ciphertext.
struct SealHead
{
    std::uint8_t version;  // 1
    std::uint8_t reserved[7];
    std::uint8_t recipient[8];  // the first bytes of H(recipient's public key)
    std::uint8_t sender[exchange_key_bytes];  // the sender's public key
    std::uint64_t counter;  // of messages under this data key, from 1
};
static_assert(std::is_trivially_copyable_v<SealHead> && sizeof(SealHead) == 56);

constexpr std::uint8_t seal_version = 1;
constexpr std::size_t seal_overhead = sizeof(SealHead) + seal_tag_bytes;

enum class KeyFile
{
    good,
    missing,  // it cannot be opened
    not_a_key,  // it is no PEM file with a key, or its key needs a pass phrase
    other_kind,  // it is a key, but not X25519
    is_private,  // a private key where the public one is wanted
};

// The recipient's public key, in PEM.
KeyFile load_recipient(const char *path, ExchangeKey &key);

// What this process seals with. Its libcrypto object is freed by end() only, so it may live across errors.
class Sealer
{
public:
    // A new key pair for this recipient; false if libcrypto refuses, as it does for a weak point.
    bool begin(const ExchangeKey &recipient);
    bool is_ready() const { return cipher_ != nullptr && counter_ < most_messages; }
    // Writes seal_overhead more bytes than `plain` has. `session` is bound to the message, so that none can be moved
    // to another session's record.
    bool seal(std::uint64_t session, std::span<const std::uint8_t> plain, std::uint8_t *to);
    void end();

private:
    static constexpr std::uint64_t most_messages = 1u << 20;

    void *cipher_ = nullptr;
    SealHead head_{};
    std::uint64_t counter_ = 0;
};

// The recipient's private key.
class Opener
{
public:
    KeyFile load(const char *path);
    const ExchangeKey &public_key() const { return public_; }
    // Whether the message is to this key.
    bool fits(std::span<const std::uint8_t> sealed) const;
    // The message's bytes, at most as many as it has; false if it is not for this key, or was changed.
    bool open(std::uint64_t session, std::span<const std::uint8_t> sealed, std::uint8_t *to,
              std::size_t &size);
    void release();

private:
    void *key_ = nullptr;
    ExchangeKey public_{};
    std::uint8_t name_[8]{};
    // The data key of the sender that was met last.
    ExchangeKey sender_{};
    std::uint8_t data_key_[data_key_bytes]{};
    bool has_sender_ = false;
};

// Several private keys: of periods, of subjects. Freed by release() alone.
class KeyRing
{
public:
    // A file, or all *.pem of a directory. Otherwise `refused` is the file that it ended at.
    KeyFile add(const char *path, char (&refused)[1024]);
    bool open(std::uint64_t session, std::span<const std::uint8_t> sealed, std::uint8_t *to,
              std::size_t &size);
    bool is_empty() const { return count_ == 0; }
    void release();

private:
    KeyFile add_file(const char *path);

    Opener *keys_ = nullptr;
    std::size_t count_ = 0;
    std::size_t room_ = 0;
};

// What is sealed of a statement's parameters: for each a kind, four bytes of length, bytes.
enum class SealedValue : std::uint8_t
{
    null = 0,
    text = 1,
    cut = 2,  // the beginning of a long one
    left_out = 3,  // there was no room
};

}  // namespace quiver::audit
