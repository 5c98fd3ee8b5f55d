// SHA-256 and the three hashes of the trail: leaf, chain link, tree node; Ed25519 through libcrypto.
#pragma once

#include "audit/format.hpp"

#include <span>

namespace quiver::audit {

// A message hashed in parts. The libcrypto context is one for a process and reused; so one at a time.
class Sha256
{
public:
    Sha256();
    Sha256 &add(const void *bytes, std::size_t size);
    template <class T> Sha256 &value(const T &value)
    {
        static_assert(std::is_arithmetic_v<T>);
        return add(&value, sizeof(T));
    }
    Digest finish();
};

// H(salt, payload): what a leaf commits to, and what is left of an erased payload.
Digest commitment(const RecordHead &head, const std::uint8_t *payload);
// H(0x00, meta, commitment). Flags, salt, shard and sequence are not part of it: the chain has those.
Digest leaf(const RecordHead &head, const Digest &commitment);
// H(0x02, previous, shard, sequence, leaf).
Digest chain_link(const Digest &previous, std::uint16_t shard, std::uint64_t sequence,
                  const Digest &leaf);
// H(0x01, left, right) of RFC 9162.
Digest tree_node(const Digest &left, const Digest &right);
// Where a shard's chain begins.
Digest chain_origin(const std::uint8_t (&log_id)[16], std::uint16_t shard);

bool constant_time_equal(const Digest &a, const Digest &b);

constexpr std::size_t signature_bytes = 64;
constexpr std::size_t public_key_bytes = 32;
using Signature = std::array<std::uint8_t, signature_bytes>;
using PublicKey = std::array<std::uint8_t, public_key_bytes>;

// An Ed25519 key. Holds a libcrypto object that only release() frees, so it may live across errors.
class SigningKey
{
public:
    // From a PEM file; false if it is not there or is no Ed25519 key.
    bool load(const char *path);
    // A new key, written with mode 0600; false if that fails.
    bool create(const char *path);
    bool is_loaded() const { return key_ != nullptr; }
    PublicKey public_key() const;
    bool sign(std::span<const std::uint8_t> message, Signature &signature) const;
    void release();

private:
    void *key_ = nullptr;
};

bool write_public_key(const char *path, const PublicKey &key);
bool load_public_key(const char *path, PublicKey &key);
bool verify_signature(const PublicKey &key, std::span<const std::uint8_t> message,
                      const Signature &signature);
bool random_bytes(void *bytes, std::size_t size);

}  // namespace quiver::audit
