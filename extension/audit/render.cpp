// Writing events as JSON.
#include "audit/render.hpp"

#include "audit/note.hpp"

#include <cinttypes>
#include <cstdio>

namespace quiver::audit {
namespace {

void put_string(const TextSink &sink, std::string_view text)
{
    sink.add("\"");
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i)
    {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        sink.add(slice(text, begin, i - begin));
        char escaped[8];
        std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
        sink.add(escaped);
        begin = i + 1;
    }
    sink.add(slice(text, begin));
    sink.add("\"");
}

void put_text(const TextSink &sink, const char *key, std::string_view text)
{
    if (text.empty())
        return;
    sink.add(",\"");
    sink.add(key);
    sink.add("\":");
    put_string(sink, text);
}

void put_number(const TextSink &sink, const char *key, std::uint64_t value)
{
    char text[64];
    std::snprintf(text, sizeof text, ",\"%s\":%" PRIu64, key, value);
    sink.add(text);
}

void put_action(const TextSink &sink, const ActionView &action)
{
    sink.add("{\"verb\":");
    put_string(sink, verb_name(action.head.verb));
    put_text(sink, "type", action.type);
    put_text(sink, "name", action.name);
    if (!action.columns.empty())
    {
        sink.add(",\"columns\":[");
        bool first = true;
        each_name(action.columns, [&](std::string_view name) {
            if (!first)
                sink.add(",");
            first = false;
            put_string(sink, name);
        });
        sink.add("]");
    }
    if (action.head.flags & action_by_grant)
        sink.add(",\"by\":\"grant\"");
    else if (action.head.flags & action_by_label)
        sink.add(",\"by\":\"label\"");
    sink.add("}");
}

void put_actions(const TextSink &sink, const EventView &event)
{
    FieldCursor cursor{event.fields};
    bool first = true;
    while (const auto field = cursor.next())
    {
        if (field->tag != Field::action)
            continue;
        const auto action = read_action(field->value);
        if (!action)
            continue;
        sink.add(first ? ",\"actions\":[" : ",");
        first = false;
        put_action(sink, *action);
    }
    if (!first)
        sink.add("]");
}

// An array: strings, nulls, {"cut": beginning}, {"left_out": true}.
void put_values(const TextSink &sink, Bytes plain)
{
    sink.add(",\"parameters\":[");
    bool first = true;
    while (plain.size() >= 5)
    {
        const auto kind = SealedValue{plain[0]};
        const std::size_t size = read_as<std::uint32_t>(plain.data() + 1);
        plain = plain.subspan(5);
        if (size > plain.size())
            break;
        const std::string_view value{reinterpret_cast<const char *>(plain.data()), size};
        plain = plain.subspan(size);
        if (!first)
            sink.add(",");
        first = false;
        if (kind == SealedValue::left_out)
            sink.add("{\"left_out\":true}");
        else if (kind == SealedValue::null)
            sink.add("null");
        else
        {
            sink.add(kind == SealedValue::cut ? "{\"cut\":" : "");
            put_string(sink, value);
            sink.add(kind == SealedValue::cut ? "}" : "");
        }
    }
    sink.add("]");
}

void put_sealed(const TextSink &sink, std::uint64_t session, const EventView &event,
                SealedReader *reader)
{
    const std::string_view field = event.text(Field::sealed);
    if (field.empty())
        return;
    const Bytes sealed{reinterpret_cast<const std::uint8_t *>(field.data()), field.size()};
    static std::uint8_t plain[most_sealed];
    std::size_t size;
    if (reader != nullptr && sealed.size() <= sizeof plain &&
        reader->keys->open(session, sealed, plain, size))
        return put_values(sink, {plain, size});
    if (reader != nullptr)
        ++reader->refused;
    static char text[sealed_text_bytes];
    put_text(sink, "parameters", sealed_text(sealed, text));
}

void put_event(const TextSink &sink, const RecordHead &record, const Payload &payload,
               const EventView &event, SealedReader *sealed)
{
    const EventHead &head = event.head;
    char time[32];
    format_time(head.start, time);
    sink.add("{\"time\":\"");
    sink.add(time);
    sink.add("\",\"kind\":");
    put_string(sink, kind_name(head.kind));
    put_text(sink, "class", class_name(head.klass));
    put_text(sink, "outcome", outcome_name(head.outcome));
    char id[48];
    std::snprintf(id, sizeof id, "%" PRIx64 ".%" PRIx64, record.session >> 32,
                  record.session & 0xffffffff);
    if (record.session != 0)
        put_text(sink, "session", id);
    put_number(sink, "number", head.number);
    put_text(sink, "session_user", payload.session_text(Field::session_user));
    put_text(sink, "current_user", event.text(Field::current_user));
    put_text(sink, "database", payload.session_text(Field::database));
    put_text(sink, "client", payload.session_text(Field::client));
    put_text(sink, "application", payload.session_text(Field::application));
    put_text(sink, "context", event.text(Field::context));
    put_number(sink, "statement", head.statement);
    put_number(sink, "substatement", head.substatement);
    put_number(sink, "transaction", head.transaction);
    if (head.xid != 0)
        put_number(sink, "xid", head.xid);
    put_text(sink, "command", event.text(Field::command));
    put_actions(sink, event);
    put_number(sink, "rows", head.rows);
    put_number(sink, "duration_us", head.duration);
    if (head.sqlstate[0] != '\0')
        put_text(sink, "sqlstate", {head.sqlstate, sizeof head.sqlstate});
    put_text(sink, "text", event.text(Field::text));
    put_text(sink, "parameters", event.text(Field::parameters));
    put_sealed(sink, record.session, event, sealed);
    put_text(sink, "setting", event.text(Field::setting));
    put_text(sink, "message", event.text(Field::message));
    put_text(sink, "old_name", event.text(Field::old_name));
    put_number(sink, "shard", record.shard);
    put_number(sink, "sequence", record.sequence);
    sink.add("}\n");
}

}  // namespace

void format_time(std::int64_t time, char (&text)[32])
{
    // Days since 2000-01-01 to a civil date, by the calendar's 400-year cycle counted from 0000-03-01.
    constexpr std::int64_t day = 86'400'000'000;
    std::int64_t days = time / day;
    std::int64_t left = time % day;
    if (left < 0)
    {
        left += day;
        --days;
    }
    days += 730'425;
    const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
    const std::int64_t of_era = days - era * 146'097;
    const std::int64_t year_of_era =
        (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
    const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t shifted = (5 * of_year + 2) / 153;
    const auto date = static_cast<unsigned>(of_year - (153 * shifted + 2) / 5 + 1);
    const auto month = static_cast<unsigned>(shifted < 10 ? shifted + 3 : shifted - 9);
    const std::int64_t year = year_of_era + era * 400 + (month <= 2);
    const auto seconds = static_cast<unsigned>(left / 1'000'000);
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02u:%02u:%02u.%06uZ",
                  static_cast<int>(year % 10'000), month % 100, date % 100, seconds / 3600 % 100,
                  seconds / 60 % 60, seconds % 60, static_cast<unsigned>(left % 1'000'000));
}

std::string_view sealed_text(Bytes sealed, char (&text)[sealed_text_bytes])
{
    if (sealed.empty() || sealed.size() > most_sealed)
        return {};
    std::memcpy(text, "sealed:", 7);
    return {text, 7 + to_base64(sealed.data(), sealed.size(), text + 7)};
}

void render_record(const RecordHead &record, const std::uint8_t *payload, const TextSink &sink,
                   SealedReader *sealed)
{
    Payload view{{payload, record.payload}};
    while (const auto event = view.next())
        put_event(sink, record, view, *event, sealed);
}

}  // namespace quiver::audit
