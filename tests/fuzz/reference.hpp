// The text forms read once more, plainly and with the C library, to judge what an input function
// accepts and which value it makes of it.
#pragma once

#include "value_types.hpp"

#include <map>
#include <vector>

namespace quiver::fuzz {

// Position in a text; each step says whether it could be taken.
struct TextReader
{
    const char *at;

    void space();
    bool mark(char wanted);  // with white space around it
    bool end();
    bool whole(long &value);  // strtol
    bool real(float &value);  // strtof; not NaN, not infinite, no overflow
};

// "[1,2,3]"; false if the text is refused. Element takes one number from the reader.
template <class Element> bool read_dense(const char *text, std::vector<float> &x, Element element)
{
    TextReader reader{text};
    if (!reader.mark('[') || reader.mark(']'))
        return false;
    do
    {
        float value = 0;
        if (!element(reader, value) || x.size() == most_dims)
            return false;
        x.push_back(value);
    } while (reader.mark(','));
    return reader.mark(']') && reader.end();
}

// "{index:value,...}/dim", indices from 1.
struct SparseText
{
    long dim;
    std::map<long, float> x;
};
bool read_sparse(const char *text, SparseText &sparse);

// `value` rounded to half precision, ties to even; infinite from 65520 on.
float rounded_to_half(float value);

// Whether `text` is in the type's language, and if so whether `value` is what it says.
template <class Type> bool accepts(const char *text);
template <class Type> bool says(const char *text, const void *value);

}  // namespace quiver::fuzz
