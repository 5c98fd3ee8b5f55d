// The bytes of a variable-length argument, copied only if they do not lie whole in the row.
//
// A value with the one-byte header that heap tuples use up to 126 bytes is read in place, so the
// bytes have no alignment. A compressed or out-of-line value is fetched into the current memory
// context. Callers that run in a per-tuple context let that context free the copy; comparison and
// hash functions, which sorts and index builds call in long-lived contexts, call release().
#pragma once

#include "pg/compat.hpp"

#include <cstddef>

namespace quiver::pg {

class Varlena
{
  public:
    explicit Varlena(Datum datum)
    {
        auto *value = reinterpret_cast<varlena *>(DatumGetPointer(datum));
        if (VARATT_IS_EXTERNAL(value) || VARATT_IS_COMPRESSED(value)) [[unlikely]]
        {
            value = detoast_attr(value);
            copy_ = value;
        }
        bytes_ = VARDATA_ANY(value);
        size_ = VARSIZE_ANY_EXHDR(value);
    }

    // After the length word; unaligned.
    const char *bytes() const
    {
        return bytes_;
    }
    std::size_t size() const
    {
        return size_;
    }

    void release()
    {
        if (copy_ != nullptr) [[unlikely]]
            pfree(copy_);
        copy_ = nullptr;
    }

  private:
    const char *bytes_;
    std::size_t size_;
    varlena *copy_ = nullptr;
};

// Whether the datum is an aligned value with a four-byte header, which may be changed in place
// if its memory is the caller's.
inline bool is_plain(Datum datum)
{
    return !VARATT_IS_EXTENDED(reinterpret_cast<varlena *>(DatumGetPointer(datum)));
}

// Whether the datum is a pointer to a value in a TOAST table.
inline bool is_out_of_line(Datum datum)
{
    return VARATT_IS_EXTERNAL_ONDISK(reinterpret_cast<varlena *>(DatumGetPointer(datum)));
}

}  // namespace quiver::pg
