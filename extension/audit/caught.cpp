// Errors that an exception block catches. Neither the server's log nor the client hears of them, and where a statement
// could not even be analysed no statement's event has them. While a statement runs, a callback of the error context notes
// each error that is thrown inside a subtransaction; when the subtransaction is rolled back, what is noted and
// was not recorded meanwhile becomes an event.
#include "audit/caught.hpp"

#include "audit/relations.hpp"
#include "audit/statement.hpp"

namespace quiver::audit {
namespace {

struct CaughtError
{
    bool is_set;
    bool has_source;
    bool is_cut;
    int sqlstate;
    Oid user;
    std::size_t text_size;
    char command[32];
    char text[most_text];
};
constinit CaughtError caught{};

void note_source(std::string_view source, TextCare care)
{
    (void) first_word(source, caught.command);
    caught.has_source = true;
    const NormalizedText text =
        normalize_text(source, care, caught.text, sizeof caught.text, is_keyword);
    caught.text_size = text.size;
    caught.is_cut = text.is_cut;
}

// What is thrown for want of memory or stack is noted without a look at it.
bool is_of_resources(int sqlstate)
{
    return ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_INSUFFICIENT_RESOURCES ||
           sqlstate == ERRCODE_STATEMENT_TOO_COMPLEX;
}

void note_copy(const ErrorData *error)
{
    caught.is_set = error->elevel == ERROR;
    // The server names the text where it points into it: then the statement could not be analysed.
    if (caught.is_set && error->internalquery != nullptr)
        note_source(error->internalquery, failure_care(error->sqlerrcode));
}

// Called for every message, the innermost running statement's first.
void note_error(void *argument)
{
    const int position = static_cast<int>(reinterpret_cast<std::intptr_t>(argument));
    const int sqlstate = geterrcode();
    if (sqlstate == ERRCODE_SUCCESSFUL_COMPLETION || position != running_statement() ||
        GetCurrentTransactionNestLevel() < 2 || !wants(EventClass::failed))
        return;
    int security_context;
    caught.has_source = false;
    caught.sqlstate = sqlstate;
    GetUserIdAndSecContext(&caught.user, &security_context);
    if (is_of_resources(sqlstate))
    {
        caught.is_set = true;
        return;
    }
    MemoryContext copies =
        AllocSetContextCreate(TopMemoryContext, "quiver audit error", ALLOCSET_SMALL_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(copies);
    note_copy(CopyErrorData());
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(copies);
    if (caught.is_set)
        failure_is_recorded = false;
}

void add_user()
{
    if (!OidIsValid(caught.user) || caught.user == GetSessionUserId())
        return;
    // A subtransaction that is being rolled back may not read catalogs.
    const char *name = known_role_name(caught.user);
    char number[32];
    snprintf(number, sizeof number, "role %u", caught.user);
    builder.field(Field::current_user, name != nullptr ? name : number);
}

}  // namespace

TextCare failure_care(int sqlstate)
{
    return sqlstate == ERRCODE_SYNTAX_ERROR || sqlstate == ERRCODE_UNDEFINED_COLUMN ||
                   ERRCODE_TO_CATEGORY(sqlstate) != ERRCODE_TO_CATEGORY(ERRCODE_SYNTAX_ERROR)
               ? TextCare::unparsed
               : TextCare::statement;
}

void watch_errors(ErrorContextCallback &callback, int position)
{
    callback.callback = note_error;
    callback.arg = reinterpret_cast<void *>(static_cast<std::intptr_t>(position));
    callback.previous = error_context_stack;
    error_context_stack = &callback;
}

void unwatch_errors(const ErrorContextCallback &callback)
{
    error_context_stack = callback.previous;
}

void describe_caught(const char *source, int location, int length)
{
    if (caught.is_set && !caught.has_source && source != nullptr)
        note_source(statement_text(source, location, length), TextCare::statement);
}

void forget_caught() { caught.is_set = false; }

void record_caught(SubTransactionId subtransaction)
{
    if (!caught.is_set)
        return;
    caught.is_set = false;
    begin_failure(caught.has_source ? std::string_view{caught.command} : "UNKNOWN", caught.sqlstate,
                  subtransaction);
    add_user();
    if (running_statement() >= 0)
    {
        builder.head.statement = statement_at(running_statement())->statement;
        builder.head.substatement = statement_at(running_statement())->substatement;
    }
    if (caught.has_source)
        add_normalized({caught.text, caught.text_size}, caught.is_cut);
    append_event();
}

}  // namespace quiver::audit
