// Checkpoints: what the log was at a moment, as a C2SP signed note (docs/audit_format.md).
#pragma once

#include "audit/digest.hpp"

#include <span>
#include <string_view>

namespace quiver::audit {

struct Checkpoint
{
    std::uint8_t log_id[16];
    std::uint64_t system_id;
    std::uint64_t size;
    Digest root;
    std::uint64_t segment;
    std::uint64_t offset;  // bytes of the segment that are covered
    std::int64_t time;
    std::uint32_t shards;
    std::uint64_t shard_next[max_shards];
    Digest shard_head[max_shards];
    Digest previous;  // of the note before: SHA-256 of its text; zeros for the first
};

constexpr std::size_t max_note_bytes = 4096;

struct Note
{
    char text[max_note_bytes];
    std::size_t body = 0;  // bytes that are signed: text up to the empty line, without it
    std::size_t size = 0;  // with the signature line
};

// Without a key the note has no signature line.
void write_note(const Checkpoint &checkpoint, const SigningKey &key, Note &note);

struct ParsedNote
{
    Checkpoint checkpoint;
    Digest digest;  // of the body
    bool is_signed;
    std::uint8_t key_id[4];
    Signature signature;
    std::string_view body;
};

// A note at the start of `text`; the bytes it takes, with the empty line behind it, or 0 if there is none.
std::size_t parse_note(std::string_view text, ParsedNote &note);

bool is_signed_by(const ParsedNote &note, const PublicKey &key);

void to_hex(const std::uint8_t *bytes, std::size_t size, char *text);  // with a zero
std::size_t to_base64(const std::uint8_t *bytes, std::size_t size, char *text);  // with a zero
bool from_base64(std::string_view text, std::uint8_t *bytes, std::size_t size);

}  // namespace quiver::audit
