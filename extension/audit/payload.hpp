// Reading a record's payload: the session's fields, then events with their fields. Every length is
// checked, so a damaged or hostile payload ends the walk and is never read beyond.
#pragma once

#include "audit/format.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace quiver::audit {

using Bytes = std::span<const std::uint8_t>;

struct FieldView
{
    Field tag;
    Bytes value;

    std::string_view text() const
    {
        return {reinterpret_cast<const char *>(value.data()), value.size()};
    }
};

class FieldCursor
{
public:
    explicit FieldCursor(Bytes bytes) : rest_(bytes) {}

    std::optional<FieldView> next()
    {
        if (rest_.size() < field_head)
            return std::nullopt;
        const std::size_t size = rest_[1] | (std::size_t{rest_[2]} << 8);
        if (rest_.size() - field_head < size)
            return std::nullopt;
        const FieldView field{Field{rest_[0]}, rest_.subspan(field_head, size)};
        rest_ = rest_.subspan(field_head + size);
        return field;
    }

private:
    Bytes rest_;
};

struct EventView
{
    EventHead head;
    Bytes fields;

    // The first field of a kind; empty if there is none.
    std::string_view text(Field tag) const
    {
        FieldCursor cursor{fields};
        while (const auto field = cursor.next())
            if (field->tag == tag)
                return field->text();
        return {};
    }
};

// A payload is the length of the session's fields in four bytes, those fields, and the events.
class Payload
{
public:
    explicit Payload(Bytes bytes) : events_(bytes)
    {
        if (bytes.size() < 4)
        {
            valid_ = bytes.empty();
            events_ = {};
            return;
        }
        const std::size_t size = read_as<std::uint32_t>(bytes.data());
        if (bytes.size() - 4 < size)
        {
            valid_ = false;
            events_ = {};
            return;
        }
        session_ = bytes.subspan(4, size);
        events_ = bytes.subspan(4 + size);
    }

    Bytes session() const { return session_; }

    std::string_view session_text(Field tag) const { return EventView{{}, session_}.text(tag); }

    std::optional<EventView> next()
    {
        if (events_.size() < sizeof(EventHead))
        {
            valid_ = valid_ && events_.empty();
            return std::nullopt;
        }
        EventView event{read_as<EventHead>(events_.data()), {}};
        if (event.head.length < sizeof(EventHead) || event.head.length > events_.size())
        {
            valid_ = false;
            return std::nullopt;
        }
        event.fields = events_.subspan(sizeof(EventHead), event.head.length - sizeof(EventHead));
        events_ = events_.subspan(event.head.length);
        return event;
    }

    // Whether all that was read so far was well-formed.
    bool is_valid() const { return valid_; }

private:
    Bytes session_;
    Bytes events_;
    bool valid_ = true;
};

// What a record that came by WAL says of that.
inline std::optional<Origin> read_origin(const Payload &payload)
{
    const std::string_view value = payload.session_text(Field::origin);
    if (value.size() != sizeof(Origin))
        return std::nullopt;
    return read_as<Origin>(reinterpret_cast<const std::uint8_t *>(value.data()));
}

struct ActionView
{
    ActionHead head;
    std::string_view type;
    std::string_view name;
    std::string_view columns;  // each name followed by a zero
};

inline std::optional<ActionView> read_action(Bytes value)
{
    if (value.size() < sizeof(ActionHead))
        return std::nullopt;
    ActionView action{read_as<ActionHead>(value.data()), {}, {}, {}};
    std::string_view rest{reinterpret_cast<const char *>(value.data()) + sizeof(ActionHead),
                          value.size() - sizeof(ActionHead)};
    for (std::string_view *part : {&action.type, &action.name})
    {
        const std::size_t zero = rest.find('\0');
        if (zero == std::string_view::npos)
            return std::nullopt;
        *part = slice(rest, 0, zero);
        rest = slice(rest, zero + 1);
    }
    action.columns = rest;
    return action;
}

// Calls f with each zero-terminated name in `names`.
template <class F> void each_name(std::string_view names, F &&f)
{
    while (!names.empty())
    {
        const std::size_t zero = names.find('\0');
        if (zero == std::string_view::npos)
            return;
        f(slice(names, 0, zero));
        names = slice(names, zero + 1);
    }
}

}  // namespace quiver::audit
