// Appending to the log, and finding its end again.
#include "audit/log_writer.hpp"

#include "audit/reader.hpp"

#include <cinttypes>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace quiver::audit {

constinit LogWriter log_writer;

namespace {

bool write_all(int file, const void *bytes, std::size_t size)
{
    const auto *at = static_cast<const std::uint8_t *>(bytes);
    while (size > 0)
    {
        const ssize_t written = ::write(file, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
        {
            if (written == 0)
                errno = ENOSPC;
            return false;
        }
        at += written;
        size -= static_cast<std::size_t>(written);
    }
    return true;
}

// A session's events are in the log in their order.
void remember(SessionTable &known, const RecordHead &record)
{
    SessionTable::Entry *entry = record.session == 0 ? nullptr : known.find(record.session);
    const std::uint64_t next = record.first_event + record.events;
    if (entry != nullptr && entry->next < next)
        entry->next = next;
}

}  // namespace

void sync_directory(const char *directory)
{
    const int file = ::open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file >= 0)
    {
        (void) fsync(file);
        close(file);
    }
}

void LogWriter::load_key()
{
    char path[max_path];
    if (settings.key_file == nullptr || settings.key_file[0] == '\0')
        return;
    std::snprintf(path, sizeof path, "%s%s%s", settings.key_file[0] == '/' ? "" : audit_directory(),
                  settings.key_file[0] == '/' ? "" : "/", settings.key_file);
    if (!key_.load(path) && (access(path, F_OK) == 0 || !key_.create(path)))
        ereport(
            LOG, errcode(ERRCODE_CONFIG_FILE_ERROR),
            errmsg("could not read the audit's signing key \"%s\"", path),
            errdetail("Checkpoints are not signed."),
            errhint("The file has to be a PEM file with an Ed25519 key, readable by the server."));
    if (!key_.is_loaded())
        return;
    std::snprintf(path, sizeof path, "%s/sign.pub", audit_directory());
    if (!write_public_key(path, key_.public_key()))
        ereport(LOG, errcode_for_file_access(), errmsg("could not write \"%s\": %m", path));
}

void LogWriter::open()
{
    if (buffer_ == nullptr)
        buffer_ = static_cast<std::uint8_t *>(MemoryContextAlloc(TopMemoryContext, buffer_bytes));
    load_key();
    shards_ = area.head->shards;
    SegmentRange range;
    if (!list_segments(audit_directory(), range))
        ereport(ERROR, errcode_for_file_access(),
                errmsg("could not read the audit directory \"%s\": %m", audit_directory()));
    if (range.last != 0 && is_copied_log())
    {
        if (!move_copied_log(moved_))
            ereport(ERROR, errcode_for_file_access(),
                    errmsg("could not move the copied audit log to \"%s\": %m", moved_));
        range = {};
    }
    if (range.last == 0)
        begin_log();
    else
        resume(range.last);
    if (file_ < 0)
        ereport(ERROR, errcode_for_file_access(),
                errmsg("could not open segment %" PRIu64 " in \"%s\": %m", segment_,
                       audit_directory()));
    std::memcpy(area.head->log_id, log_id_, sizeof log_id_);
    pg_write_barrier();
    pg_atomic_write_u64(&area.head->segment, segment_);
}

void LogWriter::begin_log()
{
    if (!random_bytes(log_id_, sizeof log_id_))
        ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not get random bytes"));
    for (std::uint32_t shard = 0; shard < shards_; ++shard)
    {
        next_[shard] = 1;
        chain_[shard] = chain_origin(log_id_, static_cast<std::uint16_t>(shard));
    }
    begin_segment(1);
    write_identity();
}

bool LogWriter::begin_segment(std::uint64_t number)
{
    char path[max_path];
    segment_path(path, audit_directory(), number, ".qas");
    const int file = ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    static std::uint8_t bytes[segment_head_bytes];
    SegmentHead head{};
    std::memcpy(head.magic, segment_magic, sizeof segment_magic);
    head.version = format_version;
    head.shards = shards_;
    head.system_id = GetSystemIdentifier();
    std::memcpy(head.log_id, log_id_, sizeof log_id_);
    head.number = number;
    head.first_leaf = tree_.size;
    head.created = GetCurrentTimestamp();
    for (std::uint32_t shard = 0; shard < shards_; ++shard)
    {
        head.shard_next[shard] = next_[shard];
        head.shard_head[shard] = chain_[shard];
    }
    std::memcpy(head.frontier, tree_.frontier, sizeof head.frontier);
    std::memcpy(bytes, &head, sizeof head);
    if (!write_all(file, bytes, sizeof bytes) || fsync(file) != 0)
    {
        close(file);
        unlink(path);
        return false;
    }
    sync_directory(audit_directory());
    if (file_ >= 0)
        close(file_);
    file_ = file;
    segment_ = number;
    offset_ = segment_head_bytes;
    has_note_ = false;
    return true;
}

// Reads the last segment through, so that chains and tree stand where it ends, and cuts what is torn.
void LogWriter::resume(std::uint64_t number)
{
    static std::uint8_t buffer[max_record_bytes];
    SegmentReader reader;
    if (!reader.open(audit_directory(), number) || !reader.has_head())
    {
        reader.close();
        ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED),
                errmsg("segment %" PRIu64 " of the audit log is damaged", number),
                errhint("Move the files of \"%s\" away for examination; a new log is begun then.",
                        audit_directory()));
    }
    const SegmentHead &head = reader.head();
    std::memcpy(log_id_, head.log_id, sizeof log_id_);
    tree_.size = head.first_leaf;
    std::memcpy(tree_.frontier, head.frontier, sizeof head.frontier);
    for (std::uint32_t shard = 0; shard < max_shards; ++shard)
    {
        next_[shard] = shard < head.shards ? head.shard_next[shard] : 1;
        chain_[shard] = shard < head.shards
                            ? head.shard_head[shard]
                            : chain_origin(log_id_, static_cast<std::uint16_t>(shard));
    }
    // Chains once begun go on, also when the server has fewer rings now.
    shards_ = shards_ > head.shards ? shards_ : head.shards;
    const bool more_shards = shards_ > head.shards;
    RecordHead record;
    ReadResult result;
    while ((result = reader.next(record, buffer)) == ReadResult::record)
    {
        const Digest hash = leaf(record, commitment(record, buffer));
        chain_[record.shard] = record.chain;
        next_[record.shard] = record.sequence + 1;
        tree_.append(hash);
        remember(known_, record);
    }
    offset_ = result == ReadResult::torn ? reader.offset() : reader.end();
    reader.close();

    char path[max_path];
    segment_path(path, audit_directory(), number, ".qas");
    segment_ = number;
    file_ = ::open(path, O_WRONLY | O_CLOEXEC);
    struct stat entry;
    if (file_ < 0 || fstat(file_, &entry) != 0)
    {
        // It was compressed already: go on in a new one.
        read_last_note();
        (void) begin_segment(number + 1);
        return;
    }
    torn_ = static_cast<std::uint64_t>(entry.st_size) - offset_;
    if (torn_ != 0 && ftruncate(file_, static_cast<off_t>(offset_)) != 0)
        ereport(ERROR, errcode_for_file_access(), errmsg("could not cut \"%s\": %m", path));
    (void) lseek(file_, static_cast<off_t>(offset_), SEEK_SET);
    unsynced_ = true;
    read_last_note();
    if (more_shards && sync() && checkpoint(true, false))
        (void) begin_segment(number + 1);
}

void LogWriter::append(RecordHead record, const std::uint8_t *payload, std::uint8_t flags)
{
    const std::uint16_t shard = record.shard;
    const Digest hash = record.chain;
    record.flags = flags;
    record.sequence = next_[shard]++;
    record.chain = chain_[shard] = chain_link(chain_[shard], shard, record.sequence, hash);
    tree_.append(hash);
    record.length = static_cast<std::uint32_t>(aligned(sizeof record + record.payload));
    std::uint8_t *at = buffer_ + used_;
    std::memcpy(at, &record, sizeof record);
    std::memcpy(at + sizeof record, payload, record.payload);
    std::memset(at + sizeof record + record.payload, 0,
                record.length - sizeof record - record.payload);
    used_ += record.length;
    if (remembers_ && (flags & record_recovered) != 0)
        remember(known_, record);
}

bool LogWriter::knows(std::uint64_t session, std::uint64_t first_event)
{
    const SessionTable::Entry *entry = session == 0 ? nullptr : known_.peek(session);
    return entry != nullptr && first_event < entry->next;
}

void LogWriter::learn(std::int64_t since)
{
    static std::uint8_t buffer[max_record_bytes];
    SegmentReader reader;
    for (std::uint64_t number = segment_; number > 1; --number)
    {
        if (!reader.open(audit_directory(), number - 1) || !reader.has_head())
            break;
        RecordHead record;
        while (reader.next(record, buffer) == ReadResult::record)
            remember(known_, record);
        if (reader.head().created < since)
            break;
    }
    reader.close();
}

bool LogWriter::write()
{
    if (used_ == 0)
        return true;
    if (!write_all(file_, buffer_, used_))
    {
        const int failure = errno;
        // Half of a record would end the log here.
        (void) !ftruncate(file_, static_cast<off_t>(offset_));
        (void) lseek(file_, static_cast<off_t>(offset_), SEEK_SET);
        errno = failure;
        return false;
    }
    offset_ += used_;
    pg_atomic_fetch_add_u64(&area.head->written_bytes, static_cast<int64>(used_));
    used_ = 0;
    unsynced_ = true;
    return true;
}

bool LogWriter::sync()
{
    if (!unsynced_)
        return true;
    if (fdatasync(file_) != 0)
        return false;
    unsynced_ = false;
    pg_atomic_write_u64(&area.head->synced_leaves, tree_.size);
    return true;
}

bool LogWriter::rotate_if_full()
{
    if (offset_ < static_cast<std::uint64_t>(settings.segment_mb) * 1024 * 1024)
        return true;
    if (!write() || !sync() || !checkpoint(true, true) || !begin_segment(segment_ + 1))
        return false;
    pg_atomic_write_u64(&area.head->segment, segment_);
    return checkpoint(true, false);
}

}  // namespace quiver::audit
