// A growing array of plain values in a memory context: what the house uses instead of std::vector.
//
// The context frees it; nothing runs when it goes out of scope, so an error may skip it. The context
// is the current one when the first element is added, unless one is given.
#pragma once

#include "pg/compat.hpp"

#include <cstddef>
#include <type_traits>

namespace quiver::pg {

template <class T> class Array
{
    static_assert(std::is_trivially_copyable_v<T>);

public:
    Array() = default;
    explicit Array(MemoryContext context) : context_(context) {}

    T *data() { return data_; }
    const T *data() const { return data_; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T &operator[](std::size_t i) { return data_[i]; }
    const T &operator[](std::size_t i) const { return data_[i]; }
    T *begin() { return data_; }
    T *end() { return data_ + size_; }
    const T *begin() const { return data_; }
    const T *end() const { return data_ + size_; }
    T &front() { return data_[0]; }
    T &back() { return data_[size_ - 1]; }
    // Bytes taken from the context.
    std::size_t bytes() const { return room_ * sizeof(T); }

    void push_back(const T &value)
    {
        if (size_ == room_) [[unlikely]]
        {
            const T copy = value;  // it may lie in the array itself
            reserve(size_ + 1);
            data_[size_++] = copy;
            return;
        }
        data_[size_++] = value;
    }
    void pop_back() { --size_; }
    void clear() { size_ = 0; }
    // New elements are not set.
    void resize(std::size_t size)
    {
        reserve(size);
        size_ = size;
    }
    void reserve(std::size_t wanted)
    {
        if (wanted <= room_)
            return;
        std::size_t room = room_ < 16 ? 16 : room_ * 2;
        if (room < wanted)
            room = wanted;
        if (room > MaxAllocHugeSize / sizeof(T)) [[unlikely]]
            ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("an array of %zu elements is too large", room));
        if (data_ == nullptr)
            data_ = static_cast<T *>(MemoryContextAllocHuge(
                context_ != nullptr ? context_ : CurrentMemoryContext, room * sizeof(T)));
        else
            data_ = static_cast<T *>(repalloc_huge(data_, room * sizeof(T)));
        room_ = room;
    }

private:
    MemoryContext context_ = nullptr;
    T *data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t room_ = 0;
};

}  // namespace quiver::pg
