// Objects that a utility command creates, alters, drops or truncates, shared ones too: found by the object
// access hook, so no event trigger is needed and none can be switched off.
#pragma once

#include "audit/settings.hpp"

namespace quiver::audit {

struct TouchedObject
{
    ObjectAddress address;
    Verb verb;
    char *type;  // as it was when it was touched; nullptr if it could not be seen then
    char *name;
};

// Of the command that runs; commands nest.
struct ObjectList
{
    MemoryContext memory;  // of the list and its names; made by the first object
    TouchedObject *objects;
    int count;
    int room;
    bool is_wanted;
    EventClass klass;
};

// Begins a list and returns the outer one, which abandon_objects() puts back.
ObjectList begin_objects(bool wanted, EventClass klass);
// Records the list as events of the statement at `position`. May raise the server's own errors only.
void finish_objects(int position);
void abandon_objects(const ObjectList &outer);

}  // namespace quiver::audit
