// Statement text without its literals: what is kept of a statement.
#pragma once

#include <cstddef>
#include <string_view>

namespace quiver::audit {

enum class TextCare
{
    statement,  // names are names
    setting,  // what follows = or TO is a value, also when it looks like a name
    unparsed,  // the server could not parse it: only key words are sure to be no secrets
};

struct NormalizedText
{
    std::size_t size;
    bool is_cut;
    bool is_sensitive;  // it has words that come with a password or a connection string
};

// Writes at most `room` bytes. Strings, numbers, bit strings and dollar-quoted bodies become $n, comments
// and runs of white space one space. `is_keyword` says whether a lower-case word is one of SQL's.
NormalizedText normalize_text(std::string_view source, TextCare care, char *to, std::size_t room,
                              bool (*is_keyword)(const char *word));

// The first word, upper case; for statements that could not be parsed.
std::string_view first_word(std::string_view source, char (&word)[32]);

}  // namespace quiver::audit
