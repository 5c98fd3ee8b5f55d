// The planner's hook: a statement that fails while it is planned never reaches the executor, and where its error is
// caught by an exception block not the server's log either.
#include "audit/statement.hpp"

#include "audit/relations.hpp"

namespace quiver::audit {
namespace {

constinit planner_hook_type next_planner = nullptr;

void record_failed(const char *command, const char *source, int location, int length, int sqlstate)
{
    begin_failure(command, sqlstate, GetCurrentSubTransactionId());
    if (source != nullptr)
        add_text(source, location, length, false);
    append_event();
    failure_is_recorded = true;
}

PlannedStmt *plan(Query *query, const char *source, int options, ParamListInfo parameters)
{
    const auto go_on = [&] {
        return next_planner != nullptr ? next_planner(query, source, options, parameters)
                                       : standard_planner(query, source, options, parameters);
    };
    if (!wants(EventClass::failed) || !audit_is_active() || is_excluded_user())
        return go_on();
    // The planner may scribble on the query.
    const char *command = command_name(query->commandType);
    const int location = query->stmt_location;
    const int length = query->stmt_len;
    PlannedStmt *volatile result = nullptr;
    failure_is_recorded = false;
    PG_TRY();
    {
        result = go_on();
    }
    PG_CATCH();
    {
        if (!failure_is_recorded)
            record_failed(command, source, location, length, geterrcode());
        PG_RE_THROW();
    }
    PG_END_TRY();
    return result;
}

}  // namespace

void install_planner_hook()
{
    next_planner = planner_hook;
    planner_hook = plan;
}

}  // namespace quiver::audit
