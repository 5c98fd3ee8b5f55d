// Writing and reading checkpoints as signed notes.
#include "audit/note.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

namespace quiver::audit {
namespace {

constexpr std::string_view origin_prefix = "quiver.audit/";
constexpr std::string_view signature_prefix = "\xe2\x80\x94 ";  // an em dash and a space
constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t base64_digest = 44;

void put(Note &note, const char *format, auto... values)
{
    const int room = static_cast<int>(sizeof note.text - note.size);
    // NOLINTNEXTLINE: formats are literals of this file
    const int size =
        std::snprintf(note.text + note.size, static_cast<std::size_t>(room), format, values...);
    if (size > 0 && size < room)
        note.size += static_cast<std::size_t>(size);
}

struct Base64Digest
{
    char text[base64_digest + 1];
    explicit Base64Digest(const Digest &digest) { to_base64(digest.data(), digest.size(), text); }
};

// The first four bytes of SHA-256(name, newline, 0x01, key).
void make_key_id(std::string_view name, const PublicKey &key, std::uint8_t (&id)[4])
{
    const Digest digest = Sha256{}
                              .add(name.data(), name.size())
                              .add("\n\x01", 2)
                              .add(key.data(), key.size())
                              .finish();
    std::memcpy(id, digest.data(), 4);
}

std::string_view take_line(std::string_view &text)
{
    const std::size_t end = text.find('\n');
    const std::string_view line = slice(text, 0, end);
    text = end == std::string_view::npos ? std::string_view{} : slice(text, end + 1);
    return line;
}

std::string_view take_word(std::string_view &line)
{
    const std::size_t end = line.find(' ');
    const std::string_view word = slice(line, 0, end);
    line = end == std::string_view::npos ? std::string_view{} : slice(line, end + 1);
    return word;
}

bool number(std::string_view text, std::uint64_t &value)
{
    if (text.empty() || text.size() > 20)
        return false;
    value = 0;
    for (const char digit : text)
    {
        if (digit < '0' || digit > '9')
            return false;
        value = value * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    return true;
}

bool from_hex(std::string_view text, std::uint8_t *bytes, std::size_t size)
{
    if (text.size() != 2 * size)
        return false;
    for (std::size_t i = 0; i < text.size(); ++i)
    {
        const char c = text[i];
        int digit;
        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if (c >= 'a' && c <= 'f')
            digit = c - 'a' + 10;
        else
            return false;
        bytes[i / 2] = static_cast<std::uint8_t>((i % 2) ? bytes[i / 2] << 4 | digit : digit);
    }
    return true;
}

// One line after the first three: a key word and its values.
bool read_line(std::string_view line, Checkpoint &checkpoint)
{
    const std::string_view word = take_word(line);
    if (word == "system")
        return number(line, checkpoint.system_id);
    if (word == "segment")
        return number(take_word(line), checkpoint.segment) && number(line, checkpoint.offset);
    if (word == "time")
    {
        std::uint64_t time;
        if (!number(line, time))
            return false;
        checkpoint.time = static_cast<std::int64_t>(time);
        return true;
    }
    if (word == "previous")
        return from_base64(line, checkpoint.previous.data(), digest_bytes);
    if (word == "shard")
    {
        std::uint64_t shard;
        if (!number(take_word(line), shard) || shard != checkpoint.shards || shard >= max_shards)
            return false;
        ++checkpoint.shards;
        return number(take_word(line), checkpoint.shard_next[shard]) &&
               from_base64(line, checkpoint.shard_head[shard].data(), digest_bytes);
    }
    return true;  // later versions may say more
}

}  // namespace

void to_hex(const std::uint8_t *bytes, std::size_t size, char *text)
{
    constexpr char digits[] = "0123456789abcdef";
    for (std::size_t i = 0; i < size; ++i)
    {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
}

std::size_t to_base64(const std::uint8_t *bytes, std::size_t size, char *text)
{
    char *at = text;
    for (std::size_t i = 0; i < size; i += 3)
    {
        const std::size_t left = size - i;
        const unsigned group = static_cast<unsigned>(bytes[i] << 16) |
                               (left > 1 ? static_cast<unsigned>(bytes[i + 1] << 8) : 0u) |
                               (left > 2 ? bytes[i + 2] : 0u);
        *at++ = alphabet[group >> 18];
        *at++ = alphabet[group >> 12 & 63];
        *at++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *at++ = left > 2 ? alphabet[group & 63] : '=';
    }
    *at = '\0';
    return static_cast<std::size_t>(at - text);
}

bool from_base64(std::string_view text, std::uint8_t *bytes, std::size_t size)
{
    if (text.size() != (size + 2) / 3 * 4)
        return false;
    std::size_t made = 0;
    unsigned group = 0;
    for (std::size_t i = 0; i < text.size(); ++i)
    {
        const char *found = static_cast<const char *>(std::memchr(alphabet, text[i], 64));
        if (found == nullptr && text[i] != '=')
            return false;
        group = group << 6 | (found != nullptr ? static_cast<unsigned>(found - alphabet) : 0u);
        if (i % 4 != 3)
            continue;
        for (int shift = 16; shift >= 0 && made < size; shift -= 8)
            bytes[made++] = static_cast<std::uint8_t>(group >> shift);
        group = 0;
    }
    return true;
}

void write_note(const Checkpoint &checkpoint, const SigningKey &key, Note &note)
{
    char id[33];
    to_hex(checkpoint.log_id, sizeof checkpoint.log_id, id);
    note.size = 0;
    put(note, "%s%s\n%" PRIu64 "\n%s\n", origin_prefix.data(), id, checkpoint.size,
        Base64Digest{checkpoint.root}.text);
    put(note, "system %" PRIu64 "\nsegment %" PRIu64 " %" PRIu64 "\ntime %" PRId64 "\n",
        checkpoint.system_id, checkpoint.segment, checkpoint.offset, checkpoint.time);
    for (std::uint32_t shard = 0; shard < checkpoint.shards; ++shard)
        put(note, "shard %u %" PRIu64 " %s\n", shard, checkpoint.shard_next[shard],
            Base64Digest{checkpoint.shard_head[shard]}.text);
    put(note, "previous %s\n", Base64Digest{checkpoint.previous}.text);
    note.body = note.size;
    put(note, "%s", "\n");
    if (!key.is_loaded())
        return;
    std::uint8_t line[4 + signature_bytes];
    Signature signature;
    const auto *body = reinterpret_cast<const std::uint8_t *>(note.text);
    if (!key.sign({body, note.body}, signature))
        return;
    std::uint8_t key_id[4];
    char name[64];
    std::snprintf(name, sizeof name, "%s%s", origin_prefix.data(), id);
    make_key_id(name, key.public_key(), key_id);
    std::memcpy(line, key_id, 4);
    std::memcpy(line + 4, signature.data(), signature_bytes);
    char encoded[128];
    to_base64(line, sizeof line, encoded);
    put(note, "%s%s %s\n\n", signature_prefix.data(), name, encoded);
}

std::size_t parse_note(std::string_view text, ParsedNote &note)
{
    std::memset(&note.checkpoint, 0, sizeof note.checkpoint);
    const std::size_t body_end = slice(text, 0, max_note_bytes).find("\n\n");
    if (body_end == std::string_view::npos || slice(text, 0, origin_prefix.size()) != origin_prefix)
        return 0;
    note.body = slice(text, 0, body_end + 1);
    note.digest = Sha256{}.add(note.body.data(), note.body.size()).finish();
    std::string_view lines = note.body;
    const std::string_view id = slice(take_line(lines), origin_prefix.size());
    if (!from_hex(id, note.checkpoint.log_id, 16) ||
        !number(take_line(lines), note.checkpoint.size) ||
        !from_base64(take_line(lines), note.checkpoint.root.data(), digest_bytes))
        return 0;
    while (!lines.empty())
        if (!read_line(take_line(lines), note.checkpoint))
            return 0;

    std::size_t used = body_end + 2;
    note.is_signed = false;
    std::string_view rest = slice(text, used);
    if (slice(rest, 0, signature_prefix.size()) != signature_prefix)
        return used;
    std::string_view line = slice(take_line(rest), signature_prefix.size());
    take_word(line);
    std::uint8_t bytes[4 + signature_bytes];
    if (from_base64(line, bytes, sizeof bytes))
    {
        note.is_signed = true;
        std::memcpy(note.key_id, bytes, 4);
        std::memcpy(note.signature.data(), bytes + 4, signature_bytes);
    }
    if (!rest.empty() && rest.front() == '\n')
        rest.remove_prefix(1);
    return text.size() - rest.size();
}

bool is_signed_by(const ParsedNote &note, const PublicKey &key)
{
    if (!note.is_signed)
        return false;
    std::uint8_t id[4];
    std::string_view name = slice(note.body, 0, note.body.find('\n'));
    make_key_id(name, key, id);
    const auto *body = reinterpret_cast<const std::uint8_t *>(note.body.data());
    return std::memcmp(id, note.key_id, 4) == 0 &&
           verify_signature(key, {body, note.body.size()}, note.signature);
}

}  // namespace quiver::audit
