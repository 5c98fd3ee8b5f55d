// An event in the making: its fields, one behind the other, in a buffer of this process.
#include "audit/stage.hpp"

#include <cstring>

namespace quiver::audit {

constinit EventBuilder builder{};

void EventBuilder::begin(EventKind kind, EventClass klass)
{
    head = {};
    head.kind = kind;
    head.klass = klass;
    used_ = 0;
    is_full_ = false;
}

bool EventBuilder::field(Field tag, std::string_view value) { return field(tag, value, {}); }

bool EventBuilder::field(Field tag, std::string_view first, std::string_view second)
{
    const std::size_t size = first.size() + second.size();
    if (size > 0xffff || used_ + field_head + size > room)
    {
        is_full_ = true;
        return false;
    }
    std::uint8_t *at = bytes_ + used_;
    at[0] = static_cast<std::uint8_t>(tag);
    at[1] = static_cast<std::uint8_t>(size);
    at[2] = static_cast<std::uint8_t>(size >> 8);
    std::memcpy(at + field_head, first.data(), first.size());
    std::memcpy(at + field_head + first.size(), second.data(), second.size());
    used_ += field_head + size;
    return true;
}

char *EventBuilder::open_field(std::size_t &left)
{
    left = used_ + field_head < room ? room - used_ - field_head : 0;
    return reinterpret_cast<char *>(bytes_ + used_ + field_head);
}

void EventBuilder::close_field(Field tag, std::size_t size)
{
    bytes_[used_] = static_cast<std::uint8_t>(tag);
    bytes_[used_ + 1] = static_cast<std::uint8_t>(size);
    bytes_[used_ + 2] = static_cast<std::uint8_t>(size >> 8);
    used_ += field_head + size;
}

}  // namespace quiver::audit
