// Checkpoints and anchors of the log, and what becomes of closed segments.
#include "audit/log_writer.hpp"

#include "audit/reader.hpp"

#include <algorithm>
#include <cinttypes>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace quiver::audit {
namespace {

// A whole file at once, or nothing: what was written before a failure is taken away again.
bool append_to_file(const char *path, const char *text, std::size_t size)
{
    const int file = ::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    const off_t end = lseek(file, 0, SEEK_END);
    const bool written =
        end >= 0 && ::write(file, text, size) == static_cast<ssize_t>(size) && fdatasync(file) == 0;
    if (!written && end >= 0)
        (void) !ftruncate(file, end);
    close(file);
    return written;
}

// The compressed copy takes the place of the segment once it is on disk.
bool compress_segment(const char *directory, std::uint64_t number)
{
    char from[max_path];
    char to[max_path];
    char part[max_path];
    segment_path(from, directory, number, ".qas");
    segment_path(to, directory, number, ".qas.gz");
    segment_path(part, directory, number, ".part");
    FILE *source = std::fopen(from, "re");
    if (source == nullptr)
        return false;
    gzFile target = gzopen(part, "wbe1");
    static char bytes[64 * 1024];
    bool good = target != nullptr;
    while (good)
    {
        const std::size_t got = std::fread(bytes, 1, sizeof bytes, source);
        if (got == 0)
            break;
        good = gzwrite(target, bytes, static_cast<unsigned>(got)) == static_cast<int>(got);
    }
    good = std::ferror(source) == 0 && good;
    std::fclose(source);
    good = (target == nullptr || gzclose(target) == Z_OK) && good;
    if (!good || !replace_segment_file(part, from, to))
    {
        unlink(part);
        return false;
    }
    return unlink(from) == 0;
}

bool segment_entry(const char *directory, std::uint64_t number, struct stat &entry, bool &plain)
{
    char path[max_path];
    segment_path(path, directory, number, ".qas");
    plain = stat(path, &entry) == 0;
    if (plain)
        return true;
    segment_path(path, directory, number, ".qas.gz");
    return stat(path, &entry) == 0;
}

// The segment itself goes last: what a crash leaves is still one that the rule finds and removes, and without it nothing
// of it is left.
void remove_segment(const char *directory, std::uint64_t number)
{
    char path[max_path];
    for (const char *suffix : {".jsonl", ".notes", ".qas.gz", ".qas"})
    {
        segment_path(path, directory, number, suffix);
        unlink(path);
    }
}

}  // namespace

void LogWriter::fill_checkpoint(Checkpoint &checkpoint) const
{
    checkpoint = {};
    std::memcpy(checkpoint.log_id, log_id_, sizeof log_id_);
    checkpoint.system_id = GetSystemIdentifier();
    checkpoint.size = tree_.size;
    checkpoint.root = tree_.root();
    checkpoint.segment = segment_;
    checkpoint.offset = offset_;
    checkpoint.time = GetCurrentTimestamp();
    checkpoint.shards = shards_;
    for (std::uint32_t shard = 0; shard < shards_; ++shard)
    {
        checkpoint.shard_next[shard] = next_[shard];
        checkpoint.shard_head[shard] = chain_[shard];
    }
    checkpoint.previous = previous_;
}

bool LogWriter::checkpoint(bool force, bool anchor)
{
    if (used_ != 0 || unsynced_ || (!force && sealed_ == tree_.size))
        return used_ == 0 && !unsynced_;
    Checkpoint state;
    fill_checkpoint(state);
    Note note;
    write_note(state, key_, note);
    char path[max_path];
    segment_path(path, audit_directory(), segment_, ".notes");
    if (!append_to_file(path, note.text, note.size))
        return false;
    has_note_ = true;
    sealed_ = tree_.size;
    previous_ = Sha256{}.add(note.text, note.body).finish();
    pg_atomic_write_u64(&area.head->sealed_leaves, sealed_);
    if (anchor ||
        state.time - last_anchor_ >= static_cast<std::int64_t>(settings.anchor_s) * 1'000'000)
    {
        last_anchor_ = state.time;
        write_anchor(note);
    }
    return true;
}

void LogWriter::write_anchor(const Note &note)
{
    if (settings.anchor_directory == nullptr || settings.anchor_directory[0] == '\0')
        return;
    char part[max_path];
    char path[max_path];
    std::snprintf(part, sizeof part, "%s/.anchor.part", settings.anchor_directory);
    std::snprintf(path, sizeof path, "%s/%016" PRIx64 ".note", settings.anchor_directory, sealed_);
    unlink(part);
    if (!append_to_file(part, note.text, note.size) || rename(part, path) != 0)
        ereport(LOG, errcode_for_file_access(),
                errmsg("could not write the audit's anchor \"%s\": %m", path),
                errhint("Until quiver.audit_anchor_directory can be written again, only this "
                        "server vouches for its own log."));
}

// Where the chain of notes ends: in the newest file of notes that has one.
void LogWriter::read_last_note()
{
    previous_ = {};
    for (std::uint64_t number = segment_; number > 0 && number + 2 > segment_; --number)
    {
        char path[max_path];
        segment_path(path, audit_directory(), number, ".notes");
        std::size_t size = 0;
        char *text = read_file(path, size);
        std::string_view rest{text != nullptr ? text : "", text != nullptr ? size : 0};
        std::size_t good = 0;
        bool found = false;
        while (!rest.empty())
        {
            ParsedNote note;
            const std::size_t used = parse_note(rest, note);
            if (used == 0)
                break;
            previous_ = note.digest;
            sealed_ = note.checkpoint.size;
            found = true;
            rest.remove_prefix(used);
            good += used;
        }
        // A note that a crash has cut is no note.
        if (text != nullptr && good < size)
            (void) !truncate(path, static_cast<off_t>(good));
        std::free(text);
        if (found)
            return;
    }
}

std::uint64_t tend_segments(std::uint64_t current)
{
    SegmentRange range;
    const char *directory = audit_directory();
    if (!list_segments(directory, range) || range.first == 0 || range.first >= current)
        return 0;
    std::uint64_t bytes = 0;
    std::uint64_t first_kept = range.first;
    const std::uint64_t most = static_cast<std::uint64_t>(settings.retain_mb) * 1024 * 1024;
    const time_t oldest = time(nullptr) - static_cast<time_t>(settings.retain_days) * 86'400;
    for (std::uint64_t number = current - 1; number >= range.first && number > 0; --number)
    {
        struct stat entry;
        bool plain;
        if (!segment_entry(directory, number, entry, plain))
            continue;
        if (plain && settings.compress && compress_segment(directory, number))
            (void) segment_entry(directory, number, entry, plain);
        bytes += static_cast<std::uint64_t>(entry.st_size);
        if ((settings.retain_mb > 0 && bytes > most) ||
            (settings.retain_days > 0 && entry.st_mtime < oldest))
        {
            first_kept = number + 1;
            break;
        }
    }
    if (first_kept == range.first)
        return 0;
    return first_kept;
}

bool replace_segment_file(const char *made, const char *from, const char *to)
{
    struct stat before;
    const int written = stat(from, &before) == 0 ? ::open(made, O_RDONLY | O_CLOEXEC) : -1;
    const bool good = written >= 0 && fsync(written) == 0;
    if (written >= 0)
        close(written);
    if (!good || chmod(made, 0600) != 0)
        return false;
    // Its age is what the retention rule goes by.
    keep_file_time(made, before);
    return rename(made, to) == 0;
}

void keep_file_time(const char *path, const struct stat &entry)
{
    const timespec times[2] = {entry.st_atim, entry.st_mtim};
    (void) utimensat(AT_FDCWD, path, times, 0);
}

void remove_segments_before(std::uint64_t first_kept)
{
    SegmentRange range;
    if (!list_segments(audit_directory(), range))
        return;
    for (std::uint64_t number = range.first; number != 0 && number < first_kept; ++number)
        remove_segment(audit_directory(), number);
}

}  // namespace quiver::audit
