// Transactions that changed rows: numbered at their first change, written down as they commit if any change stands.
#include "history/transaction.hpp"

#include "history/history.hpp"
#include "history/store.hpp"

#include <cstdio>

namespace quiver::history {
namespace {

struct Current
{
    bool is_open;
    // The first subtransaction with changes that stand; invalid if all were rolled back to savepoints. Numbers grow, so
    // a subtransaction that fails takes all from its own on with it.
    SubTransactionId first_kept;
    std::int64_t id;
    std::int32_t statement;
    Oid transactions;
    Oid sequence;
    Oid role;
    TimestampTz began;
};

constinit Current current{};
constinit char *context_setting = nullptr;

enum Field
{
    f_id,
    f_number,
    f_committed_at,
    f_began_at,
    f_xid,
    f_session,
    f_session_user,
    f_role,
    f_application,
    f_client,
    f_context,
    fields,
};

void set_text(Datum *values, bool *nulls, Field field, const char *text)
{
    nulls[field] = text == nullptr || text[0] == '\0';
    if (!nulls[field])
        values[field] = CStringGetTextDatum(text);
}

const char *context()
{
    if (context_setting != nullptr && context_setting[0] != '\0')
        return context_setting;
    return GetConfigOption("quiver.audit_context", true, false);
}

const char *client()
{
    if (MyProcPort == nullptr)
        return nullptr;
    return MyProcPort->remote_host != nullptr ? MyProcPort->remote_host : "";
}

// Deferred triggers have run; what fails here still undoes the transaction.
void write_row()
{
    if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(current.transactions)))
        return;  // the extension was dropped by this transaction
    PushActiveSnapshot(GetTransactionSnapshot());
    Store store{current.transactions};
    Datum values[fields]{};
    bool nulls[fields]{};
    values[f_id] = Int64GetDatum(current.id);
    values[f_number] = Int64GetDatum(nextval_internal(current.sequence, false));
    values[f_committed_at] = TimestampTzGetDatum(GetCurrentTimestamp());
    values[f_began_at] = TimestampTzGetDatum(current.began);
    values[f_xid] = Int64GetDatum(
        static_cast<std::int64_t>(U64FromFullTransactionId(GetTopFullTransactionId())));
    char session[64];
    std::snprintf(session, sizeof session, "%llx.%x", static_cast<unsigned long long>(MyStartTime),
                  static_cast<unsigned>(MyProcPid));
    set_text(values, nulls, f_session, session);
    set_text(values, nulls, f_session_user, GetUserNameFromId(GetSessionUserId(), true));
    set_text(values, nulls, f_role, GetUserNameFromId(current.role, true));
    set_text(values, nulls, f_application, application_name);
    set_text(values, nulls, f_client, client());
    set_text(values, nulls, f_context, context());
    if (store.columns() != fields)
        elog(ERROR, "the table of the history's transactions has %d columns", store.columns());
    store.add(values, nulls);
    store.close();
    PopActiveSnapshot();
}

void at_end(XactEvent event, void *)
{
    if (!current.is_open)
        return;
    switch (event)
    {
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE:
        if (current.first_kept != InvalidSubTransactionId)
            write_row();
        break;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
        current = {};
        break;
    default:
        break;
    }
}

void at_subtransaction_end(SubXactEvent event, SubTransactionId mine, SubTransactionId, void *)
{
    if (event == SUBXACT_EVENT_ABORT_SUB && current.first_kept >= mine)
        current.first_kept = InvalidSubTransactionId;
}

void watch()
{
    static constinit bool is_watching = false;
    if (is_watching)
        return;
    RegisterXactCallback(at_end, nullptr);
    RegisterSubXactCallback(at_subtransaction_end, nullptr);
    is_watching = true;
}

}  // namespace

Place next_statement(const Plan *plan)
{
    const SubTransactionId here = GetCurrentSubTransactionId();
    if (!current.is_open)
    {
        watch();
        const std::int64_t id = nextval_internal(plan->sequence, false);
        current = {true,
                   here,
                   id,
                   0,
                   plan->transactions,
                   plan->sequence,
                   GetOuterUserId(),
                   GetCurrentTransactionStartTimestamp()};
    }
    if (current.first_kept == InvalidSubTransactionId || here < current.first_kept)
        current.first_kept = here;
    return {current.id, current.statement++};
}

void install()
{
    DefineCustomStringVariable(
        "quiver.history_context", "What the application wants kept with its row changes.",
        "Kept with each transaction that changes rows of tables with history, as it is at commit.",
        &context_setting, "", PGC_USERSET, 0, nullptr, nullptr, nullptr);
}

}  // namespace quiver::history
