// One WAL record over up to four pages, and guards of pins and locks.
//
// A guard that an error skips leaves nothing behind: pins and locks belong to the resource owner, the
// memory of a WAL record to its context.
#pragma once

#include "pg/index.hpp"

namespace quiver::pg {

// A pinned buffer.
class Pin
{
public:
    Pin() = default;
    explicit Pin(Buffer buffer) : buffer_(buffer) {}
    Pin(const Pin &) = delete;
    Pin &operator=(const Pin &) = delete;
    ~Pin() { release(); }

    void reset(Buffer buffer)
    {
        release();
        buffer_ = buffer;
    }
    void release()
    {
        if (buffer_ == InvalidBuffer)
            return;
        if (locked_)
            UnlockReleaseBuffer(buffer_);
        else
            ReleaseBuffer(buffer_);
        buffer_ = InvalidBuffer;
        locked_ = false;
    }
    void lock(int mode)
    {
        LockBuffer(buffer_, mode);
        locked_ = true;
    }
    void unlock()
    {
        LockBuffer(buffer_, BUFFER_LOCK_UNLOCK);
        locked_ = false;
    }
    // The buffer was locked by whoever pinned it.
    void adopt_lock() { locked_ = true; }

    Buffer buffer() const { return buffer_; }
    Page page() const { return BufferGetPage(buffer_); }

private:
    Buffer buffer_ = InvalidBuffer;
    bool locked_ = false;
};

// A change of up to four pages, all or nothing. The pages' buffers are locked exclusively before they are
// added and until after commit(). Not logged while an index is built: then the changes go straight to
// the buffers.
class PageChange
{
public:
    PageChange(Relation relation, bool logged)
        : state_(logged ? GenericXLogStart(relation) : nullptr)
    {
    }
    PageChange(const PageChange &) = delete;
    PageChange &operator=(const PageChange &) = delete;
    // Uncommitted: nothing has changed (where logged).
    ~PageChange()
    {
        if (state_ != nullptr)
            GenericXLogAbort(state_);
    }

    // The page to write to.
    Page add(Buffer buffer, bool whole = false)
    {
        if (state_ != nullptr)
            return GenericXLogRegisterBuffer(state_, buffer, whole ? GENERIC_XLOG_FULL_IMAGE : 0);
        Assert(count_ < MAX_GENERIC_XLOG_PAGES);
        buffers_[count_++] = buffer;
        return BufferGetPage(buffer);
    }
    void commit()
    {
        if (state_ != nullptr)
            GenericXLogFinish(state_);
        for (int i = 0; i < count_; ++i)
            MarkBufferDirty(buffers_[i]);
        state_ = nullptr;
        count_ = 0;
    }

private:
    GenericXLogState *state_;
    Buffer buffers_[MAX_GENERIC_XLOG_PAGES] = {};
    int count_ = 0;
};

// A section in which an error would be a panic: between changing a page and logging it. The server's macros
// increment a volatile, which clang refuses.
class CriticalSection
{
public:
    CriticalSection() { CritSectionCount = CritSectionCount + 1; }
    CriticalSection(const CriticalSection &) = delete;
    CriticalSection &operator=(const CriticalSection &) = delete;
    ~CriticalSection() { CritSectionCount = CritSectionCount - 1; }
};

// Log adjacent new pages that are zeros but for their headers: compressed, whatever the setting, so that zeros which
// belong to what is written (below pd_lower) cost next to nothing.
inline void log_blank_pages(Relation relation, BlockNumber from, BlockNumber to)
{
    const int level = NewGUCNestLevel();
    if (wal_compression == WAL_COMPRESSION_NONE)
        (void) set_config_option("wal_compression", "pglz", PGC_SUSET, PGC_S_SESSION,
                                 GUC_ACTION_SAVE, true, 0, false);
    log_newpage_range(relation, MAIN_FORKNUM, from, to, true);
    AtEOXact_GUC(true, level);
}

// A heavyweight lock of a page of an index.
class PageLock
{
public:
    PageLock(Relation relation, BlockNumber block, LOCKMODE mode)
        : relation_(relation),
          block_(block),
          mode_(mode)
    {
        LockPage(relation_, block_, mode_);
    }
    PageLock(const PageLock &) = delete;
    PageLock &operator=(const PageLock &) = delete;
    ~PageLock() { UnlockPage(relation_, block_, mode_); }

    // Given up and taken again: others may come between.
    void exchange(LOCKMODE mode)
    {
        UnlockPage(relation_, block_, mode_);
        mode_ = mode;
        LockPage(relation_, block_, mode_);
    }

private:
    Relation relation_;
    BlockNumber block_;
    LOCKMODE mode_;
};

}  // namespace quiver::pg
