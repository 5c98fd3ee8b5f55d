// The words for the codes of the audit trail.
#include "audit/format.hpp"
#include "audit/verify.hpp"

namespace quiver::audit {

const char *kind_name(EventKind kind)
{
    switch (kind)
    {
    case EventKind::statement:
        return "statement";
    case EventKind::utility:
        return "utility";
    case EventKind::function:
        return "function";
    case EventKind::object:
        return "object";
    case EventKind::login:
        return "login";
    case EventKind::logout:
        return "logout";
    case EventKind::failure:
        return "failure";
    case EventKind::policy:
        return "policy";
    case EventKind::completion:
        return "completion";
    case EventKind::transaction:
        return "transaction";
    case EventKind::loss:
        return "loss";
    case EventKind::start:
        return "start";
    case EventKind::stop:
        return "stop";
    case EventKind::retention:
        return "retention";
    case EventKind::erasure:
        return "erasure";
    }
    return "unknown";
}

const char *class_name(EventClass klass)
{
    switch (klass)
    {
    case EventClass::none:
        return "none";
    case EventClass::read:
        return "read";
    case EventClass::write:
        return "write";
    case EventClass::function:
        return "function";
    case EventClass::role:
        return "role";
    case EventClass::ddl:
        return "ddl";
    case EventClass::misc:
        return "misc";
    case EventClass::misc_set:
        return "misc_set";
    case EventClass::login:
        return "login";
    case EventClass::failed:
        return "failed";
    case EventClass::policy:
        return "policy";
    }
    return "unknown";
}

const char *outcome_name(Outcome outcome)
{
    switch (outcome)
    {
    case Outcome::running:
        return "running";
    case Outcome::done:
        return "done";
    case Outcome::committed:
        return "committed";
    case Outcome::rolled_back:
        return "rolled back";
    case Outcome::failed:
        return "failed";
    case Outcome::denied:
        return "denied";
    case Outcome::prepared:
        return "prepared";
    case Outcome::crashed:
        return "crashed";
    }
    return "unknown";
}

const char *verb_name(Verb verb)
{
    switch (verb)
    {
    case Verb::none:
        return "";
    case Verb::select:
        return "SELECT";
    case Verb::insert:
        return "INSERT";
    case Verb::update:
        return "UPDATE";
    case Verb::delete_:
        return "DELETE";
    case Verb::truncate:
        return "TRUNCATE";
    case Verb::lock_rows:
        return "LOCK ROWS";
    case Verb::execute:
        return "EXECUTE";
    case Verb::create:
        return "CREATE";
    case Verb::alter:
        return "ALTER";
    case Verb::drop:
        return "DROP";
    case Verb::copy_to:
        return "COPY TO";
    case Verb::copy_from:
        return "COPY FROM";
    case Verb::lock_table:
        return "LOCK TABLE";
    case Verb::maintain:
        return "MAINTAIN";
    }
    return "unknown";
}

const char *severity_name(Severity severity)
{
    switch (severity)
    {
    case Severity::info:
        return "info";
    case Severity::warning:
        return "warning";
    case Severity::error:
        return "error";
    }
    return "unknown";
}

const char *problem_name(Problem problem)
{
    constexpr const char *names[] = {"summary",
                                     "altered",
                                     "missing",
                                     "reordered",
                                     "rewritten",
                                     "cut tail",
                                     "lost segment",
                                     "damaged",
                                     "clock back",
                                     "fork",
                                     "bad signature",
                                     "unsigned",
                                     "missing checkpoint",
                                     "not sealed",
                                     "lost events",
                                     "event gap",
                                     "crashed",
                                     "removed",
                                     "unreadable",
                                     "erased"};
    return names[static_cast<std::size_t>(problem)];
}

}  // namespace quiver::audit
