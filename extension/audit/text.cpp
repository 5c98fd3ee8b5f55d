// The lexer behind normalised text. It follows PostgreSQL's own rules for literals, names and comments;
// where a text ends inside a literal, the literal ends there.
#include "audit/text.hpp"

#include "audit/format.hpp"

#include <cstring>

namespace quiver::audit {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (static_cast<unsigned char>(c) & 0x80) != 0;
}
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '$'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr std::string_view sensitive_words[] = {
    "password",         "connection",     "options",      "encrypted",        "conninfo",
    "primary_conninfo", "dblink_connect", "dblink",       "dblink_connect_u", "dblink_exec",
    "passphrase",       "secret",         "user_mapping", "mapping"};

class Normalizer
{
public:
    Normalizer(std::string_view source, TextCare care, char *to, std::size_t room,
               bool (*is_keyword)(const char *))
        : source_(source),
          care_(care),
          to_(to),
          room_(room),
          is_keyword_(is_keyword)
    {
    }

    NormalizedText run()
    {
        while (at_ < source_.size() && !is_cut_)
            token();
        while (size_ > 0 && (to_[size_ - 1] == ' ' || to_[size_ - 1] == ';'))
            --size_;
        return {size_, is_cut_, is_sensitive_};
    }

private:
    char peek(std::size_t ahead = 0) const
    {
        return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
    }

    void put(char c)
    {
        if (size_ < room_)
            to_[size_++] = c;
        else
            is_cut_ = true;
    }

    void put(std::string_view text)
    {
        if (space_ && size_ > 0)
            put(' ');
        space_ = false;
        for (const char c : text)
            put(c);
    }

    void put_constant()
    {
        // Adjacent literals are one: 'a' \n 'b'.
        if (last_was_constant_ && space_)
        {
            space_ = false;
            return;
        }
        char number[16];
        std::size_t digits = 0;
        for (unsigned value = ++constants_; value != 0; value /= 10)
            number[digits++] = static_cast<char>('0' + value % 10);
        put("$");
        while (digits > 0)
            put(number[--digits]);
        last_was_constant_ = true;
    }

    void token()
    {
        const char c = peek();
        if (is_space(c))
        {
            ++at_;
            space_ = true;
            return;
        }
        if ((c == '-' && peek(1) == '-') || (c == '/' && peek(1) == '*'))
            return comment();
        if (c == '\'')
        {
            quoted('\'', false);
            return put_constant();
        }
        if (c == '"')
            return quoted_name();
        if (is_digit(c) || (c == '.' && is_digit(peek(1))))
            return number();
        if (c == '$' && dollar_quoted())
            return put_constant();
        if (c == '$' && is_digit(peek(1)))
            return parameter();
        if (is_letter(c))
            return word();
        if (c == '=' && care_ == TextCare::setting)
            value_follows_ = true;
        last_was_constant_ = false;
        put(slice(source_, at_++, 1));
    }

    void comment()
    {
        if (peek() == '-')
        {
            while (at_ < source_.size() && peek() != '\n')
                ++at_;
        }
        else
        {
            int depth = 0;
            do
            {
                if (peek() == '/' && peek(1) == '*')
                {
                    ++depth;
                    at_ += 2;
                }
                else if (peek() == '*' && peek(1) == '/')
                {
                    --depth;
                    at_ += 2;
                }
                else
                    ++at_;
            } while (depth > 0 && at_ < source_.size());
        }
        space_ = true;
    }

    // Moves behind the closing quote; a doubled one is inside, with escapes also one behind a backslash.
    void quoted(char quote, bool escapes)
    {
        ++at_;
        while (at_ < source_.size())
        {
            const char c = source_[at_++];
            if (c == '\\' && escapes)
                ++at_;
            else if (c == quote)
            {
                if (peek() != quote)
                    return;
                ++at_;
            }
        }
        at_ = source_.size();
    }

    void quoted_name()
    {
        const std::size_t begin = at_;
        quoted('"', false);
        if (care_ == TextCare::unparsed || value_follows_)
            return put_constant();
        last_was_constant_ = false;
        put(slice(source_, begin, at_ - begin));
    }

    void number()
    {
        // 1.5e-3, 0x1f, 1_000: a sign belongs to it only behind an exponent's e.
        while (is_word(peek()) || peek() == '.' ||
               ((peek() == '+' || peek() == '-') && lower(source_[at_ - 1]) == 'e' &&
                is_digit(peek(1))))
        {
            if (peek() == '.' && peek(1) == '.')
                break;
            ++at_;
        }
        put_constant();
    }

    void parameter()
    {
        const std::size_t begin = at_++;
        while (is_digit(peek()))
            ++at_;
        // $1 of a prepared statement stays apart from the constants that get numbers here.
        last_was_constant_ = false;
        put("$p");
        put(slice(source_, begin + 1, at_ - begin - 1));
    }

    bool dollar_quoted()
    {
        std::size_t end = at_ + 1;
        if (end < source_.size() && is_digit(source_[end]))
            return false;
        while (end < source_.size() && is_word(source_[end]) && source_[end] != '$')
            ++end;
        if (end >= source_.size() || source_[end] != '$')
            return false;
        const std::string_view tag = slice(source_, at_, end + 1 - at_);
        const std::size_t close = source_.find(tag, end + 1);
        at_ = close == std::string_view::npos ? source_.size() : close + tag.size();
        return true;
    }

    void word()
    {
        const std::size_t begin = at_;
        while (is_word(peek()))
            ++at_;
        const std::string_view text = slice(source_, begin, at_ - begin);
        // Prefixes of literals: E'', B'', X'', N'', U&''; and U&"" names.
        if (peek() == '\'' && text.size() == 1 && std::strchr("eEbBxXnN", text[0]) != nullptr)
        {
            quoted('\'', lower(text[0]) == 'e');
            return put_constant();
        }
        if (peek() == '&' && text.size() == 1 && lower(text[0]) == 'u' &&
            (peek(1) == '\'' || peek(1) == '"'))
        {
            ++at_;
            if (peek() == '"')
                return quoted_name();
            quoted('\'', false);
            return put_constant();
        }
        char folded[64];
        const bool fits = text.size() < sizeof folded;
        for (std::size_t i = 0; fits && i <= text.size(); ++i)
            folded[i] = i < text.size() ? lower(text[i]) : '\0';
        const std::string_view folded_text = fits ? std::string_view{folded} : text;
        for (const std::string_view sensitive : sensitive_words)
            is_sensitive_ |= folded_text == sensitive;
        const bool ask = care_ == TextCare::unparsed || value_follows_;
        const bool keyword = ask && fits && is_keyword_(folded);
        if (value_follows_ && !(keyword && (folded_text == "default" || folded_text == "current")))
            return put_constant();
        if (care_ == TextCare::unparsed && !keyword)
            return put_constant();
        if (care_ == TextCare::setting && folded_text == "to")
            value_follows_ = true;
        last_was_constant_ = false;
        put(text);
    }

    std::string_view source_;
    TextCare care_;
    char *to_;
    std::size_t room_;
    bool (*is_keyword_)(const char *);
    std::size_t at_ = 0;
    std::size_t size_ = 0;
    unsigned constants_ = 0;
    bool space_ = false;
    bool last_was_constant_ = false;
    bool value_follows_ = false;
    bool is_cut_ = false;
    bool is_sensitive_ = false;
};

}  // namespace

NormalizedText normalize_text(std::string_view source, TextCare care, char *to, std::size_t room,
                              bool (*is_keyword)(const char *word))
{
    return Normalizer{source, care, to, room, is_keyword}.run();
}

std::string_view first_word(std::string_view source, char (&word)[32])
{
    std::size_t at = 0;
    while (at < source.size() && !is_letter(source[at]))
        ++at;
    std::size_t size = 0;
    while (at < source.size() && is_letter(source[at]) && size < sizeof word - 1)
    {
        const char c = lower(source[at++]);
        word[size++] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    word[size] = '\0';
    return {word, size};
}

}  // namespace quiver::audit
