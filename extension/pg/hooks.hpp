// The door to PostgreSQL's headers for code that hooks into statements, transactions, logins and the log,
// runs in a background worker, or shares memory; and what differs there between server versions.
#pragma once

#include "pg/planner.hpp"

// A Port's layout is the same without Kerberos, whose headers need not be installed.
#undef ENABLE_GSS

extern "C" {
#include "access/parallel.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "access/xloginsert.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_am.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_conversion.h"
#include "catalog/pg_database.h"
#include "catalog/pg_default_acl.h"
#include "catalog/pg_event_trigger.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_language.h"
#include "catalog/pg_largeobject.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_publication_namespace.h"
#include "catalog/pg_publication_rel.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_subscription.h"
#include "catalog/pg_tablespace.h"
#include "catalog/pg_transform.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_ts_config.h"
#include "catalog/pg_ts_dict.h"
#include "catalog/pg_ts_parser.h"
#include "catalog/pg_ts_template.h"
#include "catalog/pg_user_mapping.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "commands/seclabel.h"
#include "common/ip.h"
#include "common/keywords.h"
#include "funcapi.h"
#include "libpq/auth.h"
#include "libpq/libpq-be.h"
#include "nodes/params.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "postmaster/postmaster.h"
#include "replication/message.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/pmsignal.h"
#include "storage/proc.h"
#include "storage/procsignal.h"
#include "storage/shmem.h"
#include "storage/spin.h"
#include "tcop/cmdtag.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/backend_status.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/queryenvironment.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"
#include "utils/varlena.h"
}

#undef foreach_ptr

namespace quiver::pg {

// This process's place among those that may run statements: 0 to MaxBackends - 1.
inline int proc_number()
{
#if QUIVER_PROC_NUMBERS
    return MyProcNumber;
#else
    return MyProc->pgprocno;
#endif
}

inline void wake_proc(int number) { SetLatch(&ProcGlobal->allProcs[number].procLatch); }

// Memory that a check hook hands to its assign hook; the server frees it. nullptr if there is none.
inline void *guc_extra(std::size_t size)
{
#if QUIVER_GUC_CONTEXT
    return guc_malloc(LOG, size);
#else
    return malloc(size);
#endif
}

// A relation whose privileges a plan checks: each once for its verbs and columns, through views, CTEs
// and subqueries, the parent for its partitions.
struct AccessedRelation
{
    Oid relation;
    AclMode required;
    Oid check_as;  // invalid: the current user
    const Bitmapset *selected;
    const Bitmapset *inserted;
    const Bitmapset *updated;
};

template <class F> inline void each_accessed_relation(const PlannedStmt *plan, F &&f)
{
    ListCell *cell;
#if QUIVER_PERMISSION_INFOS
    foreach (cell, plan->permInfos)
    {
        const auto *info = lfirst_node(RTEPermissionInfo, cell);
        if (info->requiredPerms != 0)
            f(AccessedRelation{info->relid, info->requiredPerms, info->checkAsUser,
                               info->selectedCols, info->insertedCols, info->updatedCols});
    }
#else
    foreach (cell, plan->rtable)
    {
        const auto *entry = lfirst_node(RangeTblEntry, cell);
        if (entry->rtekind == RTE_RELATION && entry->requiredPerms != 0)
            f(AccessedRelation{entry->relid, entry->requiredPerms, entry->checkAsUser,
                               entry->selectedCols, entry->insertedCols, entry->updatedCols});
    }
#endif
}

// Whether the server can name objects of this catalog; it raises an error for others.
inline bool is_described_catalog(Oid class_id)
{
    constexpr Oid described[] = {RelationRelationId,       ProcedureRelationId,
                                 TypeRelationId,           NamespaceRelationId,
                                 AuthIdRelationId,         DatabaseRelationId,
                                 ConstraintRelationId,     TriggerRelationId,
                                 AttrDefaultRelationId,    RewriteRelationId,
                                 PolicyRelationId,         ExtensionRelationId,
                                 CastRelationId,           CollationRelationId,
                                 ConversionRelationId,     LanguageRelationId,
                                 LargeObjectRelationId,    OperatorRelationId,
                                 OperatorClassRelationId,  OperatorFamilyRelationId,
                                 AccessMethodRelationId,   StatisticExtRelationId,
                                 TSParserRelationId,       TSDictionaryRelationId,
                                 TSTemplateRelationId,     TSConfigRelationId,
                                 TableSpaceRelationId,     ForeignDataWrapperRelationId,
                                 ForeignServerRelationId,  UserMappingRelationId,
                                 DefaultAclRelationId,     EventTriggerRelationId,
                                 PublicationRelationId,    PublicationNamespaceRelationId,
                                 PublicationRelRelationId, SubscriptionRelationId,
                                 TransformRelationId};
    for (const Oid known : described)
        if (known == class_id)
            return true;
    return false;
}

// Runs f, which only reads catalogs and writes this process's memory, and lets no error of it out but
// those that end the statement on purpose. False if there was one. f is a lambda of plain captures, so
// that nothing has to be destroyed on the way.
template <class F> inline bool quietly(F &&f)
{
    MemoryContext caller = CurrentMemoryContext;
    volatile bool good = true;
    PG_TRY();
    {
        f();
    }
    PG_CATCH();
    {
        const int sqlstate = geterrcode();
        if (ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_OPERATOR_INTERVENTION)
            PG_RE_THROW();
        MemoryContextSwitchTo(caller);
        FlushErrorState();
        good = false;
    }
    PG_END_TRY();
    return good;
}

}  // namespace quiver::pg
