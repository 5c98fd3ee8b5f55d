// The door to PostgreSQL's headers for triggers that write rows: transition tables, table and index inserts,
// sequences, transactions; and values as text that does not depend on the session.
#pragma once

#include "pg/hooks.hpp"

extern "C" {
#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "catalog/partition.h"
#include "commands/sequence.h"
#include "commands/trigger.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "pgtime.h"
#include "utils/bytea.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/datum.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"
}

#undef foreach_ptr

namespace quiver::pg {

// Runs f while the output and input functions of all types write and read one form: ISO dates in UTC,
// PostgreSQL's intervals, exact floats, hex bytes. The variables are set as they are, since changing the
// settings would cost more than the rows that are written; an error gives them back too.
template <class F> inline void with_portable_text(F &&f)
{
    const int dates = DateStyle;
    const int intervals = IntervalStyle;
    const int digits = extra_float_digits;
    const int bytes = bytea_output;
    pg_tz *zone = session_timezone;
    PG_TRY();
    {
        DateStyle = USE_ISO_DATES;
        IntervalStyle = INTSTYLE_POSTGRES;
        extra_float_digits = 1;
        bytea_output = BYTEA_OUTPUT_HEX;
        session_timezone = pg_tzset("GMT");
        f();
    }
    PG_FINALLY();
    {
        DateStyle = dates;
        IntervalStyle = intervals;
        extra_float_digits = digits;
        bytea_output = bytes;
        session_timezone = zone;
    }
    PG_END_TRY();
}

inline bool owns_relation(Oid relation, Oid role)
{
#if QUIVER_OBJECT_OWNERCHECK
    return object_ownercheck(RelationRelationId, relation, role);
#else
    return pg_class_ownercheck(relation, role);
#endif
}

// When a statement's inserts into an index are over.
inline void end_index_inserts([[maybe_unused]] Relation index, [[maybe_unused]] IndexInfo *info)
{
#if QUIVER_INDEX_OF_17
    index_insert_cleanup(index, info);
#endif
}

}  // namespace quiver::pg
