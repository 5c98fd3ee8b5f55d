// Erasing a record's payload on request. What is left is its head and its commitment, so that leaf, chain and
// checkpoints are what they were; the log says first, in a record of its own that is sealed, which was erased and why.
#include "audit/worker.hpp"

#include "audit/payload.hpp"
#include "audit/reader.hpp"

#include <algorithm>
#include <cinttypes>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace quiver::audit {
namespace {

// A record in its segment: head, payload and zeros.
struct Found
{
    std::uint64_t segment;
    std::uint64_t offset;
    RecordHead head;
};

constinit SegmentReader reader;
constinit std::uint8_t payload[max_record_bytes]{};
constinit std::uint8_t erased[max_record_bytes + sizeof(RecordHead)]{};

// The newest segment that begins at or before the record has it.
bool find_record(std::uint32_t shard, std::uint64_t sequence, Found &found)
{
    SegmentRange range;
    if (!list_segments(audit_directory(), range) || range.first == 0)
        return false;
    for (std::uint64_t number = range.last; number >= range.first; --number)
    {
        if (!reader.open(audit_directory(), number) || !reader.has_head() ||
            reader.head().shard_next[shard] > sequence)
            continue;
        while (reader.next(found.head, payload) == ReadResult::record)
            if (found.head.shard == shard && found.head.sequence == sequence)
            {
                found.segment = number;
                found.offset = reader.offset();
                return true;
            }
        return false;
    }
    return false;
}

// What the log tells of itself stays: starts and stops, losses, changes of policy, erasures.
bool is_erasable(const Found &found)
{
    Payload view{{payload, found.head.payload}};
    while (const auto event = view.next())
        switch (event->head.kind)
        {
        case EventKind::policy:
        case EventKind::loss:
        case EventKind::start:
        case EventKind::stop:
        case EventKind::retention:
        case EventKind::erasure:
            return false;
        default:
            break;
        }
    return view.is_valid() && found.head.payload >= digest_bytes;
}

void make_erased(const Found &found)
{
    RecordHead head = found.head;
    const Digest kept = commitment(head, payload);
    head.flags |= record_erased;
    std::memset(head.salt, 0, sizeof head.salt);
    std::memset(erased, 0, head.length);
    std::memcpy(erased, &head, sizeof head);
    std::memcpy(erased + sizeof head, kept.data(), kept.size());
}

bool write_at(int file, std::size_t from, std::size_t to, std::uint64_t offset)
{
    const auto size = static_cast<ssize_t>(to - from);
    return pwrite(file, erased + from, to - from, static_cast<off_t>(offset + from)) == size &&
           fdatasync(file) == 0;
}

// The commitment is on disk with the flag before the rest goes: a record is whole or erased whenever a machine crashes.
bool overwrite_plain(const char *path, const Found &found)
{
    const int file = ::open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    constexpr std::size_t kept = sizeof(RecordHead) + digest_bytes;
    const bool written = write_at(file, 0, kept, found.offset) &&
                         write_at(file, kept, found.head.length, found.offset);
    close(file);
    return written;
}

bool copy_erased(const char *from, const char *to, const Found &found)
{
    gzFile source = gzopen(from, "rbe");
    gzFile target = gzopen(to, "wbe1");
    static char bytes[64 * 1024];
    bool good = source != nullptr && target != nullptr;
    for (std::uint64_t at = 0; good;)
    {
        const int got = gzread(source, bytes, sizeof bytes);
        if (got <= 0)
        {
            good = got == 0;
            break;
        }
        const std::uint64_t end = at + static_cast<std::uint64_t>(got);
        const std::uint64_t first = std::max(at, found.offset);
        const std::uint64_t last = std::min(end, found.offset + found.head.length);
        if (first < last)
            std::memcpy(bytes + (first - at), erased + (first - found.offset), last - first);
        good = gzwrite(target, bytes, static_cast<unsigned>(got)) == got;
        at = end;
    }
    if (source != nullptr)
        gzclose(source);
    return (target == nullptr || gzclose(target) == Z_OK) && good;
}

bool overwrite_compressed(const char *path, const Found &found)
{
    char part[max_path];
    segment_path(part, audit_directory(), found.segment, ".part");
    if (copy_erased(path, part, found) && replace_segment_file(part, path, path))
        return true;
    unlink(part);
    return false;
}

bool overwrite(const Found &found)
{
    char path[max_path];
    struct stat before;
    segment_path(path, audit_directory(), found.segment, ".qas");
    if (stat(path, &before) != 0)
    {
        segment_path(path, audit_directory(), found.segment, ".qas.gz");
        return overwrite_compressed(path, found);
    }
    const bool written = overwrite_plain(path, found);
    // Its age is what the retention rule goes by.
    keep_file_time(path, before);
    return written;
}

EraseResult erase(EraseRequest &request)
{
    if (!log_writer.write() || !log_writer.sync() || !log_writer.has_room(4096))
        return EraseResult::failed;
    Found found;
    if (request.shard >= max_shards || !find_record(request.shard, request.sequence, found))
        return EraseResult::not_found;
    if ((found.head.flags & record_erased) != 0)
        return EraseResult::done_before;
    if (!is_erasable(found))
        return EraseResult::not_allowed;
    make_erased(found);
    request.events = found.head.events;
    char message[sizeof request.reason + sizeof request.role + 160];
    snprintf(message, sizeof message,
             "record %u/%" PRIu64 ", %u events of session %" PRIx64 ".%" PRIx64 ", for %s: %s",
             request.shard, request.sequence, found.head.events, found.head.session >> 32,
             found.head.session & 0xffffffff, request.role, request.reason);
    append_own(EventKind::erasure, "ERASE", message, found.head.events);
    if (!log_writer.write() || !log_writer.sync() || !log_writer.checkpoint(true, true))
        return EraseResult::failed;
    return overwrite(found) ? EraseResult::done : EraseResult::failed;
}

}  // namespace

void erase_if_asked()
{
    AreaHead *head = area.head;
    const std::uint64_t asked = pg_atomic_read_u64(&head->erase_asked);
    if (asked == pg_atomic_read_u64(&head->erase_done))
        return;
    pg_read_barrier();
    EraseRequest request = head->erase;
    request.result = erase(request);
    reader.close();
    explicit_bzero(payload, sizeof payload);
    head->erase = request;
    pg_write_barrier();
    pg_atomic_write_u64(&head->erase_done, asked);
}

}  // namespace quiver::audit
