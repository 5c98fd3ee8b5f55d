// Reading catalogs that no cache of the server holds: a relation's labels, its columns' too, and its indexes.
#pragma once

#include "pg/hooks.hpp"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_auth_members.h"
#include "catalog/pg_index.h"
#include "catalog/pg_seclabel.h"
#include "utils/fmgroids.h"
}

#include <cstring>

namespace quiver::pg {

// Calls f(column, label) for each label of a provider; column 0 is the relation.
template <class F> inline void each_label(Oid relation, const char *provider, F &&f)
{
    Relation catalog = table_open(SecLabelRelationId, AccessShareLock);
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], Anum_pg_seclabel_objoid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(relation));
    ScanKeyInit(&keys[1], Anum_pg_seclabel_classoid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(RelationRelationId));
    SysScanDesc scan = systable_beginscan(catalog, SecLabelObjectIndexId, true, nullptr, 2, keys);
    while (HeapTuple tuple = systable_getnext(scan))
    {
        bool is_null;
        const Datum owner =
            heap_getattr(tuple, Anum_pg_seclabel_provider, RelationGetDescr(catalog), &is_null);
        if (is_null)
            continue;
        char *name = TextDatumGetCString(owner);
        const Datum label =
            heap_getattr(tuple, Anum_pg_seclabel_label, RelationGetDescr(catalog), &is_null);
        if (std::strcmp(name, provider) == 0 && !is_null)
        {
            char *words = TextDatumGetCString(label);
            f(static_cast<int>(
                  reinterpret_cast<FormData_pg_seclabel *>(GETSTRUCT(tuple))->objsubid),
              words);
            pfree(words);
        }
        pfree(name);
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
}

// Calls f(index) for each index of a table, whatever state it is in. Takes no lock on the table.
template <class F> inline void each_index(Oid table, F &&f)
{
    Relation catalog = table_open(IndexRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_index_indrelid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(table));
    SysScanDesc scan = systable_beginscan(catalog, IndexIndrelidIndexId, true, nullptr, 1, &key);
    while (HeapTuple tuple = systable_getnext(scan))
        f(reinterpret_cast<FormData_pg_index *>(GETSTRUCT(tuple))->indexrelid);
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
}

}  // namespace quiver::pg
