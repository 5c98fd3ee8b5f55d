// What is kept of a table: which column has which number, what is the key, where the changes go.
//
// A plan is kept for the session and found anew when the server says that the table has changed.
#pragma once

#include "pg/trigger.hpp"

namespace quiver::history {

enum class Keep : char
{
    key = 'k',
    value = 'v',
    hash = 'h',
    nothing = 'x',
};

struct Column
{
    std::int16_t attribute;
    std::int32_t id;
    Keep keep;
    std::int16_t size;
    bool by_value;
    bool is_text;  // its bytes are its text
    Oid type;
    std::int32_t modifier;
    FmgrInfo output;
};

struct Plan
{
    Oid relation;  // the table's own or a partition's
    bool is_good;
    Oid store;
    Oid transactions;
    Oid sequence;
    std::int32_t days;  // of a partition of the store
    int count;
    Column *columns;
    int key_count;
    int *key;  // places in columns, in the key's order
    bytea *salt;
};

// The plan of a table that has history, or of a partition of one; an error if there is none. Good until
// the next call of find_plan.
Plan *find_plan(Oid relation);

// The owner of quiver's tables: whose rights the bookkeeping is done with.
Oid keeper();

}  // namespace quiver::history
