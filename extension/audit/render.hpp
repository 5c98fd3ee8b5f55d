// Events as JSON lines, for the file sink, the server log and the verifier's --json.
#pragma once

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

// One line for each event of a record, with a newline.
void render_record(const RecordHead &record, const std::uint8_t *payload, const TextSink &sink);

}  // namespace quiver::audit
