// The object access hook: touched objects and executed functions.
#include "audit/objects.hpp"

#include "audit/relations.hpp"
#include "audit/statement.hpp"

namespace quiver::audit {
namespace {

constinit object_access_hook_type next_access = nullptr;
constinit ObjectList current{};
// The function last recorded, so that one that stands in an expression twice is recorded once.
constinit Oid last_function = InvalidOid;
constinit std::uint64_t last_function_event = 0;

void describe(const ObjectAddress &address, char *&type, char *&name)
{
    char *described_name = nullptr;
    char *described_type = nullptr;
    pg::quietly([&] {
        described_name = getObjectIdentity(&address, true);
        if (described_name != nullptr)
            described_type = getObjectTypeDescription(&address, true);
    });
    name = described_type != nullptr ? described_name : nullptr;
    type = described_type;
}

TouchedObject *add(const ObjectAddress &address, Verb verb)
{
    for (int i = 0; i < current.count; ++i)
        if (current.objects[i].address.classId == address.classId &&
            current.objects[i].address.objectId == address.objectId &&
            current.objects[i].address.objectSubId == address.objectSubId)
            return nullptr;
    if (current.count == current.room)
    {
        const int room = current.room == 0 ? 8 : 2 * current.room;
        const Size size = sizeof(TouchedObject) * static_cast<Size>(room);
        // Not of the transaction: some commands end several on their way.
        if (current.memory == nullptr)
            current.memory = AllocSetContextCreate(TopMemoryContext, "quiver audit objects",
                                                   ALLOCSET_SMALL_SIZES);
        current.objects = static_cast<TouchedObject *>(
            current.objects == nullptr ? MemoryContextAlloc(current.memory, size)
                                       : repalloc(current.objects, size));
        current.room = room;
    }
    TouchedObject *object = &current.objects[current.count++];
    *object = {address, verb, nullptr, nullptr};
    return object;
}

// Columns' defaults, rewrite rules of views, constraints: parts that come with a named object.
bool is_part(Oid class_id)
{
    return class_id == AttrDefaultRelationId || class_id == RewriteRelationId ||
           class_id == ConstraintRelationId;
}

// A relation's row type and an array type come and go with what they are of.
bool is_implied_type(const ObjectAddress &address)
{
    return address.classId == TypeRelationId && (OidIsValid(get_typ_typrelid(address.objectId)) ||
                                                 OidIsValid(get_element_type(address.objectId)));
}

void touched(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void *argument)
{
    if (!current.is_wanted || creating_extension || current.count >= 4096 ||
        !pg::is_described_catalog(class_id))
        return;
    ObjectAddress address{class_id, object_id, sub_id};
    Verb verb = Verb::create;
    switch (access)
    {
    case OAT_POST_CREATE:
        if (argument != nullptr && static_cast<ObjectAccessPostCreate *>(argument)->is_internal)
            return;
        if (is_part(class_id) && current.count > 0)
            return;
        add(address, Verb::create);
        return;
    case OAT_DROP: {
        const auto *drop = static_cast<ObjectAccessDrop *>(argument);
        if (drop != nullptr && (drop->dropflags & PERFORM_DELETION_INTERNAL) != 0)
            return;
        if ((is_part(class_id) && current.count > 0) || is_implied_type(address))
            return;
        verb = Verb::drop;
        break;
    }
    case OAT_POST_ALTER:
        if (argument != nullptr && static_cast<ObjectAccessPostAlter *>(argument)->is_internal)
            return;
        if (is_implied_type(address))
            return;
        verb = Verb::alter;
        break;
    case OAT_TRUNCATE:
        verb = Verb::truncate;
        break;
    default:
        return;
    }
    TouchedObject *object = add(address, verb);
    // As it is before the change becomes visible: a dropped object's name, a renamed one's old name.
    if (object != nullptr)
    {
        MemoryContext caller = MemoryContextSwitchTo(current.memory);
        describe(address, object->type, object->name);
        MemoryContextSwitchTo(caller);
    }
}

void executed(Oid function)
{
    if (!wants(EventClass::function) || !audit_is_active() || is_excluded_user() ||
        InNoForceRLSOperation())
        return;
    const char *name;
    if (!is_audited_function(function, &name))
        return;
    const int running = running_statement();
    const std::uint64_t owner =
        running < 0 ? 0
                    : static_cast<std::uint64_t>(statement_at(running)->statement) << 32 |
                          statement_at(running)->substatement;
    if (last_function == function && last_function_event == owner && owner != 0)
        return;
    last_function = function;
    last_function_event = owner;
    begin_event(EventKind::function, EventClass::function, "EXECUTE");
    char bytes[sizeof(ActionHead) + 4 * NAMEDATALEN];
    const ActionHead head{Verb::execute, EventClass::function, 0, 0};
    std::memcpy(bytes, &head, sizeof head);
    const int size =
        snprintf(bytes + sizeof head, sizeof bytes - sizeof head, "function%c%s", 0, name);
    builder.field(Field::action, {bytes, sizeof head + static_cast<std::size_t>(size) + 1});
    if (running >= 0)
    {
        builder.head.statement = statement_at(running)->statement;
        builder.head.substatement = statement_at(running)->substatement;
    }
    builder.head.subtransaction = GetCurrentSubTransactionId();
    builder.head.outcome = Outcome::done;
    append_event();
}

void object_access(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void *argument)
{
    if (next_access != nullptr)
        next_access(access, class_id, object_id, sub_id, argument);
    if (session.stage == nullptr)
        return;
    if (access == OAT_FUNCTION_EXECUTE)
        executed(object_id);
    else if (access != OAT_NAMESPACE_SEARCH)
        touched(access, class_id, object_id, sub_id, argument);
}

// Objects that the server makes behind those of the user; some have numbers for names.
bool is_behind(std::string_view name)
{
    return name.starts_with("pg_toast") || name.starts_with("\"RI_ConstraintTrigger") ||
           name.starts_with("\"_RETURN\"");
}

void record_object(const TouchedObject &object, int position, char *type, char *name)
{
    const OpenStatement *statement = statement_at(position);
    begin_event(EventKind::object, current.klass, verb_name(object.verb));
    StringInfoData value;
    initStringInfo(&value);
    const ActionHead head{object.verb, current.klass, 0, 0};
    appendBinaryStringInfo(&value, reinterpret_cast<const char *>(&head), sizeof head);
    for (const char *text : {type, name})
        appendBinaryStringInfo(&value, text, static_cast<int>(std::strlen(text)) + 1);
    builder.field(Field::action, {value.data, static_cast<std::size_t>(value.len)});
    pfree(value.data);
    if (object.name != nullptr && std::strcmp(object.name, name) != 0)
        builder.field(Field::old_name, object.name);
    builder.head.statement = statement->statement;
    builder.head.substatement = statement->substatement;
    builder.head.subtransaction = statement->subtransaction;
    builder.head.outcome = Outcome::done;
    append_event();
}

}  // namespace

ObjectList begin_objects(bool wanted, EventClass klass)
{
    const ObjectList outer = current;
    current = {nullptr,
               nullptr,
               0,
               0,
               wanted && (klass == EventClass::ddl || klass == EventClass::role ||
                          klass == EventClass::write || klass == EventClass::function),
               klass};
    return outer;
}

void finish_objects(int position)
{
    if (!current.is_wanted || current.count == 0 || !IsTransactionState() ||
        session.stage == nullptr)
        return;
    // What the command has made becomes visible to the look-ups of its name.
    CommandCounterIncrement();
    current.is_wanted = false;
    for (int i = 0; i < current.count; ++i)
    {
        const TouchedObject &object = current.objects[i];
        if (object.verb == Verb::create && is_implied_type(object.address))
            continue;
        char *type = nullptr;
        char *name = nullptr;
        if (object.verb != Verb::drop)
            describe(object.address, type, name);
        if (name == nullptr)
        {
            type = object.type;
            name = object.name;
        }
        if (name != nullptr && !is_behind(name))
            record_object(object, position, type, name);
    }
    current.count = 0;
}

void abandon_objects(const ObjectList &outer)
{
    if (current.memory != nullptr)
        MemoryContextDelete(current.memory);
    current = outer;
}

void install_object_hooks()
{
    next_access = object_access_hook;
    object_access_hook = object_access;
}

}  // namespace quiver::audit
