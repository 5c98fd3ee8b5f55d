// The executor's hooks: when a planned statement begins, and how it ends.
#include "audit/statement.hpp"

#include "audit/caught.hpp"
#include "audit/plan_event.hpp"
#include "audit/relations.hpp"

namespace quiver::audit {
namespace {

constinit ExecutorStart_hook_type next_start = nullptr;
constinit ExecutorRun_hook_type next_run = nullptr;
constinit ExecutorFinish_hook_type next_finish = nullptr;
constinit ExecutorEnd_hook_type next_end = nullptr;

// Foreign keys check by queries of their own; what they change is recorded, what they read is not.
bool is_key_check(const QueryDesc *query)
{
    return InNoForceRLSOperation() && query->operation == CMD_SELECT;
}

void describe_failed(const QueryDesc *query)
{
    describe_caught(query->sourceText, query->plannedstmt->stmt_location,
                    query->plannedstmt->stmt_len);
}

// A statement that is not audited but was denied is a failure all the same.
void record_denied(const QueryDesc *query, int position, int sqlstate)
{
    if (sqlstate != ERRCODE_INSUFFICIENT_PRIVILEGE || !wants(EventClass::failed) ||
        statement_at(position)->is_recorded || !build_plan_event(query, position, true))
        return;
    record_statement(position);
}

void start(QueryDesc *query, int flags)
{
    const auto go_on = [query, flags] {
        if (next_start != nullptr)
            next_start(query, flags);
        else
            standard_ExecutorStart(query, flags);
    };
    if ((flags & EXEC_FLAG_EXPLAIN_ONLY) != 0 || !audit_is_active() || is_excluded_user() ||
        is_key_check(query))
        return go_on();
    admit_statement();
    const int position = open_statement(query);
    if (position < 0)
        return go_on();
    bool wanted = false;
    if (pg::quietly([&] { wanted = build_plan_event(query, position, false); }) && wanted)
        record_statement(position);
    failure_is_recorded = false;
    const int before = running_statement();
    set_running_statement(position);
    volatile int sqlstate = 0;
    ErrorContextCallback watch;
    watch_errors(watch, position);
    PG_TRY();
    {
        go_on();
    }
    PG_CATCH();
    {
        sqlstate = geterrcode();
        record_denied(query, position, sqlstate);
        failure_is_recorded = statement_at(position)->is_recorded;
        describe_failed(query);
        close_statement(position, failure_outcome(sqlstate), sqlstate);
        set_running_statement(before);
        PG_RE_THROW();
    }
    PG_END_TRY();
    unwatch_errors(watch);
    set_running_statement(before);
}

// Around a call of the executor for a statement that is open: it runs meanwhile, and its error is its own.
template <class F> void watched(QueryDesc *query, F &&f)
{
    const int position = session.stage == nullptr ? -1 : find_statement(query);
    if (position < 0)
        return f();
    const int before = running_statement();
    set_running_statement(position);
    ErrorContextCallback watch;
    watch_errors(watch, position);
    PG_TRY();
    {
        f();
    }
    PG_CATCH();
    {
        const int sqlstate = geterrcode();
        describe_failed(query);
        // By key again: what was open above it may have gone.
        const int still = find_statement(query);
        if (still >= 0)
        {
            failure_is_recorded = failure_is_recorded || statement_at(still)->is_recorded;
            close_statement(still, failure_outcome(sqlstate), sqlstate);
        }
        set_running_statement(before);
        PG_RE_THROW();
    }
    PG_END_TRY();
    unwatch_errors(watch);
    set_running_statement(before);
}

void run(QUIVER_RUN_PARAMETERS)
{
    watched(query, [&] {
        if (next_run != nullptr)
            next_run(QUIVER_RUN_ARGUMENTS);
        else
            standard_ExecutorRun(QUIVER_RUN_ARGUMENTS);
    });
    const int position = session.stage == nullptr ? -1 : find_statement(query);
    if (position >= 0)
        statement_at(position)->rows += query->estate->es_processed;
}

void finish(QueryDesc *query)
{
    watched(query, [query] {
        if (next_finish != nullptr)
            next_finish(query);
        else
            standard_ExecutorFinish(query);
    });
}

void end(QueryDesc *query)
{
    int position = session.stage == nullptr ? -1 : find_statement(query);
    if (position >= 0)
        add_routed(query, position);
    if (next_end != nullptr)
        next_end(query);
    else
        standard_ExecutorEnd(query);
    position = session.stage == nullptr ? -1 : find_statement(query);
    if (position >= 0)
        close_statement(position, Outcome::done, 0);
}

}  // namespace

void install_executor_hooks()
{
    next_start = ExecutorStart_hook;
    ExecutorStart_hook = start;
    next_run = ExecutorRun_hook;
    ExecutorRun_hook = run;
    next_finish = ExecutorFinish_hook;
    ExecutorFinish_hook = finish;
    next_end = ExecutorEnd_hook;
    ExecutorEnd_hook = end;
}

}  // namespace quiver::audit
