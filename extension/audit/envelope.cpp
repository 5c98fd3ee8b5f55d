// X25519, one SHA-256 and AES-256-GCM by libcrypto.
#include "audit/envelope.hpp"

#include "audit/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cstdio>

namespace quiver::audit {
namespace {

constexpr int nonce_bytes = 12;

EVP_PKEY *as_key(void *key) { return static_cast<EVP_PKEY *>(key); }
EVP_CIPHER_CTX *as_cipher(void *cipher) { return static_cast<EVP_CIPHER_CTX *>(cipher); }

// No pass phrase is asked for at a terminal.
int no_pass_phrase(char *, int, int, void *) { return -1; }

bool raw_public(const EVP_PKEY *key, ExchangeKey &raw)
{
    std::size_t size = raw.size();
    return EVP_PKEY_get_raw_public_key(key, raw.data(), &size) == 1 && size == raw.size();
}

bool agree(EVP_PKEY *mine, const ExchangeKey &theirs, std::uint8_t (&secret)[exchange_key_bytes])
{
    EVP_PKEY *peer =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, theirs.data(), theirs.size());
    EVP_PKEY_CTX *exchange = EVP_PKEY_CTX_new(mine, nullptr);
    std::size_t size = sizeof secret;
    const bool good = peer != nullptr && exchange != nullptr &&
                      EVP_PKEY_derive_init(exchange) == 1 &&
                      EVP_PKEY_derive_set_peer(exchange, peer) == 1 &&
                      EVP_PKEY_derive(exchange, secret, &size) == 1 && size == sizeof secret;
    EVP_PKEY_CTX_free(exchange);
    EVP_PKEY_free(peer);
    return good;
}

// The one-step derivation of NIST SP 800-56C: H(1 in four bytes, big-endian ‖ secret ‖ what it is for).
bool derive(EVP_PKEY *mine, const ExchangeKey &theirs, const ExchangeKey &sender,
            const ExchangeKey &recipient, std::uint8_t (&key)[data_key_bytes])
{
    std::uint8_t secret[exchange_key_bytes];
    const bool good = agree(mine, theirs, secret);
    if (good)
    {
        const std::uint8_t one[4] = {0, 0, 0, 1};
        Digest digest = Sha256{}
                            .add(one, sizeof one)
                            .add(secret, sizeof secret)
                            .add("quiver audit parameters 1", 25)
                            .add(sender.data(), sender.size())
                            .add(recipient.data(), recipient.size())
                            .finish();
        std::memcpy(key, digest.data(), sizeof key);
        OPENSSL_cleanse(digest.data(), digest.size());
    }
    OPENSSL_cleanse(secret, sizeof secret);
    return good;
}

void name_recipient(const ExchangeKey &recipient, std::uint8_t (&name)[8])
{
    const Digest digest = Sha256{}.add(recipient.data(), recipient.size()).finish();
    std::memcpy(name, digest.data(), sizeof name);
}

void nonce_of(std::uint64_t counter, std::uint8_t (&nonce)[nonce_bytes])
{
    std::memset(nonce, 0, sizeof nonce);
    std::memcpy(nonce, &counter, sizeof counter);
}

// Session and head are bound to the message.
bool add_bound(EVP_CIPHER_CTX *cipher, bool encrypts, std::uint64_t session, const SealHead &head)
{
    std::uint8_t bound[sizeof session + sizeof head];
    std::memcpy(bound, &session, sizeof session);
    std::memcpy(bound + sizeof session, &head, sizeof head);
    int size;
    return encrypts ? EVP_EncryptUpdate(cipher, nullptr, &size, bound, sizeof bound) == 1
                    : EVP_DecryptUpdate(cipher, nullptr, &size, bound, sizeof bound) == 1;
}

KeyFile judge(EVP_PKEY *key, ExchangeKey &raw)
{
    if (key == nullptr)
        return KeyFile::not_a_key;
    if (EVP_PKEY_id(key) != EVP_PKEY_X25519)
        return KeyFile::other_kind;
    return raw_public(key, raw) ? KeyFile::good : KeyFile::not_a_key;
}

}  // namespace

KeyFile load_recipient(const char *path, ExchangeKey &raw)
{
    FILE *file = std::fopen(path, "re");
    if (file == nullptr)
        return KeyFile::missing;
    EVP_PKEY *key = PEM_read_PUBKEY(file, nullptr, no_pass_phrase, nullptr);
    KeyFile verdict = judge(key, raw);
    if (key == nullptr)
    {
        std::rewind(file);
        EVP_PKEY *secret = PEM_read_PrivateKey(file, nullptr, no_pass_phrase, nullptr);
        verdict = secret != nullptr ? KeyFile::is_private : verdict;
        EVP_PKEY_free(secret);
    }
    std::fclose(file);
    EVP_PKEY_free(key);
    return verdict;
}

bool Sealer::begin(const ExchangeKey &recipient)
{
    end();
    EVP_PKEY_CTX *generator = EVP_PKEY_CTX_new_id(EVP_PKEY_X25519, nullptr);
    EVP_PKEY *mine = nullptr;
    ExchangeKey sender;
    std::uint8_t key[data_key_bytes];
    bool good = generator != nullptr && EVP_PKEY_keygen_init(generator) == 1 &&
                EVP_PKEY_keygen(generator, &mine) == 1 && raw_public(mine, sender) &&
                derive(mine, recipient, sender, recipient, key);
    EVP_PKEY_CTX_free(generator);
    EVP_PKEY_free(mine);
    EVP_CIPHER_CTX *cipher = good ? EVP_CIPHER_CTX_new() : nullptr;
    good = cipher != nullptr &&
           EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), nullptr, key, nullptr) == 1;
    OPENSSL_cleanse(key, sizeof key);
    if (!good)
    {
        EVP_CIPHER_CTX_free(cipher);
        return false;
    }
    head_ = {};
    head_.version = seal_version;
    name_recipient(recipient, head_.recipient);
    std::memcpy(head_.sender, sender.data(), sender.size());
    counter_ = 0;
    cipher_ = cipher;
    return true;
}

bool Sealer::seal(std::uint64_t session, std::span<const std::uint8_t> plain, std::uint8_t *to)
{
    EVP_CIPHER_CTX *cipher = as_cipher(cipher_);
    // Counted before it is used: a nonce that failed is not used again.
    head_.counter = ++counter_;
    std::uint8_t nonce[nonce_bytes];
    nonce_of(head_.counter, nonce);
    std::uint8_t *body = to + sizeof head_;
    int size = 0;
    int rest = 0;
    if (EVP_EncryptInit_ex(cipher, nullptr, nullptr, nullptr, nonce) != 1 ||
        !add_bound(cipher, true, session, head_) ||
        EVP_EncryptUpdate(cipher, body, &size, plain.data(), static_cast<int>(plain.size())) != 1 ||
        EVP_EncryptFinal_ex(cipher, body + size, &rest) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, seal_tag_bytes, body + plain.size()) != 1)
        return false;
    std::memcpy(to, &head_, sizeof head_);
    return true;
}

void Sealer::end()
{
    // Wipes the data key.
    EVP_CIPHER_CTX_free(as_cipher(cipher_));
    cipher_ = nullptr;
}

KeyFile Opener::load(const char *path)
{
    release();
    FILE *file = std::fopen(path, "re");
    if (file == nullptr)
        return KeyFile::missing;
    EVP_PKEY *key = PEM_read_PrivateKey(file, nullptr, no_pass_phrase, nullptr);
    std::fclose(file);
    const KeyFile verdict = judge(key, public_);
    if (verdict == KeyFile::good)
    {
        key_ = key;
        name_recipient(public_, name_);
    }
    else
        EVP_PKEY_free(key);
    return verdict;
}

bool Opener::fits(std::span<const std::uint8_t> sealed) const
{
    if (key_ == nullptr || sealed.size() < seal_overhead)
        return false;
    const auto head = read_as<SealHead>(sealed.data());
    return head.version == seal_version && std::memcmp(head.recipient, name_, sizeof name_) == 0;
}

bool Opener::open(std::uint64_t session, std::span<const std::uint8_t> sealed, std::uint8_t *to,
                  std::size_t &size)
{
    if (!fits(sealed))
        return false;
    const auto head = read_as<SealHead>(sealed.data());
    ExchangeKey sender;
    std::memcpy(sender.data(), head.sender, sender.size());
    if (!has_sender_ || sender != sender_)
    {
        has_sender_ = derive(as_key(key_), sender, sender, public_, data_key_);
        sender_ = sender;
        if (!has_sender_)
            return false;
    }
    const std::span<const std::uint8_t> body =
        sealed.subspan(sizeof head, sealed.size() - seal_overhead);
    std::uint8_t tag[seal_tag_bytes];
    std::memcpy(tag, sealed.data() + sealed.size() - sizeof tag, sizeof tag);
    std::uint8_t nonce[nonce_bytes];
    nonce_of(head.counter, nonce);
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int written = 0;
    int rest = 0;
    const bool good =
        cipher != nullptr &&
        EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), nullptr, data_key_, nonce) == 1 &&
        add_bound(cipher, false, session, head) &&
        EVP_DecryptUpdate(cipher, to, &written, body.data(), static_cast<int>(body.size())) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, sizeof tag, tag) == 1 &&
        EVP_DecryptFinal_ex(cipher, to + written, &rest) == 1;
    EVP_CIPHER_CTX_free(cipher);
    size = good ? body.size() : 0;
    return good;
}

void Opener::release()
{
    EVP_PKEY_free(as_key(key_));
    key_ = nullptr;
    has_sender_ = false;
    OPENSSL_cleanse(data_key_, sizeof data_key_);
}

}  // namespace quiver::audit
