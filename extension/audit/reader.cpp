// Reading segments through zlib, which reads plain files too.
#include "audit/reader.hpp"

#include <cinttypes>
#include <cstdlib>
#include <dirent.h>
#include <zlib.h>

namespace quiver::audit {
namespace {

constexpr std::size_t name_digits = 16;

gzFile as_stream(void *file) { return static_cast<gzFile>(file); }

// All or nothing; what was got otherwise.
std::size_t read_bytes(void *file, void *to, std::size_t size)
{
    const int got = gzread(as_stream(file), to, static_cast<unsigned>(size));
    return got < 0 ? 0 : static_cast<std::size_t>(got);
}

}  // namespace

void segment_path(char (&path)[max_path], const char *directory, std::uint64_t number,
                  const char *suffix)
{
    std::snprintf(path, sizeof path, "%s/%016" PRIx64 "%s", directory, number, suffix);
}

bool list_segments(const char *directory, SegmentRange &range)
{
    DIR *stream = opendir(directory);
    if (stream == nullptr)
        return false;
    range = {};
    while (const dirent *entry = readdir(stream))
    {
        const char *suffix = entry->d_name + name_digits;
        if (std::strspn(entry->d_name, "0123456789abcdef") != name_digits ||
            (std::strcmp(suffix, ".qas") != 0 && std::strcmp(suffix, ".qas.gz") != 0 &&
             std::strcmp(suffix, ".notes") != 0))
            continue;
        const std::uint64_t number = std::strtoull(entry->d_name, nullptr, 16);
        if (range.first == 0 || number < range.first)
            range.first = number;
        if (number > range.last)
            range.last = number;
    }
    closedir(stream);
    return true;
}

bool SegmentReader::open(const char *directory, std::uint64_t number)
{
    close();
    char path[max_path];
    segment_path(path, directory, number, ".qas");
    file_ = gzopen(path, "rbe");
    if (file_ == nullptr)
    {
        segment_path(path, directory, number, ".qas.gz");
        file_ = gzopen(path, "rbe");
    }
    if (file_ == nullptr)
        return false;
    gzbuffer(as_stream(file_), 128 * 1024);
    std::uint8_t bytes[segment_head_bytes];
    has_head_ = read_bytes(file_, bytes, sizeof bytes) == sizeof bytes;
    offset_ = end_ = segment_head_bytes;
    if (!has_head_)
        return true;
    head_ = read_as<SegmentHead>(bytes);
    has_head_ = std::memcmp(head_.magic, segment_magic, sizeof segment_magic) == 0 &&
                head_.version == format_version && head_.shards >= 1 && head_.shards <= max_shards;
    return true;
}

void SegmentReader::close()
{
    if (file_ != nullptr)
        gzclose(as_stream(file_));
    file_ = nullptr;
}

ReadResult SegmentReader::next(RecordHead &record, std::uint8_t (&buffer)[max_record_bytes])
{
    offset_ = end_;
    std::uint8_t bytes[sizeof(RecordHead)];
    const std::size_t got = read_bytes(file_, bytes, sizeof bytes);
    if (got == 0)
        return ReadResult::end;
    if (got < sizeof bytes)
        return ReadResult::torn;
    record = read_as<RecordHead>(bytes);
    if (record.length < sizeof(RecordHead) || record.length - sizeof(RecordHead) > sizeof buffer ||
        record.length % 8 != 0 || record.length != aligned(sizeof(RecordHead) + record.payload) ||
        record.shard >= head_.shards)
        return ReadResult::torn;
    const std::size_t rest = record.length - sizeof(RecordHead);
    if (read_bytes(file_, buffer, rest) < rest)
        return ReadResult::torn;
    end_ += record.length;
    return ReadResult::record;
}

char *read_file(const char *path, std::size_t &size)
{
    FILE *file = std::fopen(path, "re");
    if (file == nullptr)
        return nullptr;
    char *text = nullptr;
    if (std::fseek(file, 0, SEEK_END) == 0)
    {
        const long length = std::ftell(file);
        std::rewind(file);
        text = length < 0 ? nullptr
                          : static_cast<char *>(std::malloc(static_cast<std::size_t>(length) + 1));
        if (text != nullptr)
        {
            size = std::fread(text, 1, static_cast<std::size_t>(length), file);
            text[size] = '\0';
        }
    }
    std::fclose(file);
    return text;
}

}  // namespace quiver::audit
