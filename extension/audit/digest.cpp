// Hashes and signatures by libcrypto, whose objects are fetched once and reused.
#include "audit/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace quiver::audit {
namespace {

constinit EVP_MD_CTX *context = nullptr;
constinit const EVP_MD *sha256 = nullptr;

EVP_PKEY *as_key(void *key) { return static_cast<EVP_PKEY *>(key); }

FILE *open_private(const char *path)
{
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return descriptor < 0 ? nullptr : fdopen(descriptor, "w");
}

}  // namespace

Sha256::Sha256()
{
    if (context == nullptr)
    {
        context = EVP_MD_CTX_new();
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
        sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
#else
        sha256 = EVP_sha256();
#endif
    }
    EVP_DigestInit_ex(context, sha256, nullptr);
}

Sha256 &Sha256::add(const void *bytes, std::size_t size)
{
    EVP_DigestUpdate(context, bytes, size);
    return *this;
}

Digest Sha256::finish()
{
    Digest digest;
    EVP_DigestFinal_ex(context, digest.data(), nullptr);
    return digest;
}

Digest commitment(const RecordHead &head, const std::uint8_t *payload)
{
    if (head.flags & record_erased)
    {
        Digest kept{};
        if (head.payload >= digest_bytes)
            std::memcpy(kept.data(), payload, digest_bytes);
        return kept;
    }
    return Sha256{}.add(head.salt, sizeof head.salt).add(payload, head.payload).finish();
}

Digest leaf(const RecordHead &head, const Digest &commitment)
{
    // One piece, so that libcrypto is called once.
    std::uint8_t message[1 + 8 + 8 + 8 + 4 + 4 + digest_bytes];
    std::uint8_t *at = message;
    *at++ = 0x00;
    const auto put = [&at](const auto &value) {
        std::memcpy(at, &value, sizeof value);
        at += sizeof value;
    };
    put(head.time);
    put(head.session);
    put(head.first_event);
    put(head.payload);
    put(head.events);
    put(commitment);
    return Sha256{}.add(message, sizeof message).finish();
}

Digest chain_link(const Digest &previous, std::uint16_t shard, std::uint64_t sequence,
                  const Digest &leaf)
{
    std::uint8_t message[1 + digest_bytes + 2 + 8 + digest_bytes];
    message[0] = 0x02;
    std::memcpy(message + 1, previous.data(), digest_bytes);
    std::memcpy(message + 33, &shard, 2);
    std::memcpy(message + 35, &sequence, 8);
    std::memcpy(message + 43, leaf.data(), digest_bytes);
    return Sha256{}.add(message, sizeof message).finish();
}

Digest tree_node(const Digest &left, const Digest &right)
{
    std::uint8_t message[1 + 2 * digest_bytes];
    message[0] = 0x01;
    std::memcpy(message + 1, left.data(), digest_bytes);
    std::memcpy(message + 33, right.data(), digest_bytes);
    return Sha256{}.add(message, sizeof message).finish();
}

Digest chain_origin(const std::uint8_t (&log_id)[16], std::uint16_t shard)
{
    return Sha256{}.add("quiver audit chain", 18).add(log_id, 16).value(shard).finish();
}

bool constant_time_equal(const Digest &a, const Digest &b)
{
    return CRYPTO_memcmp(a.data(), b.data(), digest_bytes) == 0;
}

bool SigningKey::load(const char *path)
{
    FILE *file = std::fopen(path, "re");
    if (file == nullptr)
        return false;
    EVP_PKEY *key = PEM_read_PrivateKey(file, nullptr, nullptr, nullptr);
    std::fclose(file);
    if (key != nullptr && EVP_PKEY_id(key) != EVP_PKEY_ED25519)
    {
        EVP_PKEY_free(key);
        key = nullptr;
    }
    release();
    key_ = key;
    return key != nullptr;
}

bool SigningKey::create(const char *path)
{
    EVP_PKEY_CTX *generator = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr);
    EVP_PKEY *key = nullptr;
    const bool made = generator != nullptr && EVP_PKEY_keygen_init(generator) == 1 &&
                      EVP_PKEY_keygen(generator, &key) == 1;
    EVP_PKEY_CTX_free(generator);
    FILE *file = made ? open_private(path) : nullptr;
    if (file == nullptr)
    {
        EVP_PKEY_free(key);
        return false;
    }
    const bool written =
        PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
        std::fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (std::fclose(file) != 0 || !written)
    {
        EVP_PKEY_free(key);
        unlink(path);
        return false;
    }
    release();
    key_ = key;
    return true;
}

PublicKey SigningKey::public_key() const
{
    PublicKey key{};
    std::size_t size = key.size();
    if (key_ != nullptr)
        EVP_PKEY_get_raw_public_key(as_key(key_), key.data(), &size);
    return key;
}

bool SigningKey::sign(std::span<const std::uint8_t> message, Signature &signature) const
{
    EVP_MD_CTX *signer = EVP_MD_CTX_new();
    std::size_t size = signature.size();
    const bool made =
        signer != nullptr &&
        EVP_DigestSignInit(signer, nullptr, nullptr, nullptr, as_key(key_)) == 1 &&
        EVP_DigestSign(signer, signature.data(), &size, message.data(), message.size()) == 1;
    EVP_MD_CTX_free(signer);
    return made && size == signature_bytes;
}

void SigningKey::release()
{
    EVP_PKEY_free(as_key(key_));
    key_ = nullptr;
}

bool write_public_key(const char *path, const PublicKey &key)
{
    EVP_PKEY *loaded =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size());
    FILE *file = loaded == nullptr ? nullptr : std::fopen(path, "we");
    bool written = file != nullptr && PEM_write_PUBKEY(file, loaded) == 1;
    if (file != nullptr)
        written = std::fclose(file) == 0 && written;
    EVP_PKEY_free(loaded);
    return written;
}

bool load_public_key(const char *path, PublicKey &key)
{
    FILE *file = std::fopen(path, "re");
    if (file == nullptr)
        return false;
    EVP_PKEY *loaded = PEM_read_PUBKEY(file, nullptr, nullptr, nullptr);
    std::fclose(file);
    std::size_t size = key.size();
    const bool fits = loaded != nullptr && EVP_PKEY_id(loaded) == EVP_PKEY_ED25519 &&
                      EVP_PKEY_get_raw_public_key(loaded, key.data(), &size) == 1;
    EVP_PKEY_free(loaded);
    return fits;
}

bool verify_signature(const PublicKey &key, std::span<const std::uint8_t> message,
                      const Signature &signature)
{
    EVP_PKEY *loaded =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size());
    EVP_MD_CTX *verifier = EVP_MD_CTX_new();
    const bool valid = loaded != nullptr && verifier != nullptr &&
                       EVP_DigestVerifyInit(verifier, nullptr, nullptr, nullptr, loaded) == 1 &&
                       EVP_DigestVerify(verifier, signature.data(), signature.size(),
                                        message.data(), message.size()) == 1;
    EVP_MD_CTX_free(verifier);
    EVP_PKEY_free(loaded);
    return valid;
}

bool random_bytes(void *bytes, std::size_t size)
{
    return RAND_bytes(static_cast<unsigned char *>(bytes), static_cast<int>(size)) == 1;
}

}  // namespace quiver::audit
