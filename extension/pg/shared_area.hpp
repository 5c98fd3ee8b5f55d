// A small area of the server's shared memory, found by name: for a library that need not be preloaded.
//
// The server leaves some 100 kB beyond what was asked for when it started. An area is zero when it is new, and new
// after a crash.
#pragma once

#include "pg/index.hpp"

extern "C" {
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
}

#include <cstddef>

namespace quiver::pg {

// The area of that name, or null if there is no room; then not even this session's later calls find any.
void *shared_area(const char *name, std::size_t size);

// A lock held for a block. An error releases it too.
class LightLock
{
public:
    LightLock(LWLock *lock, LWLockMode mode) : lock_(lock) { LWLockAcquire(lock_, mode); }
    LightLock(const LightLock &) = delete;
    LightLock &operator=(const LightLock &) = delete;
    ~LightLock() { LWLockRelease(lock_); }

private:
    LWLock *lock_;
};

// Which file of the server a relation's blocks are in.
struct FileNode
{
    Oid space, database;
    Oid file;

    bool operator==(const FileNode &) const = default;
};

inline FileNode file_node(Relation relation)
{
#if QUIVER_RELATION_HAS_LOCATOR
    const RelFileLocator &at = relation->rd_locator;
    return {at.spcOid, at.dbOid, at.relNumber};
#else
    const RelFileNode &at = relation->rd_node;
    return {at.spcNode, at.dbNode, at.relNode};
#endif
}

}  // namespace quiver::pg
