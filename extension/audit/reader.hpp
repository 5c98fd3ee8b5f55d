// Reading a log's files: segments, plain or gzipped, a record at a time; and their names.
#pragma once

#include "audit/format.hpp"

#include <cstdio>

namespace quiver::audit {

constexpr std::size_t max_path = 1024;

// DIRECTORY/000000000000002a.qas, with .gz once it is compressed; .notes has its checkpoints.
void segment_path(char (&path)[max_path], const char *directory, std::uint64_t number,
                  const char *suffix);

struct SegmentRange
{
    std::uint64_t first = 0;  // 0: none
    std::uint64_t last = 0;
};
// By the names of segments and notes. False if the directory cannot be read.
bool list_segments(const char *directory, SegmentRange &range);

enum class ReadResult
{
    record,
    end,  // after a whole record
    torn,  // in the middle of a record, or at bytes that are none
};

// Holds a zlib stream, freed by close() alone; a backend arranges for that when an error skips it.
class SegmentReader
{
public:
    bool open(const char *directory, std::uint64_t number);
    void close();
    bool is_open() const { return file_ != nullptr; }

    const SegmentHead &head() const { return head_; }
    bool has_head() const { return has_head_; }
    // The record's payload stays in `buffer` until the next call.
    ReadResult next(RecordHead &record, std::uint8_t (&buffer)[max_record_bytes]);
    // Of the record last read; and of what follows it.
    std::uint64_t offset() const { return offset_; }
    std::uint64_t end() const { return end_; }

private:
    void *file_ = nullptr;
    SegmentHead head_{};
    bool has_head_ = false;
    std::uint64_t offset_ = 0;
    std::uint64_t end_ = 0;
};

// A small file whole, with a zero behind it; malloc'ed. nullptr if it is not there.
char *read_file(const char *path, std::size_t &size);

}  // namespace quiver::audit
