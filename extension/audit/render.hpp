// Events as JSON lines, for the file sink, the server log and the verifier's --json.
#pragma once

#include "audit/envelope.hpp"
#include "audit/payload.hpp"

namespace quiver::audit {

// Where text goes. Plain functions, so that a file, a StringInfo and standard output all serve.
struct TextSink
{
    void (*put)(void *to, const char *text, std::size_t size);
    void *to;

    void add(std::string_view text) const { put(to, text.data(), text.size()); }
};

// ISO 8601 in UTC with microseconds; 27 bytes and a zero.
void format_time(std::int64_t time, char (&text)[32]);

// Sealed parameters as "sealed:" and base64, with a zero; empty for what no server writes.
constexpr std::size_t most_sealed = 6 * 1024;
constexpr std::size_t sealed_text_bytes = 8 + (most_sealed + 2) / 3 * 4;
std::string_view sealed_text(Bytes sealed, char (&text)[sealed_text_bytes]);

// Opens sealed parameters while events are rendered.
struct SealedReader
{
    KeyRing *keys;
    std::uint64_t refused;  // of other keys, or changed
};

// One line for each event of a record, with a newline.
void render_record(const RecordHead &record, const std::uint8_t *payload, const TextSink &sink,
                   SealedReader *sealed = nullptr);

}  // namespace quiver::audit
