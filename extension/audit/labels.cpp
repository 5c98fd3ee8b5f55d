// The label provider: 'audit=none', 'audit=read,write' on relations, 'redact' on columns; parts are
// separated by semicolons, and key=value parts of other areas are let through.
#include "audit/labels.hpp"

#include "audit/area.hpp"
#include "pg/catalog_scan.hpp"

#include <string_view>

namespace quiver::audit {

constinit bool labels_were_set = false;

namespace {

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ')
        text.remove_suffix(1);
    return text;
}

std::string_view take(std::string_view &rest, char separator)
{
    const std::size_t end = rest.find(separator);
    const std::string_view part = trimmed(slice(rest, 0, end));
    rest = end == std::string_view::npos ? std::string_view{} : slice(rest, end + 1);
    return part;
}

constexpr AclMode write_verbs = ACL_INSERT | ACL_UPDATE | ACL_DELETE | ACL_TRUNCATE;

// False at a word that is none.
bool read_verbs(std::string_view list, RelationLabels &labels)
{
    while (!list.empty())
    {
        const std::string_view word = take(list, ',');
        if (word == "none")
            labels.is_excluded = true;
        else if (word == "read")
            labels.verbs |= ACL_SELECT;
        else if (word == "write")
            labels.verbs |= write_verbs;
        else if (word == "all")
            labels.verbs |= ACL_SELECT | write_verbs;
        else
            return false;
    }
    return true;
}

bool is_key(std::string_view text)
{
    for (const char c : text)
        if (!((c >= 'a' && c <= 'z') || c == '_' || c == '.'))
            return false;
    return !text.empty();
}

bool read_label(std::string_view label, bool is_column, RelationLabels &labels)
{
    while (!label.empty())
    {
        std::string_view part = take(label, ';');
        const std::size_t equals = part.find('=');
        if (equals == std::string_view::npos)
        {
            if (part == "redact" && is_column)
                labels.has_redacted = true;
            else if (!part.empty())
                return false;
            continue;
        }
        const std::string_view key = take(part, '=');
        if (key == "audit" ? is_column || !read_verbs(part, labels) : !is_key(key))
            return false;
    }
    return true;
}

void relabel(const ObjectAddress *object, const char *label)
{
    RelationLabels labels{};
    const bool is_relation = object->classId == RelationRelationId;
    if (label != nullptr && !read_label(label, !is_relation || object->objectSubId != 0, labels))
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("\"%s\" is not a label of quiver", label),
                errdetail(
                    "A label has parts separated by semicolons: audit=none, or audit= with a list "
                    "of read, write and all, on relations; redact on columns; key=value."));
    labels_were_set = true;
    ++policy_generation;
}

}  // namespace

RelationLabels read_labels(Oid relation)
{
    RelationLabels labels{};
    pg::each_label(relation, "quiver", [&labels](int column, const char *label) {
        (void) read_label(label, column != 0, labels);
    });
    return labels;
}

void register_labels() { register_label_provider("quiver", relabel); }

}  // namespace quiver::audit
