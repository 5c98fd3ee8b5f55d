// A small direct-mapped cache. A text is found by its bytes, never by its address or its hash alone: what is recorded is
// what would have been lexed.
#include "audit/text_cache.hpp"

#include "audit/format.hpp"

#include <cstdlib>
#include <cstring>

namespace quiver::audit {
namespace {

constexpr std::size_t slots = 128;
constexpr std::size_t longest = 1024;

struct Slot
{
    std::uint64_t
        waiting;  // hash of a text that was seen here once, and is kept when it comes again
    std::uint64_t hash;
    char *bytes;  // the source, then its normalised text
    std::uint32_t source;
    std::uint32_t size;
    std::uint32_t room;
    TextCare care;
    bool is_cut;
};

constinit Slot cache[slots]{};

std::uint64_t mixed(std::uint64_t value)
{
    value *= 0x9e3779b97f4a7c15u;
    return value ^ (value >> 29);
}

// Not of every byte: equal bytes are asked for after it.
std::uint64_t hash_of(std::string_view source, TextCare care)
{
    std::uint64_t hash = mixed(source.size() * 4 + static_cast<unsigned>(care) + 1);
    const std::size_t step = source.size() / 8 < 8 ? 8 : source.size() / 8;
    std::uint64_t word;
    for (std::size_t at = 0; at + sizeof word <= source.size(); at += step)
    {
        std::memcpy(&word, source.data() + at, sizeof word);
        hash = mixed(hash ^ word);
    }
    if (source.size() >= sizeof word)
    {
        std::memcpy(&word, source.data() + source.size() - sizeof word, sizeof word);
        hash = mixed(hash ^ word);
    }
    return hash | 1;
}

bool keep(Slot &slot, std::uint64_t hash, std::string_view source, TextCare care, const char *text,
          std::size_t room, const NormalizedText &normalized)
{
    auto *bytes = static_cast<char *>(std::realloc(slot.bytes, source.size() + normalized.size));
    if (bytes == nullptr)
        return false;
    std::memcpy(bytes, source.data(), source.size());
    std::memcpy(bytes + source.size(), text, normalized.size);
    slot = {0,
            hash,
            bytes,
            static_cast<std::uint32_t>(source.size()),
            static_cast<std::uint32_t>(normalized.size),
            static_cast<std::uint32_t>(room),
            care,
            normalized.is_cut};
    return true;
}

}  // namespace

NormalizedText normalize_known_text(std::string_view source, TextCare care, char *to,
                                    std::size_t room, bool (*is_keyword)(const char *word))
{
    if (source.empty() || source.size() > longest)
        return normalize_text(source, care, to, room, is_keyword);
    const std::uint64_t hash = hash_of(source, care);
    Slot &slot = cache[(hash >> 32) % slots];
    if (slot.hash == hash && slot.source == source.size() && slot.care == care &&
        slot.room == room && std::memcmp(slot.bytes, source.data(), source.size()) == 0)
    {
        std::memcpy(to, slot.bytes + slot.source, slot.size);
        return {slot.size, slot.is_cut, false};
    }
    const NormalizedText normalized = normalize_text(source, care, to, room, is_keyword);
    if (normalized.is_sensitive)
        return normalized;
    if (slot.waiting != hash || !keep(slot, hash, source, care, to, room, normalized))
        slot.waiting = hash;
    return normalized;
}

}  // namespace quiver::audit
