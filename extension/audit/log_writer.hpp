// The log being written: segments, chains, tree, checkpoints. One process, the worker, has it.
//
// Records are chained when they are appended and kept in a buffer until write() has them in the file; a
// write that fails leaves file and buffer as they were, and is tried again. Only sync() makes them durable.
#pragma once

#include "audit/area.hpp"
#include "audit/merkle.hpp"
#include "audit/note.hpp"
#include "audit/verify_sessions.hpp"

#include <sys/stat.h>

namespace quiver::audit {

class LogWriter
{
public:
    // Finds the end of the log, or begins one. Raises an error if the directory cannot be used.
    void open();
    bool is_open() const { return file_ >= 0; }

    bool has_room(std::size_t bytes) const { return used_ + bytes <= buffer_bytes; }
    // `record.chain` is the leaf. There is room.
    void append(RecordHead record, const std::uint8_t *payload, std::uint8_t flags);
    bool write();
    bool sync();
    // A signed note of all that was synced; no note if nothing is new and `force` is not set.
    bool checkpoint(bool force, bool anchor);
    // A new segment if this one is full, after everything is synced.
    bool rotate_if_full();

    // Whether a segment that was read at the start, or what was taken up since, has this event of this session or a
    // later one.
    bool knows(std::uint64_t session, std::uint64_t first_event);
    // Reads the segments that were open at that time or later, for knows().
    void learn(std::int64_t since);
    void forget_known()
    {
        known_.release();
        remembers_ = false;
    }
    // The directory that a copied log was moved to, or empty.
    const char *moved() const { return moved_; }

    std::uint64_t leaves() const { return tree_.size; }
    std::uint64_t segment() const { return segment_; }
    std::uint64_t torn_bytes() const { return torn_; }
    bool has_unsynced() const { return unsynced_; }
    bool has_unsealed() const { return sealed_ < tree_.size; }
    const SigningKey &key() const { return key_; }

private:
    static constexpr std::size_t buffer_bytes = 2 * 1024 * 1024;

    void load_key();
    void begin_log();
    bool begin_segment(std::uint64_t number);
    void resume(std::uint64_t number);
    void read_last_note();
    bool write_note_file(const Note &note);
    void write_anchor(const Note &note);
    void fill_checkpoint(Checkpoint &checkpoint) const;

    int file_ = -1;
    std::uint64_t segment_ = 0;
    std::uint64_t offset_ = 0;  // of the file's good end
    std::uint8_t log_id_[16]{};
    std::uint32_t shards_ = 0;
    std::uint64_t next_[max_shards]{};
    Digest chain_[max_shards]{};
    MerkleTree tree_{};
    std::uint8_t *buffer_ = nullptr;
    std::size_t used_ = 0;
    bool unsynced_ = false;
    std::uint64_t sealed_ = 0;
    bool has_note_ = false;  // this segment's file has one
    Digest previous_{};
    std::uint64_t torn_ = 0;
    std::int64_t last_anchor_ = 0;
    SigningKey key_{};
    SessionTable known_{};
    bool remembers_ = true;
    char moved_[1024]{};
};

extern LogWriter log_writer;

// Has what was made or renamed in a directory outlive a crash of the machine.
void sync_directory(const char *directory);

// log_identity.cpp: whether the directory's log is this server's own.
void write_identity();
bool is_copied_log();
bool move_copied_log(char (&moved)[1024]);

// Compresses closed segments as the settings say. Returns the first to keep if some are to go, else 0; they
// are removed once the log says so and that is sealed.
std::uint64_t tend_segments(std::uint64_t current);
void remove_segments_before(std::uint64_t first_kept);
// The file that was made of a segment, once it is on disk, takes the name `to`, mode and time of `from`.
bool replace_segment_file(const char *made, const char *from, const char *to);
void keep_file_time(const char *path, const struct stat &entry);

}  // namespace quiver::audit
