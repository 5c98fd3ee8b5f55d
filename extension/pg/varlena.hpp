// The bytes of a variable-length argument, copied only if they do not lie whole in the row.
//
// A value with the one-byte header that heap tuples use up to 126 bytes is read in place, so the
// bytes have no alignment. A compressed or out-of-line value is fetched into the current memory
// context. Callers that run in a per-tuple context let that context free the copy; comparison and
// hash functions, which sorts and index builds call in long-lived contexts, call release().
#pragma once

#include "pg/compat.hpp"
#include "pg/toast.hpp"

#include <cstddef>
#include <cstdint>

namespace quiver::pg {

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

class Varlena
{
public:
    explicit Varlena(Datum datum)
    {
        auto *value = reinterpret_cast<varlena *>(DatumGetPointer(datum));
        if (VARATT_IS_EXTERNAL_ONDISK(value)) [[unlikely]]
            copy_ = value = fetch_out_of_line(value);
        else if (VARATT_IS_EXTERNAL(value) || VARATT_IS_COMPRESSED(value)) [[unlikely]]
            copy_ = value = detoast_attr(value);
        read(value);
    }

    // Of an out-of-line value, the first `size` bytes only.
    Varlena(Datum datum, std::size_t size) : Varlena(datum, size, is_out_of_line(datum)) {}

    // After the length word; unaligned.
    const char *bytes() const { return bytes_; }
    std::size_t size() const { return size_; }
    // Whether bytes beyond those asked for may have been left out.
    bool is_part() const { return is_part_; }

    void release()
    {
        if (copy_ != nullptr) [[unlikely]]
            pfree(copy_);
        copy_ = nullptr;
    }

private:
    Varlena(Datum datum, std::size_t size, bool part)
        : Varlena(part ? PointerGetDatum(
                             detoast_attr_slice(reinterpret_cast<varlena *>(DatumGetPointer(datum)),
                                                0, static_cast<std::int32_t>(size)))
                       : datum)
    {
        is_part_ = part;
    }

    void read(varlena *value)
    {
        bytes_ = VARDATA_ANY(value);
        size_ = VARSIZE_ANY_EXHDR(value);
    }

    const char *bytes_;
    std::size_t size_;
    varlena *copy_ = nullptr;
    bool is_part_ = false;
};

}  // namespace quiver::pg
