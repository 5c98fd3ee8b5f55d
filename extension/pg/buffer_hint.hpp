// Pages that were in a buffer the last time: pinned without the shared table of buffers, and asked for before
// they are needed.
#pragma once

#include "pg/compat.hpp"

extern "C" {
#include "storage/buf_internals.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
}

namespace quiver::pg {

// A pin on a block if the buffer that held it last time still does; the cheap way to a hot page.
inline bool read_recent_buffer(Relation relation, BlockNumber block, Buffer hint)
{
#if QUIVER_RELATION_HAS_LOCATOR
    return ReadRecentBuffer(relation->rd_locator, MAIN_FORKNUM, block, hint);
#else
    return ReadRecentBuffer(relation->rd_node, MAIN_FORKNUM, block, hint);
#endif
}

// Bring the lines of a shared buffer that a pin writes and a reader looks at: its descriptor, and those of some bytes of
// the page. Whatever the buffer holds by now, no harm is done.
template <typename... Places> void prefetch_buffer(Buffer buffer, Places... places)
{
    const char *page = static_cast<const char *>(BufferGetBlock(buffer));
    __builtin_prefetch(GetBufferDescriptor(buffer - 1), 1);
    __builtin_prefetch(page);
    (__builtin_prefetch(page + places), ...);
}

}  // namespace quiver::pg
