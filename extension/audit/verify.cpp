// Verification: segments in order, records in order, checkpoints and anchors where they fall due.
#include "audit/verify.hpp"

#include "audit/merkle.hpp"
#include "audit/payload.hpp"
#include "audit/reader.hpp"
#include "audit/verify_erasures.hpp"
#include "audit/verify_folder.hpp"
#include "audit/verify_notes.hpp"
#include "audit/verify_sessions.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdarg>

namespace quiver::audit {
namespace {

// Backends take the time before they queue, so neighbours differ by that much.
constexpr std::int64_t clock_tolerance = 5'000'000;

class Verifier
{
public:
    void begin(const VerifyRequest &request)
    {
        request_ = request;
        summary_ = {};
        tree_ = {};
        tree_broken_ = begun_ = has_previous_ = false;
        last_size_ = next_anchor_ = removed_before_ = 0;
        last_note_time_ = 0;
        readings_ = read_from_ = 0;
        std::memset(last_time_, 0, sizeof last_time_);
    }

    VerifySummary run()
    {
        if (!folder_.list(request_) || folder_.first() == 0)
        {
            report(Severity::error, Problem::unreadable, 0, "%s has no segment that can be read",
                   request_.directory);
            return summary_;
        }
        if (request_.anchors != nullptr)
        {
            if (!anchors_.read_directory(request_.anchors, request_.key))
                report(Severity::error, Problem::unreadable, 0, "%s cannot be read",
                       request_.anchors);
            anchors_.sort();
        }
        for (segment_ = folder_.first(); segment_ <= folder_.last(); ++segment_)
            check_segment();
        segment_ = folder_.last();
        finish();
        release();
        return summary_;
    }

    void release()
    {
        reader_.close();
        notes_.release();
        anchors_.release();
        sessions_.release();
        erasures_.release();
    }

private:
    __attribute__((format(printf, 5, 6))) void report(Severity severity, Problem problem,
                                                      std::int64_t time, const char *format, ...)
    {
        Finding finding{severity, problem, segment_, reader_.offset(), tree_.size, time, {}};
        std::va_list values;
        va_start(values, format);
        // NOLINTNEXTLINE: va_start() has set it up
        std::vsnprintf(finding.detail, sizeof finding.detail, format, values);
        va_end(values);
        summary_.errors += severity == Severity::error;
        summary_.warnings += severity == Severity::warning;
        request_.report(request_.context, finding);
    }

    void check_segment()
    {
        const bool is_last = segment_ == folder_.last();
        // Before the records, which the server has on disk before it seals them.
        const bool has_notes = folder_.read_notes(segment_, notes_);
        next_note_ = 0;
        if (!reader_.open(request_.directory, segment_))
        {
            if (folder_.was_removed(segment_))
                return begin_at_first();
            report(Severity::error, Problem::lost_segment, 0, "segment %" PRIu64 " is not there",
                   segment_);
            tree_broken_ = true;
            return;
        }
        ++summary_.segments;
        if (!reader_.has_head())
        {
            report(Severity::error, Problem::damaged, 0,
                   "segment %" PRIu64 " does not begin with a segment head", segment_);
            tree_broken_ = true;
            reader_.close();
            return;
        }
        check_head(reader_.head());
        if (!has_notes && !folder_.was_removed(segment_))
            report(Severity::warning, Problem::missing_checkpoint, 0,
                   "checkpoints of segment %" PRIu64 " are missing or end in the middle", segment_);
        check_seals();
        for (;;)
        {
            RecordHead record;
            const ReadResult result = reader_.next(record, buffer_);
            if (result == ReadResult::end)
                break;
            if (result == ReadResult::torn)
            {
                report(is_last ? Severity::warning : Severity::error, Problem::damaged, 0,
                       "bytes at offset %" PRIu64 " are no record%s", reader_.offset(),
                       is_last ? ": the log was cut there, or is being written" : "");
                break;
            }
            check_record(record);
            check_seals();
            if (request_.each_record != nullptr)
                request_.each_record(request_.context);
        }
        check_rest_of_notes();
        reader_.close();
    }

    // The head says where the log stood; it must be where we stand.
    void check_head(const SegmentHead &head)
    {
        if (head.number != segment_)
            report(Severity::error, Problem::reordered, head.created,
                   "file of segment %" PRIu64 " holds segment %" PRIu64, segment_, head.number);
        bool same = begun_ && std::memcmp(head.log_id, log_id_, sizeof log_id_) == 0 &&
                    head.first_leaf == tree_.size && head.shards >= shards_;
        for (std::uint32_t shard = 0; same && shard < shards_; ++shard)
            same =
                head.shard_next[shard] == next_[shard] && head.shard_head[shard] == chain_[shard];
        if (begun_ && !same && !tree_broken_)
            report(Severity::error, Problem::cut_tail, head.created,
                   "segment %" PRIu64 " begins after leaf %" PRIu64
                   ", the segments before it end after leaf %" PRIu64,
                   segment_, head.first_leaf, tree_.size);
        if (!begun_)
            std::memcpy(first_next_, head.shard_next, sizeof first_next_);
        if (!begun_ && head.number > 1)
            removed_before_ = head.number;
        if (!same || head.shards > shards_)
            adopt(head);
        begun_ = true;
    }

    void adopt(const SegmentHead &head)
    {
        std::memcpy(log_id_, head.log_id, sizeof log_id_);
        shards_ = head.shards;
        tree_.size = head.first_leaf;
        tree_broken_ = false;
        std::memcpy(tree_.frontier, head.frontier, sizeof head.frontier);
        for (std::uint32_t shard = 0; shard < shards_; ++shard)
        {
            next_[shard] = head.shard_next[shard];
            chain_[shard] = head.shard_head[shard];
        }
        while (next_anchor_ < anchors_.size() &&
               anchors_[next_anchor_].checkpoint.size < head.first_leaf)
            ++next_anchor_;
    }

    // On with the segment that is the first by now. That a record says so, finish() sees to, as if it had been the first
    // from the beginning; of sessions it is not known what the segments between had.
    void begin_at_first()
    {
        begun_ = has_previous_ = false;
        sessions_.release();
        segment_ = folder_.first() - 1;
    }

    void check_record(const RecordHead &record)
    {
        const std::uint16_t shard = record.shard;
        if (record.sequence != next_[shard])
        {
            if (record.sequence > next_[shard])
                report(Severity::error, Problem::missing, record.time,
                       "shard %u: records %" PRIu64 " to %" PRIu64 " are not there", shard,
                       next_[shard], record.sequence - 1);
            else
                report(Severity::error, Problem::reordered, record.time,
                       "shard %u: record %" PRIu64 " comes after record %" PRIu64, shard,
                       record.sequence, next_[shard] - 1);
            tree_broken_ = true;
        }
        const Digest leaf_hash = leaf(record, commitment(record, buffer_));
        const Digest expected = chain_link(chain_[shard], shard, record.sequence, leaf_hash);
        const bool in_sequence = record.sequence == next_[shard];
        if (in_sequence && expected != record.chain)
        {
            report(Severity::error, Problem::altered, record.time,
                   "shard %u: record %" PRIu64 " of session %" PRIx64 ".%" PRIx64
                   " is not what was written",
                   shard, record.sequence, record.session >> 32, record.session & 0xffffffff);
            tree_broken_ = true;
        }
        chain_[shard] = record.chain;
        next_[shard] = record.sequence + 1;
        tree_.append(leaf_hash);
        check_time(record);
        ++summary_.records;
        if (!(record.flags & record_erased))
            return check_events(record);
        short_of_memory_ |= !erasures_.add(shard, record.sequence, false);
        count_numbers(record, record.first_event, record.events, std::nullopt);
    }

    void check_time(const RecordHead &record)
    {
        std::int64_t &last = last_time_[record.shard];
        if (last != 0 && record.time + clock_tolerance < last && !(record.flags & record_recovered))
            report(Severity::warning, Problem::clock_back, record.time,
                   "shard %u: record %" PRIu64 " is %.1f seconds older than the record before it",
                   record.shard, record.sequence, static_cast<double>(last - record.time) / 1e6);
        last = record.time;
        if (summary_.first_time == 0)
            summary_.first_time = record.time;
        summary_.last_time = std::max(summary_.last_time, record.time);
    }

    void check_events(const RecordHead &record)
    {
        Payload payload{{buffer_, record.payload}};
        const std::optional<Origin> origin = read_origin(payload);
        std::uint32_t count = 0;
        while (const auto event = payload.next())
        {
            ++count;
            check_event(record, *event, count == 1 ? origin : std::nullopt);
        }
        summary_.events += count;
        if (!payload.is_valid() || count != record.events)
            report(Severity::error, Problem::damaged, record.time,
                   "shard %u: record %" PRIu64 " holds %u events that can be read, of %u",
                   record.shard, record.sequence, count, record.events);
    }

    void check_event(const RecordHead &record, const EventView &event,
                     const std::optional<Origin> &origin)
    {
        if (event.head.kind == EventKind::loss)
        {
            summary_.lost += event.head.rows;
            const std::string_view message = event.text(Field::message);
            report(Severity::warning, Problem::lost_events, record.time, "%.*s",
                   static_cast<int>(message.size()), message.data());
        }
        if (event.head.kind == EventKind::retention)
            report(Severity::info, Problem::removed, record.time,
                   "segments before %" PRIu64 " were removed by the retention rule",
                   event.head.rows);
        if (event.head.kind == EventKind::retention && event.head.rows >= removed_before_)
            removed_before_ = 0;
        if (event.head.kind == EventKind::start && record.session == 0 &&
            event.text(Field::command) == follow_command)
        {
            ++readings_;
            read_from_ = event.head.rows;
        }
        if (event.head.kind == EventKind::erasure)
            short_of_memory_ |= !erasures_.add_message(event.text(Field::message));
        if (event.head.outcome == Outcome::crashed)
            report(Severity::info, Problem::crashed, record.time,
                   "statement %u of session %" PRIx64 ".%" PRIx64 " had not ended when its process "
                   "died",
                   event.head.statement, record.session >> 32, record.session & 0xffffffff);
        count_numbers(record, event.head.number, 1, origin);
    }

    // Events of a session, by their numbers.
    void count_numbers(const RecordHead &record, std::uint64_t first, std::uint32_t count,
                       const std::optional<Origin> &origin)
    {
        if (first == 0 || record.session == 0)
            return;
        SessionTable::Entry *session = sessions_.find(record.session);
        if (session == nullptr)
        {
            short_of_memory_ = true;
            return;
        }
        // The first event seen of a session need not be its first: earlier segments may be gone.
        if (first > session->next && (session->next > 1 || reader_.head().number == 1))
            report_gap(record, *session, first, origin);
        session->next = first + count;
        session->reading = readings_;
    }

    // A session of another server is whole in that server's log alone. Here are its events that WAL has, from where this
    // log's server began to read it: what is missing by either is no loss, of this log.
    void report_gap(const RecordHead &record, const SessionTable::Entry &session,
                    std::uint64_t first, const std::optional<Origin> &origin)
    {
        const std::uint64_t id = record.session >> 32;
        const std::uint64_t process = record.session & 0xffffffff;
        const bool is_other = origin && std::memcmp(origin->log_id, log_id_, sizeof log_id_) != 0;
        const bool not_in_wal = is_other && origin->next == session.next;
        const bool not_read = is_other && origin->next > session.next && origin->next <= first &&
                              origin->before != 0 && origin->before <= read_from_ &&
                              (session.next == 1 || session.reading != readings_);
        if (!not_in_wal && !not_read)
            return report(Severity::warning, Problem::event_gap, record.time,
                          "session %" PRIx64 ".%" PRIx64 ": events %" PRIu64 " to %" PRIu64
                          " were lost",
                          id, process, session.next, first - 1);
        char log[2 * sizeof origin->log_id + 1];
        to_hex(origin->log_id, sizeof origin->log_id, log);
        report(Severity::info, Problem::event_gap, record.time,
               "session %" PRIx64 ".%" PRIx64 ": events %" PRIu64 " to %" PRIu64
               " are for log %s to have: %s",
               id, process, session.next, first - 1, log,
               not_in_wal ? "its server wrote no WAL of them"
                          : "WAL had them before this log's server began to read it");
    }

    // All checkpoints and anchors that speak of the tree as it is now.
    void check_seals()
    {
        while (next_note_ < notes_.size() && notes_[next_note_].checkpoint.size <= tree_.size)
            check_note(notes_[next_note_++]);
        while (next_anchor_ < anchors_.size() &&
               anchors_[next_anchor_].checkpoint.size <= tree_.size)
            check_root(anchors_[next_anchor_++]);
    }

    void check_note(const Seal &seal)
    {
        ++summary_.checkpoints;
        check_root(seal);
        const Checkpoint &checkpoint = seal.checkpoint;
        if (has_previous_ && checkpoint.previous != previous_)
            report(Severity::error, Problem::missing_checkpoint, checkpoint.time,
                   "the checkpoint of %" PRIu64 " leaves does not follow the one before it",
                   checkpoint.size);
        if (checkpoint.time < last_note_time_)
            report(Severity::warning, Problem::clock_back, checkpoint.time,
                   "the checkpoint of %" PRIu64
                   " leaves is %.1f seconds older than the one before it",
                   checkpoint.size, static_cast<double>(last_note_time_ - checkpoint.time) / 1e6);
        last_note_time_ = checkpoint.time;
        previous_ = seal.digest;
        has_previous_ = true;
        last_size_ = checkpoint.size;
    }

    void check_root(const Seal &seal)
    {
        const Checkpoint &checkpoint = seal.checkpoint;
        const char *what = seal.is_anchor ? "anchor" : "checkpoint";
        summary_.anchors += seal.is_anchor;
        if (!seal.is_signed)
            report(request_.key != nullptr ? Severity::error : Severity::info,
                   Problem::unsigned_checkpoint, checkpoint.time,
                   "the %s of %" PRIu64 " leaves has no signature", what, checkpoint.size);
        else if (!seal.is_valid)
            report(Severity::error, Problem::bad_signature, checkpoint.time,
                   "the signature of the %s of %" PRIu64 " leaves is not by this key", what,
                   checkpoint.size);
        if (std::memcmp(checkpoint.log_id, log_id_, sizeof log_id_) != 0)
        {
            if (!seal.is_anchor)
                report(Severity::error, Problem::fork, checkpoint.time,
                       "the checkpoint of %" PRIu64 " leaves is of another log", checkpoint.size);
            return;
        }
        if (tree_broken_ || checkpoint.size != tree_.size || checkpoint.root == tree_.root())
            return;
        const bool both_signed =
            seal.is_anchor && seal.is_signed && seal.is_valid && last_size_ == checkpoint.size;
        report(Severity::error, both_signed ? Problem::fork : Problem::rewritten, checkpoint.time,
               both_signed ? "the %s of %" PRIu64 " leaves has another root than this log's own "
                             "checkpoint of that size (checkpoint before: %" PRIu64 " leaves)"
                           : "the %s of %" PRIu64
                             " leaves has another root: what was sealed after the checkpoint "
                             "of %" PRIu64 " leaves was rewritten",
               what, checkpoint.size, last_size_);
        tree_broken_ = !seal.is_anchor;
    }

    // Checkpoints of this segment that speak of more leaves than it gave.
    void check_rest_of_notes()
    {
        std::uint64_t most = 0;
        for (; next_note_ < notes_.size(); ++next_note_)
            most = std::max(most, notes_[next_note_].checkpoint.size);
        if (most > tree_.size)
        {
            report(Severity::error, Problem::cut_tail, 0,
                   "%" PRIu64 " leaves were sealed, %" PRIu64 " are there: %" PRIu64 " are cut off",
                   most, tree_.size, most - tree_.size);
            tree_broken_ = true;
        }
    }

    void check_erasures()
    {
        erasures_.each([this](std::uint32_t shard, std::uint64_t sequence, bool is_erased,
                              bool is_said) {
            if (is_erased && is_said)
                report(Severity::info, Problem::erased, 0,
                       "shard %u: record %" PRIu64 " was erased, as the log says", shard, sequence);
            else if (is_erased)
                report(Severity::error, Problem::erased, 0,
                       "shard %u: record %" PRIu64 " was erased, and the log does not say so",
                       shard, sequence);
            else if (shard < max_shards && sequence >= first_next_[shard])
                report(Severity::warning, Problem::erased, 0,
                       "shard %u: record %" PRIu64 " was to be erased and is still there", shard,
                       sequence);
        });
    }

    void finish()
    {
        check_erasures();
        if (short_of_memory_)
            report(Severity::error, Problem::unreadable, 0,
                   "out of memory: not all sessions and erasures were followed");
        std::uint64_t most = 0;
        for (std::size_t i = next_anchor_; i < anchors_.size(); ++i)
            if (std::memcmp(anchors_[i].checkpoint.log_id, log_id_, sizeof log_id_) == 0 &&
                anchors_[i].checkpoint.size > most)
                most = anchors_[i].checkpoint.size;
        if (most > tree_.size)
            report(Severity::error, Problem::cut_tail, 0,
                   "an anchor has %" PRIu64 " leaves, %" PRIu64 " are there: %" PRIu64
                   " are cut off",
                   most, tree_.size, most - tree_.size);
        if (last_size_ < tree_.size)
            report(Severity::info, Problem::not_sealed, summary_.last_time,
                   "%" PRIu64 " leaves after the last checkpoint are not sealed",
                   tree_.size - last_size_);
        if (removed_before_ != 0)
            report(Severity::error, Problem::lost_segment, 0,
                   "segments before %" PRIu64 " are not there, and no record says that they were "
                   "removed",
                   removed_before_);
    }

    VerifyRequest request_{};
    VerifySummary summary_{};
    LogFolder folder_;
    SegmentReader reader_;
    SealList notes_;
    SealList anchors_;
    SessionTable sessions_;
    ErasureList erasures_;
    std::uint64_t first_next_[max_shards]{};  // where the first segment begins
    MerkleTree tree_;
    std::uint8_t log_id_[16]{};
    std::uint32_t shards_ = 0;
    std::uint64_t next_[max_shards]{};
    Digest chain_[max_shards]{};
    std::int64_t last_time_[max_shards]{};
    std::int64_t last_note_time_ = 0;
    std::uint64_t readings_ = 0;  // of WAL, by this log's server; the last begins at read_from_
    std::uint64_t read_from_ = 0;
    Digest previous_{};
    std::uint64_t segment_ = 0;
    std::uint64_t last_size_ = 0;
    std::uint64_t removed_before_ = 0;
    std::size_t next_note_ = 0;
    std::size_t next_anchor_ = 0;
    bool tree_broken_ = false;  // roots cannot be judged until the next segment
    bool begun_ = false;
    bool short_of_memory_ = false;
    bool has_previous_ = false;
    std::uint8_t buffer_[max_record_bytes]{};
};

constinit Verifier verifier;

}  // namespace

VerifySummary verify_log(const VerifyRequest &request)
{
    verifier.release();
    verifier.begin(request);
    return verifier.run();
}

void verify_abandon() { verifier.release(); }

}  // namespace quiver::audit
