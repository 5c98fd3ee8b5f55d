// quiver.audit_events(): the log's events as rows, with completions and outcomes that were written later
// put where they belong. Two passes: the first finds those, the second gives rows.
#include "audit/sql.hpp"

#include "audit/payload.hpp"
#include "audit/reader.hpp"
#include "audit/render.hpp"
#include "audit/statement.hpp"

#include "pg/function.hpp"

#include <algorithm>

namespace quiver::audit {
namespace {

constexpr int columns = 31;

struct Late
{
    std::uint64_t session;
    EventHead head;
};

struct Reading
{
    Tuplestorestate *store;
    TupleDesc shape;
    std::int64_t since;
    std::int64_t until;
    Late *late;
    std::size_t late_count;
    std::size_t late_room;
    MemoryContext row_context;
};

constinit SegmentReader reader;

void release_reader(void *) { reader.close(); }

bool is_late(const EventHead &head)
{
    return head.kind == EventKind::completion || head.kind == EventKind::transaction;
}

void keep_late(Reading &reading, std::uint64_t session_id, const EventHead &head)
{
    if (reading.late_count == reading.late_room)
    {
        reading.late_room = reading.late_room == 0 ? 256 : 2 * reading.late_room;
        const Size size = reading.late_room * sizeof(Late);
        reading.late = static_cast<Late *>(reading.late == nullptr
                                               ? MemoryContextAllocHuge(CurrentMemoryContext, size)
                                               : repalloc_huge(reading.late, size));
    }
    reading.late[reading.late_count++] = {session_id, head};
}

bool before(const Late &a, const Late &b)
{
    return a.session != b.session ? a.session < b.session : a.head.number < b.head.number;
}

// What later events say of this one.
EventHead settled(const Reading &reading, std::uint64_t session_id, EventHead head)
{
    const Late from{session_id, head};
    const Late *late =
        std::upper_bound(reading.late, reading.late + reading.late_count, from, before);
    for (; late != reading.late + reading.late_count && late->session == session_id; ++late)
    {
        const EventHead &after = late->head;
        if (after.kind == EventKind::completion)
        {
            if (after.statement != head.statement || after.substatement != head.substatement ||
                head.outcome != Outcome::running)
                continue;
            head.outcome = after.outcome;
            head.duration = after.duration;
            head.rows = after.rows;
            std::memcpy(head.sqlstate, after.sqlstate, sizeof head.sqlstate);
            // The completion was in the transaction that goes on.
            if (head.outcome != Outcome::done)
                return head;
            head.transaction = after.transaction;
            continue;
        }
        if (after.transaction != head.transaction || after.subtransaction > head.subtransaction)
            continue;
        if (after.subtransaction != 0)
        {
            if (head.outcome == Outcome::done)
                head.outcome = Outcome::rolled_back;
            continue;
        }
        head.xid = after.xid;
        if (head.outcome == Outcome::done)
            head.outcome = after.outcome;
        return head;
    }
    return head;
}

class Row
{
public:
    void text(std::string_view value)
    {
        if (value.empty())
            return null();
        values_[at_] =
            PointerGetDatum(cstring_to_text_with_len(value.data(), static_cast<int>(value.size())));
        nulls_[at_++] = false;
    }
    void number(std::uint64_t value) { datum(Int64GetDatum(static_cast<int64>(value))); }
    void integer(std::uint32_t value) { datum(Int32GetDatum(static_cast<int32>(value))); }
    void datum(Datum value)
    {
        values_[at_] = value;
        nulls_[at_++] = false;
    }
    void null() { nulls_[at_++] = true; }
    void put(const Reading &reading)
    {
        Assert(at_ == columns);
        tuplestore_putvalues(reading.store, reading.shape, values_, nulls_);
    }

private:
    Datum values_[columns];
    bool nulls_[columns];
    int at_ = 0;
};

Datum column_array(std::string_view names)
{
    Datum elements[1600];
    int count = 0;
    each_name(names, [&](std::string_view name) {
        if (count < 1600)
            elements[count++] = PointerGetDatum(
                cstring_to_text_with_len(name.data(), static_cast<int>(name.size())));
    });
    return PointerGetDatum(construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT));
}

void put_row(const Reading &reading, const RecordHead &record, const Payload &payload,
             const EventView &event, const ActionView *action, std::uint32_t ordinal)
{
    const EventHead &head = event.head;
    char session_id[48];
    snprintf(session_id, sizeof session_id, "%lx.%lx",
             static_cast<unsigned long>(record.session >> 32),
             static_cast<unsigned long>(record.session & 0xffffffff));
    Row row;
    row.datum(TimestampTzGetDatum(head.start));
    row.text(record.session != 0 ? session_id : "");
    row.number(head.number);
    row.integer(ordinal);
    row.text(kind_name(head.kind));
    const EventClass klass =
        action != nullptr && head.kind == EventKind::statement ? action->head.klass : head.klass;
    row.text(class_name(klass));
    row.text(event.text(Field::command));
    row.text(action != nullptr ? verb_name(action->head.verb) : "");
    row.text(action != nullptr ? action->type : "");
    row.text(action != nullptr ? action->name : "");
    if (action != nullptr && !action->columns.empty())
        row.datum(column_array(action->columns));
    else
        row.null();
    row.text(action == nullptr                             ? ""
             : (action->head.flags & action_by_grant) != 0 ? "grant"
             : (action->head.flags & action_by_label) != 0 ? "label"
                                                           : "session");
    row.text(outcome_name(head.outcome));
    row.text({head.sqlstate, head.sqlstate[0] != '\0' ? sizeof head.sqlstate : 0});
    row.number(head.rows);
    row.number(head.duration);
    row.integer(head.statement);
    row.integer(head.substatement);
    row.integer(head.transaction);
    if (head.xid != 0)
        row.number(head.xid);
    else
        row.null();
    row.text(payload.session_text(Field::session_user));
    const std::string_view current = event.text(Field::current_user);
    row.text(current.empty() ? payload.session_text(Field::session_user) : current);
    row.text(payload.session_text(Field::database));
    row.text(payload.session_text(Field::client));
    row.text(payload.session_text(Field::application));
    row.text(event.text(Field::context));
    row.text(event.text(Field::text));
    const std::string_view sealed = event.text(Field::sealed);
    static char text[sealed_text_bytes];
    row.text(sealed.empty() ? event.text(Field::parameters)
                            : sealed_text({reinterpret_cast<const std::uint8_t *>(sealed.data()),
                                           sealed.size()},
                                          text));
    // A setting's name and value, a login's method, an old name, what the worker says.
    const std::string_view setting = event.text(Field::setting);
    const std::string_view old_name = event.text(Field::old_name);
    const std::string_view message = event.text(Field::message);
    if (!setting.empty())
        row.datum(PointerGetDatum(cstring_to_text(
            psprintf("%.*s = %.*s", static_cast<int>(setting.size()), setting.data(),
                     static_cast<int>(message.size()), message.data()))));
    else
        row.text(old_name.empty() ? message : old_name);
    row.integer(record.shard);
    row.number(record.sequence);
    row.put(reading);
}

void put_event(const Reading &reading, const RecordHead &record, const Payload &payload,
               EventView event)
{
    if (is_late(event.head) || event.head.start < reading.since ||
        event.head.start >= reading.until)
        return;
    event.head = settled(reading, record.session, event.head);
    MemoryContext caller = MemoryContextSwitchTo(reading.row_context);
    FieldCursor cursor{event.fields};
    std::uint32_t ordinal = 0;
    while (const auto field = cursor.next())
    {
        if (field->tag != Field::action)
            continue;
        const auto action = read_action(field->value);
        if (action)
            put_row(reading, record, payload, event, &*action, ++ordinal);
    }
    if (ordinal == 0)
        put_row(reading, record, payload, event, nullptr, 1);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(reading.row_context);
}

template <class F> void each_record(F &&f)
{
    SegmentRange range;
    if (!list_segments(audit_directory(), range))
        ereport(ERROR, errcode_for_file_access(),
                errmsg("could not read the audit directory \"%s\": %m", audit_directory()));
    static std::uint8_t buffer[max_record_bytes];
    for (std::uint64_t number = range.first; number != 0 && number <= range.last; ++number)
    {
        if (!reader.open(audit_directory(), number) || !reader.has_head())
            continue;
        RecordHead record;
        while (reader.next(record, buffer) == ReadResult::record)
        {
            CHECK_FOR_INTERRUPTS();
            if ((record.flags & record_erased) == 0)
                f(record, Bytes{buffer, record.payload});
        }
        reader.close();
    }
}

}  // namespace

QUIVER_FUNCTION(quiver_audit_events)
{
    require_audit();
    if (session.stage != nullptr)
        flush_stage();
    (void) wait_for_worker(false, 5000);
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    Reading reading{};
    reading.store = result->setResult;
    reading.shape = result->setDesc;
    reading.since = PG_ARGISNULL(0) ? DT_NOBEGIN : PG_GETARG_TIMESTAMPTZ(0);
    reading.until = PG_ARGISNULL(1) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(1);
    reading.row_context =
        AllocSetContextCreate(CurrentMemoryContext, "quiver audit rows", ALLOCSET_DEFAULT_SIZES);
    auto *callback = static_cast<MemoryContextCallback *>(palloc0(sizeof(MemoryContextCallback)));
    callback->func = release_reader;
    MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);

    each_record([&](const RecordHead &record, Bytes payload) {
        Payload view{payload};
        while (const auto event = view.next())
            if (is_late(event->head))
                keep_late(reading, record.session, event->head);
    });
    std::sort(reading.late, reading.late + reading.late_count, before);
    each_record([&](const RecordHead &record, Bytes payload) {
        Payload view{payload};
        while (const auto event = view.next())
            put_event(reading, record, view, *event);
    });
    return Datum{0};
}

}  // namespace quiver::audit
