// One look-up of a row by primary key, and the pages that it goes through.
#pragma once

#include "features/online.hpp"

namespace quiver::features {

constexpr int most_matches = 8;

struct Lookup
{
    OnlineTable *online;
    Relation table;  // nullptr: to be read by statement
    Relation index;
    BTScanInsertData *key;
    bool is_open;  // in the middle of a tree: `block` comes next
    bool needs_scan;
    BlockNumber block;
    // For a single key that is an integer: it, and between which keys the next page's lie
    bool is_bounded;
    std::int64_t asked;
    std::int64_t low;
    std::int64_t high;
    int match_count;
    ItemPointerData matches[most_matches];
    Buffer buffer;  // of the row that was found
    OnlineRow row;
};

// Pin a block, in the buffer where it was the last time if it still is.
Buffer pin(OnlineService *service, Relation relation, BlockNumber block);

// The root of the lookup's tree, locked for reading; InvalidBuffer if the tree is empty.
Buffer lock_root(OnlineService *service, const Lookup &lookup);

// One level of a tree, whose page is locked: down to a child, or the matches of a leaf.
void descend(OnlineReader *reader, Lookup *lookup, Buffer buffer);

}  // namespace quiver::features
